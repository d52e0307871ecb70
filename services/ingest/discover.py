"""Feeds that a page announces: its HTML in, their addresses out (WHATWG HTML §4.6.6.1, `<link rel=alternate>`)."""

from dataclasses import dataclass
from typing import Final

from selectolax.lexbor import LexborHTMLParser

from services.ingest.text import fold
from services.ingest.urls import canonical_url

MAX_PAGE_CHARACTERS = 500_000  # feeds are announced in the head
MAX_FEEDS = 50

_FEED_TYPES: Final = {
    **dict.fromkeys(("application/rss+xml", "application/rdf+xml", "application/x-rss+xml"), "rss"),
    "application/atom+xml": "atom",
    **dict.fromkeys(("application/feed+json",), "json"),
}
# Types that say nothing: such a link is a feed only if its address looks like one.
_VAGUE_TYPES: Final = frozenset({"application/xml", "text/xml", "application/json"})
_FEED_PARTS: Final = ("rss", "atom", "feed", ".rdf", "jsonfeed")


@dataclass(frozen=True, slots=True)
class DiscoveredFeed:
    """A feed that a page announces; `kind` is `rss`, `atom`, `json` or `unknown`, as its link's type says."""

    url: str
    title: str | None
    kind: str


def discover_feeds(html: str, base_url: str) -> tuple[DiscoveredFeed, ...]:
    """The feeds of a page, in its order, each address once; `<base href>` counts. Only http and https. Never raises.

    Addresses are canonical but for tracking parameters, which may be what makes a feed's address. A page's feed of
    comments comes after the others, as it is rarely what is meant.
    """
    page = LexborHTMLParser(html[:MAX_PAGE_CHARACTERS].encode("utf-8", "ignore"))
    stated_base = page.css_first("base[href]")
    base = (canonical_url(stated_base.attributes.get("href") or "", base_url) if stated_base else None) or base_url
    found: dict[str, DiscoveredFeed] = {}
    for link in page.css("link[href], a[rel][href]"):
        attributes = {name: value or "" for name, value in link.attributes.items()}
        kind = _kind_of(attributes)
        url = canonical_url(attributes["href"], base, keep_tracking=True) if kind else None
        if kind and url:
            found.setdefault(url, DiscoveredFeed(url, fold(attributes.get("title", ""))[:300] or None, kind))
    ranked = sorted(found.values(), key=_is_of_comments)
    return tuple(ranked[:MAX_FEEDS])


def _kind_of(attributes: dict[str, str]) -> str | None:
    relations = attributes.get("rel", "").lower().split()
    media_type = attributes.get("type", "").partition(";")[0].strip().lower()
    if "feed" in relations:
        return _FEED_TYPES.get(media_type, "unknown")
    if "alternate" not in relations or "stylesheet" in relations:
        return None
    if kind := _FEED_TYPES.get(media_type):
        return kind
    looks_like_feed = any(part in attributes.get("href", "").lower() for part in _FEED_PARTS)
    return "unknown" if media_type in _VAGUE_TYPES and looks_like_feed else None


def _is_of_comments(feed: DiscoveredFeed) -> bool:
    return "comment" in f"{feed.url} {feed.title or ''}".lower()
