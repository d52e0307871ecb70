"""What is a feed, what is not, and why; what an entry states."""

import pickle

import pytest

from schemas.reasons import Reason
from services.ingest.parse import MAX_ENTRIES, ParseError, parse_feed

BASE = "https://feeds.example/rss?token=secret"


def rss(items: str, prolog: str = '<?xml version="1.0"?>', channel: str = "<title>T</title>") -> bytes:
    return f'{prolog}<rss version="2.0"><channel>{channel}{items}</channel></rss>'.encode()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", Reason.BODY_EMPTY),
        (b" \n\x00", Reason.BODY_EMPTY),
        (b"<!DOCTYPE html><html><head><title>Down</title></head></html>", Reason.BODY_IS_HTML),
        (b"<html xmlns='http://www.w3.org/1999/xhtml'><body/></html>", Reason.BODY_IS_HTML),
        (b"Oops <body>error</body>", Reason.BODY_IS_HTML),
        (b"not a feed", Reason.NOT_A_FEED),
        (b'{"version": "https://jsonfeed.org/version/1.1"}', Reason.MALFORMED),
        (b'{"error": "no such feed"}', Reason.NOT_A_FEED),
        (b"<sitemapindex/>", Reason.NOT_A_FEED),
        (b"\x89PNG\r\n\x1a\n\x00\xff\xfe", Reason.NOT_A_FEED),
        (b"file:///etc/passwd", Reason.NOT_A_FEED),
        (b"/etc/passwd", Reason.NOT_A_FEED),
        (b'<rss version="2.0"><channel><title>cut', Reason.MALFORMED),
        (b'<!DOCTYPE rss [<!ENTITY a "b">]><rss version="2.0"><channel/></rss>', Reason.MALFORMED),
        (b'<?xml version="1.0"?><!-- <x> --><!DOCTYPE r [ <!entity % a "b"> ]><rss/>', Reason.MALFORMED),
        (b"\xff\xfe" + '<!DOCTYPE r [<!ENTITY a "b">]><rss/>'.encode("utf-16-le"), Reason.MALFORMED),
    ],
)
def test_body_that_is_no_feed_is_refused_with_its_reason(body: bytes, reason: Reason) -> None:
    with pytest.raises(ParseError) as caught:
        parse_feed(body, {"content-type": "application/rss+xml"}, BASE)
    assert caught.value.reason is reason
    assert pickle.loads(pickle.dumps(caught.value)).reason is reason


def test_entity_in_an_article_is_no_declaration() -> None:
    item = "<item><title><![CDATA[How <!ENTITY works]]></title></item>"
    doctype = '<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//N//DTD RSS 0.91//EN" "http://dtd.example/rss.dtd">'
    entry = parse_feed(rss(item, prolog=doctype), {}, BASE).entries[0]
    assert entry.title is not None
    assert entry.title.value == "How <!ENTITY works"


def test_feed_without_entries_is_a_feed() -> None:
    parsed = parse_feed(rss(""), {}, BASE)
    assert (parsed.entries, parsed.info.problem) == ((), None)


def test_entries_beyond_the_limit_are_left_out_and_said() -> None:
    parsed = parse_feed(rss("<item><title>x</title></item>" * (MAX_ENTRIES + 1)), {}, BASE)
    assert parsed.truncated
    assert len(parsed.entries) == MAX_ENTRIES


def test_guid_is_never_resolved() -> None:
    entry = parse_feed(rss("<item><guid>42</guid><link>/a</link></item>"), {}, BASE).entries[0]
    assert entry.guid == "42"
    assert entry.links[0].href == "https://feeds.example/a"


def test_address_of_the_feed_does_not_leak_into_entries() -> None:
    item = "<item><title>x</title><link></link><description>y</description><enclosure url='?p=1'/></item>"
    parsed = parse_feed(rss(item), {}, "https://user:pw@feeds.example/rss?token=secret")
    stated = parsed.entries[0].to_json()
    assert b"secret" not in stated
    assert b"pw" not in stated


