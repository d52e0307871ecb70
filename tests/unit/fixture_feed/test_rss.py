"""The feed is read back with feedparser, the way a consumer reads it."""

import html
import re
from calendar import timegm
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import feedparser
import listparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.fixture_feed.feed import FixtureFeed
from services.fixture_feed.prose import printable
from services.fixture_feed.rss import FixtureEntry, render_opml, render_rss
from services.fixture_feed.seed import SeedError, parse_seed

START = datetime(2025, 4, 14, 9, 30, 0, 900_000, tzinfo=UTC)
TRICKY = [
    "]]>",
    "&",
    "&amp;",
    "&#60;",
    "<",
    "</p>",
    "<b>",
    "<script>",
    "<!--",
    "é",
    "😀",
    "\x07",
    "\x00",
    "\ud800",
    "a",
    " ",
]
# feedparser "repairs" what could be UTF-8 read as Latin-1, so such texts never come back as they went.
DOUBLE_CODED = re.compile("[\u00c2-\u00f4][\u00a0-\u00bf]")
TEXT = st.one_of(st.text(), st.lists(st.sampled_from(TRICKY)).map("".join)).filter(
    lambda text: printable(text) and not DOUBLE_CODED.search(printable(text))
)


def plain(detail: Any) -> str:
    """What a consumer shows for a text construct."""
    value: str = detail["value"]
    return html.unescape(value) if detail["type"] == "text/html" else value


def read(document: bytes) -> list[FixtureEntry]:
    parsed = feedparser.parse(document)
    assert not parsed.bozo
    assert parsed.version == "rss20"
    entries = []
    for entry in parsed.entries:
        assert "authors" not in entry
        paragraphs = re.findall(r"<p>(.*?)</p>", entry.content[0].value, re.DOTALL)
        updated = datetime.fromtimestamp(timegm(entry.updated_parsed), UTC) if "updated_parsed" in entry else None
        published = datetime.fromtimestamp(timegm(entry.published_parsed), UTC)
        assert plain(entry.summary_detail) == html.unescape(paragraphs[0])
        entries.append(
            FixtureEntry(
                guid=entry.id,
                link=entry.link,
                title=plain(entry.title_detail),
                paragraphs=tuple(map(html.unescape, paragraphs)),
                credit_url=entry.source.href if "source" in entry else None,
                published_at=published,
                updated_at=updated,
            )
        )
    return entries


USUAL = FixtureEntry(
    guid="a",
    link="https://seeds.example/articles/a",
    title="Rain",
    paragraphs=("Rain fell.", "It stopped."),
    credit_url="https://news.example/a?b=1&c=\"é'",
    published_at=START.replace(microsecond=0),
)


def test_feed_reads_back() -> None:
    updated = replace(USUAL, guid="b", credit_url=None, updated_at=START.replace(microsecond=0) + timedelta(minutes=1))
    document = render_rss("Fixture feed", START, [updated, USUAL])
    assert read(document) == [updated, USUAL]
    channel = feedparser.parse(document).feed
    assert (channel.title, channel.link, channel.language) == ("Fixture feed", "https://seeds.example/", "en")
    assert feedparser.parse(document).entries[1].source.title == "news.example"
    assert b"<lastBuildDate>Mon, 14 Apr 2025 09:30:00 GMT</lastBuildDate>" in document


def test_dates_are_in_universal_time() -> None:
    eastern = START.astimezone(timezone(timedelta(hours=-4)))
    document = render_rss("t", eastern, [replace(USUAL, published_at=eastern, updated_at=eastern + timedelta(hours=1))])
    assert document.count(b"Mon, 14 Apr 2025 09:30:00 GMT") == 2
    assert b"2025-04-14T10:30:00Z" in document


@pytest.mark.parametrize(
    "title",
    ["AT&T", "a < b", "a <b> c", "<b>c</b>", "&amp;", "Use &lt; in HTML", "<script>x</script>", "x ]]> y", "&#x41;"],
)
def test_titles_that_look_like_markup(title: str) -> None:
    assert read(render_rss("t", START, [replace(USUAL, title=title)]))[0].title == title


@given(title=TEXT, paragraphs=st.lists(TEXT, min_size=1, max_size=4), guid=TEXT)
def test_any_text_reads_back_without_what_xml_cannot_carry(title: str, paragraphs: list[str], guid: str) -> None:
    written = replace(USUAL, title=title, paragraphs=tuple(paragraphs), guid=guid)
    [found] = read(render_rss("t", START, [written]))
    assert found == replace(
        USUAL, title=printable(title), paragraphs=tuple(map(printable, paragraphs)), guid=printable(guid)
    )


@given(stem=TEXT, text=st.lists(TEXT, min_size=1, max_size=5).map("\n".join))
def test_any_seed_reads_back_as_it_was_parsed(stem: str, text: str) -> None:
    try:
        seed = parse_seed(stem, text)
    except SeedError:
        return
    feed = FixtureFeed([seed], started_at=START.replace(microsecond=0), count=2, revise=0.5, revise_after=60)
    assert read(feed.document(0, feed.settles_at)) == feed.entries(feed.settles_at)[::-1]


def test_subscription_list_reads_back() -> None:
    opml = render_opml("Feeds & more", [("A & B", "http://a.example/feed.xml?x=1&y=2")])
    parsed = listparser.parse(opml.decode())
    assert not parsed.bozo
    assert [(feed.title, feed.url) for feed in parsed.feeds] == [("A & B", "http://a.example/feed.xml?x=1&y=2")]
