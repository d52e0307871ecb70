"""The feeds that a page announces."""

import pytest

from services.ingest.discover import DiscoveredFeed, discover_feeds

BASE = "https://paper.example/news/"


def urls(html: str) -> list[str]:
    return [feed.url for feed in discover_feeds(html, BASE)]


def test_links_of_a_page_are_its_feeds() -> None:
    html = """<!doctype html><head>
      <link rel="alternate" type="application/rss+xml" title=" News &amp; more " href="/rss?utm_source=x">
      <LINK REL='home Alternate' TYPE='application/atom+xml; charset=utf-8' HREF='atom'>
      <link rel=alternate type=application/feed+json href=//feeds.example/f.json>
      <link rel="alternate" hreflang="de" href="/de/"><link rel="alternate" media="print" type="text/html" href="/p">
      <link rel="alternate stylesheet" type="application/rss+xml" href="/s"></head>"""
    assert discover_feeds(html, BASE) == (
        DiscoveredFeed("https://paper.example/rss?utm_source=x", "News & more", "rss"),
        DiscoveredFeed("https://paper.example/news/atom", None, "atom"),
        DiscoveredFeed("https://feeds.example/f.json", None, "json"),
    )


def test_base_of_the_page_counts() -> None:
    assert urls("<base href='https://cdn.example/x/'><link rel=alternate type=application/rss+xml href=feed>") == [
        "https://cdn.example/x/feed"
    ]


@pytest.mark.parametrize(
    "href", ["javascript:x", "feed:https://x.example/", "", "data:,x", "http://[", "mailto:a@b.example"]
)
def test_only_addresses_that_can_be_fetched_are_found(href: str) -> None:
    found = urls(f"<link rel=alternate type=application/rss+xml href='{href}'>")
    assert found in ([], [BASE])


def test_vague_type_needs_an_address_that_looks_like_a_feed() -> None:
    html = (
        "<link rel=alternate type=application/json href=/wp-json/pages/1>"
        "<link rel=alternate type=text/xml href=/feed.xml>"
    )
    assert urls(html) == ["https://paper.example/feed.xml"]


def test_feed_of_comments_comes_last_and_each_address_once() -> None:
    html = "".join(
        f"<link rel=alternate type=application/rss+xml href={href}>" for href in ("/comments/feed", "/feed", "/feed#x")
    )
    assert urls(html) == ["https://paper.example/feed", "https://paper.example/comments/feed"]


@pytest.mark.parametrize("html", ["", "\x00\ud800", "<" * 10_000, "<link rel=alternate type=application/rss+xml>"])
def test_page_without_feeds_has_none(html: str) -> None:
    assert urls(html) == []
