"""Properties of reading: whatever comes in, only a ParseError or an encodable, bounded document comes out."""

import pickle
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.article import FeedRef, RawArticle
from schemas.contract import Contract
from schemas.entry import Entry, StatedCategory, StatedLink, StatedMedia, StatedPerson, StatedText
from schemas.feed import Feed
from schemas.topics import MAX_RECORD_BYTES
from services.ingest.article_index import ArticleIndex
from services.ingest.dates import read_date
from services.ingest.limits import MAX_ENTRY_BYTES, bounded_entry_json, cut_bytes, json_size
from services.ingest.match import match_document
from services.ingest.normalise import EntryError, FeedContext, normalise_entry
from services.ingest.parse import FeedInfo, ParseError, parse_feed
from services.ingest.read import Document, ReadEntry, read_document
from services.ingest.text import html_to_text, plain_text, plain_title

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
CONTEXT = FeedContext("f", "p.example", "https://p.example/feed")
FEED = Feed(feed_id="f", url="https://p.example/feed", home="p.example", synced_at=NOW)
FEEDS = sorted(Path(__file__).parent.parent.joinpath("golden").glob("*/feed.xml"))
SPLICES = (
    *(b"<", b">", b"&", b"&#xD800;", b"&#99999999;", b"&nbsp;", b"]]>", b"<![CDATA[", b"<!--", b"<!DOCTYPE x [", b"]>"),
    *(b"\x00", b"\xff", b"\xc3", b"<item>", b"</item>", b"<entry>", b"</channel>", b"xml:base='http://['", b"<svg>"),
    *(
        b"<media:content url='//['/>",
        b"<media:credit>x",
        b"<author>",
        b"</title>",
        b"<source>",
        b"<link>",
        b"<textInput>",
    ),
    *(b"<image>", b"<category>", b"<dcterms:valid>", b"<media:rating>x</media:rating>", b"<content type='base64'>"),
)


@given(st.binary(max_size=300), st.sampled_from(["", "text/xml", "text/html; charset=utf-7", "x; charset=bz2"]))
def test_any_bytes_are_a_feed_or_a_parse_error(body: bytes, content_type: str) -> None:
    for candidate in (body, b'<rss version="2.0"><channel><item><title>' + body):
        try:
            parse_feed(candidate, {"content-type": content_type}, CONTEXT.base_url)
        except ParseError as error:
            assert error.detail


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=100)
@given(
    st.sampled_from(FEEDS),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 60), st.sampled_from((b"", *SPLICES))), max_size=4),
)
def test_damaged_feed_is_a_feed_or_a_parse_error(path: Path, damages: list[tuple[int, int, bytes]]) -> None:
    body = path.read_bytes()
    for at, length, splice in damages:
        start = at % len(body)
        body = body[:start] + splice + body[start + length :]
    try:
        document = read_document(body, {}, CONTEXT.base_url, CONTEXT, NOW)
    except ParseError:
        return
    assert pickle.loads(pickle.dumps(document)) == document
    for entry in document.entries:
        Entry.model_validate_json(entry.entry_json)
        assert entry.draft.guid or entry.draft.url or entry.draft.content_key


NASTY = st.text(alphabet=st.sampled_from('a "\\\n\x00\x1f\x7f\u2028é例😀\ufffe<>&;#'), max_size=40)
BLOW_UP = st.sampled_from([1, 1, 1, 100, 40_000])
STRINGS = st.builds(lambda text, times: (text * times)[:600_000], NASTY, BLOW_UP)
TEXTS = st.builds(
    StatedText,
    value=STRINGS,
    media_type=st.sampled_from(["text/plain", "text/html", "x" * 200_000]),
    base=st.none() | STRINGS,
)
ENTRIES = st.builds(
    Entry,
    guid=st.none() | STRINGS,
    links=st.lists(
        st.builds(StatedLink, href=STRINGS.map(lambda text: f"https://p.example/{text}"), rel=st.just("alternate")),
        max_size=3,
    ).map(tuple),
    title=st.none() | TEXTS,
    summary=st.none() | TEXTS,
    contents=st.lists(TEXTS, max_size=3).map(tuple),
    published=st.none() | STRINGS,
    authors=st.lists(st.builds(StatedPerson, name=STRINGS), max_size=3).map(lambda many: tuple(many * 60)),
    categories=st.lists(st.builds(StatedCategory, term=STRINGS, scheme=st.none() | STRINGS), max_size=3).map(
        lambda many: tuple(many * 60)
    ),
    media=st.lists(
        st.builds(StatedMedia, url=STRINGS.map(lambda text: f"/{text}"), title=STRINGS, credit=STRINGS, medium=STRINGS),
        max_size=3,
    ).map(tuple),
    source=st.none() | st.builds(StatedLink, href=STRINGS, title=STRINGS),
    language=st.none() | STRINGS,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(ENTRIES)
def test_any_entry_is_refused_or_becomes_an_encodable_record_under_the_limit(entry: Entry) -> None:
    entry_json, _ = bounded_entry_json(entry)
    assert len(entry_json) <= MAX_ENTRY_BYTES
    Entry.model_validate_json(entry_json)
    try:
        draft = normalise_entry(entry, CONTEXT, NOW)
    except EntryError:
        return
    document = Document(FeedInfo(), (ReadEntry(draft, entry_json),))
    decision = match_document(ArticleIndex(), FEED, FeedRef(feed_id="f"), document, NOW, lambda _: None)
    (record,) = decision.records
    value = record.to_json(NOW)
    value.decode()
    assert len(value) <= MAX_RECORD_BYTES - 64 * 1024  # room for feed references, key and headers
    RawArticle.model_validate_json(value)


class Holder(Contract):
    text: str


@given(NASTY, st.integers(0, 80))
def test_json_size_is_what_pydantic_writes(text: str, limit: int) -> None:
    assert json_size(text) == len(Holder(text=text).to_json()) - len('{"text":""}')
    assert json_size(cut_bytes(text, limit)) <= limit


@given(st.text(), st.sampled_from(["text/plain", "text/html"]))
def test_texts_are_encodable_and_clean(value: str, media_type: str) -> None:
    for text in (plain_text(value, media_type), plain_title(value, media_type), html_to_text(f"<p>{value}</p><br>")):
        text.encode()
        assert "\x00" not in text
        assert text == text.strip()
        assert "\n\n\n" not in text


@given(st.text(max_size=60) | st.from_regex(r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{2,4} \d\d:\d\d:\d\d [+-]\d{4}"))
def test_any_date_is_an_instant_or_null(stated: str) -> None:
    moment, _ = read_date(stated, NOW)
    assert moment is None or moment.utcoffset() is not None
