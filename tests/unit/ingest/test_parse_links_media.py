"""Links and pictures as feeds really state them, read alike by lxml and by feedparser."""

from datetime import UTC, datetime

import pytest

from schemas.entry import Entry
from services.ingest.elements import read_elements
from services.ingest.fast_xml import read_fast
from services.ingest.normalise import Draft, FeedContext, normalise_entry
from services.ingest.stated import stated_entry

BASE = "https://paper.example/news/feed"
NAMESPACES = (
    'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:media="http://search.yahoo.com/mrss/" '
    'xmlns:atom="http://www.w3.org/2005/Atom"'
)
CHANNEL = "<title>T</title><image><url>/logo.png</url><title>T</title><link>https://paper.example/</link></image>"


def entry_of(item: str) -> Entry:
    """The entry of an RSS item, the same by both routes."""
    text = f'<rss version="2.0" {NAMESPACES}><channel>{CHANNEL}<item>{item}</item></channel></rss>'
    fast, tolerant = read_fast(text.encode(), BASE, None), read_elements(text, BASE, None)
    (entry,) = (stated_entry(element, (), None, BASE, is_atom=False) for element in tolerant.entries)
    if fast is not None:
        assert [stated_entry(element, (), None, BASE, is_atom=False) for element in fast.entries] == [entry]
    return entry


def draft_of(item: str) -> Draft:
    return normalise_entry(entry_of(item), FeedContext("f", "paper.example", BASE), datetime(2026, 3, 4, tzinfo=UTC))


@pytest.mark.parametrize(
    "picture",
    [
        "<image><url>/a.jpg</url></image>",
        "<image>\n <url>https://paper.example/a.jpg</url><width>5</width> </image>",
        "<image>https://paper.example/a.jpg</image>",
        '<image url="/a.jpg"/>',
        '<image href="/a.jpg">A caption</image>',
        "<image><url>/a.jpg</url><title>Of the image</title><link>/other</link></image>",
        '<itunes:image href="https://paper.example/a.jpg"/>',
        '<media:thumbnail url="/a.jpg"/>',
        '<media:content url="/a.jpg" medium="image"/><itunes:image href="/a.jpg"/>',
    ],
)
def test_picture_of_an_item_is_its_media(picture: str) -> None:
    draft = draft_of(f"<title>Ferry</title><link>/a</link>{picture}")
    assert [(media.url, media.medium) for media in draft.media] == [("https://paper.example/a.jpg", "image")]
    assert (draft.title, draft.url) == ("Ferry", "https://paper.example/a")


def test_enclosure_without_a_type_is_media() -> None:
    (media,) = draft_of('<title>T</title><enclosure url="/a.mp3"/>').media
    assert (media.url, media.media_type) == ("https://paper.example/a.mp3", None)


def test_caption_in_place_of_an_image_is_none() -> None:
    assert draft_of("<title>T</title><image>The old ferry</image>").media == ()


@pytest.mark.parametrize(
    ("stated", "url"),
    [
        ("<link>www.other.example/a</link>", "https://www.other.example/a"),
        ("<link>//other.example/a</link>", "https://other.example/a"),
        ('<atom:link href="//other.example/a"/>', "https://other.example/a"),
        ("<link>\n  https://paper.example/\n  2026/a\n</link>", "https://paper.example/2026/a"),
        ("<link>https://paper.example/a b.html</link>", "https://paper.example/a%20b.html"),
        ("<link>&lt;![CDATA[https://paper.example/a]]&gt;</link>", "https://paper.example/a"),
        ("<link>www.html</link>", "https://paper.example/news/www.html"),
        ('<guid isPermaLink="True">https://paper.example/a</guid>', "https://paper.example/a"),
        ('<guid isPermaLink="true">www.paper.example/a</guid>', "https://www.paper.example/a"),
        ("<guid>//paper.example/a</guid>", "https://paper.example/a"),
        ("<guid>www.paper.example-17</guid>", None),
        ('<guid isPermaLink="FALSE">https://paper.example/a</guid>', None),
    ],
)
def test_link_of_an_item(stated: str, url: str | None) -> None:
    assert draft_of(f"<title>T</title>{stated}").url == url