def test_caption_of_a_picture_is_no_summary() -> None:
    media = "<media:content url='/a.jpg'><media:description>Caption</media:description></media:content>"
    item = f"<item xmlns:media='http://search.yahoo.com/mrss/'><title>x</title>{media}</item>"
    assert parse_feed(rss(item), {}, BASE).entries[0].summary is None


def test_description_of_a_film_is_a_summary() -> None:
    media = "<media:group><media:content url='/a.mp4'/><media:description>Plot</media:description></media:group>"
    item = f"<item xmlns:media='http://search.yahoo.com/mrss/'><title>x</title>{media}</item>"
    summary = parse_feed(rss(item), {}, BASE).entries[0].summary
    assert summary is not None
    assert (summary.value, summary.media_type) == ("Plot", "text/plain")


@pytest.mark.parametrize("reference", ["&#0;", "&#xD800;", "&#99999999;", "&#x110000;", "&#;"])
def test_reference_to_no_character_is_dropped(reference: str) -> None:
    entry = parse_feed(rss(f"<item><title>a{reference}b & c</title></item>"), {}, BASE).entries[0]
    assert entry.title is not None
    assert entry.title.value == "ab & c"


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ("jane@paper.online (Jane Doe)", "Jane Doe"),
        ("Jane Doe &lt;jane@paper.online&gt;", "Jane Doe"),
        ("Jane Doe", "Jane Doe"),
        ("jane@paper.online", "jane@paper.online"),
    ],
)
def test_rss_author_is_a_name(author: str, name: str) -> None:
    entry = parse_feed(rss(f"<item><author>{author}</author></item>"), {}, BASE).entries[0]
    assert [person.name for person in entry.authors] == [name]


def test_editor_of_the_channel_is_no_author() -> None:
    channel = "<managingEditor>boss@paper.example (Boss)</managingEditor>"
    assert parse_feed(rss("<item><title>x</title></item>", channel=channel), {}, BASE).entries[0].authors == ()


@pytest.mark.parametrize(
    ("encoding", "content_type", "declared"),
    [
        ("utf-8", "text/xml", ""),
        ("utf-8", "text/xml; charset=iso-8859-1", ""),
        ("utf-8", "text/xml", "iso-8859-1"),
        ("iso-8859-1", "text/xml", "iso-8859-1"),
        ("iso-8859-1", "text/xml; charset=utf-8", "utf-8"),
        ("windows-1251", "text/xml; charset=windows-1251", ""),
        ("windows-1251", "text/xml", "windows-1251"),
        ("utf-16", "application/xml", "utf-16"),
        ("utf-16-be", "application/xml", ""),
        ("iso2022_jp", "text/xml; charset=iso-2022-jp", ""),
        ("shift_jis", "text/xml", "Shift_JIS"),
        ("utf-8-sig", "text/xml; charset=windows-1252", ""),
    ],
)
def test_encoding_is_found(encoding: str, content_type: str, declared: str) -> None:
    word = "Москва" if "1251" in encoding else "東京" if "jis" in encoding or "jp" in encoding else "Zürich"
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    text = f'{declaration}<rss version="2.0"><channel><item><title>{word}</title></item></channel></rss>'
    entry = parse_feed(text.encode(encoding), {"content-type": content_type}, BASE).entries[0]
    assert entry.title is not None
    assert entry.title.value == word


def test_utf7_does_not_smuggle_entities_in() -> None:
    body = b'<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE r [+ADwAIQ-ENTITY a "b"+AD4-]>'
    with pytest.raises(ParseError):
        parse_feed(body, {}, BASE)


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (b"<!doctype html><p>Welcome.</p>", Reason.BODY_IS_HTML),
        (b"<!doctype html><title>Sign in</title><p>Sign in to use this network.</p>", Reason.LOGIN_WALL),
        (b"<!doctype html><p>Are you a robot?</p>", Reason.BOT_CHALLENGE),
    ],
)
def test_a_page_that_says_it_is_html_in_its_doctype_alone_is_html(page: bytes, reason: Reason) -> None:
    with pytest.raises(ParseError) as raised:
        parse_feed(page, {}, "https://page.example/")
    assert raised.value.reason is reason
