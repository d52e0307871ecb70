"""News sitemaps: the text of a sitemap with Google's news extension in, its articles as entries out.

Format: developers.google.com/search/docs/crawling-indexing/sitemaps/news-sitemap, and sitemaps.org's protocol 0.9.
"""

from collections.abc import Iterator
from typing import Any

from schemas.entry import Entry, StatedCategory, StatedLink, StatedMedia, StatedText
from schemas.reasons import Reason
from services.ingest.fast_xml import read_tree
from services.ingest.parsed import MAX_ENTRIES, FeedInfo, ParsedFeed, ParseError, Route

Node = Any  # of lxml: an element


def parse_sitemap(text: str) -> ParsedFeed:
    """The articles of a `<urlset>`, those of its addresses that have a `<news:news>`; prefixes may be any.

    Ill-formed ones are read as far as they go. Raises ParseError: NOT_A_FEED for a sitemap without news, as it lists
    pages and not articles, MALFORMED if nothing can be read.
    """
    root, problem = read_tree(text)
    if root is None:
        raise ParseError(Reason.MALFORMED, problem or "no sitemap")
    stated = [(url, news) for url in _children(root, "url") if (news := _child(url, "news")) is not None]
    if not stated and "sitemap-news/" not in text:
        raise ParseError(Reason.NOT_A_FEED, "a sitemap without news")
    if not stated and problem:
        raise ParseError(Reason.MALFORMED, problem)
    publication = _child(stated[0][1], "publication") if stated else None
    info = FeedInfo(
        title=_value(publication, "name"),
        language=_value(publication, "language"),
        dialect="sitemap",
        problem=problem,
        truncated=len(stated) > MAX_ENTRIES,
    )
    entries = tuple(_entry(url, news) for url, news in stated[:MAX_ENTRIES])
    return ParsedFeed(info, entries, Route.SITEMAP)


def _entry(url: Node, news: Node) -> Entry:
    title, address = _value(news, "title"), _value(url, "loc")
    terms = ",".join(filter(None, (_value(news, "genres"), _value(news, "keywords"))))
    return Entry(
        links=(StatedLink(href=address),) if address else (),
        title=StatedText(value=title, media_type="text/plain") if title else None,
        published=_value(news, "publication_date"),
        updated=_value(url, "lastmod"),
        categories=tuple(dict.fromkeys(StatedCategory(term=term.strip()) for term in terms.split(",") if term.strip())),
        media=tuple(_images(url)),
        language=_value(_child(news, "publication"), "language"),
    )


def _images(url: Node) -> Iterator[StatedMedia]:
    for image in _children(url, "image"):
        if address := _value(image, "loc"):
            caption = _value(image, "title") or _value(image, "caption")
            yield StatedMedia(url=address, medium="image", title=caption)


def _children(node: Node, name: str) -> Iterator[Node]:
    return (child for child in node.iterchildren() if _local(child) == name)


def _child(node: Node | None, name: str) -> Node | None:
    return None if node is None else next(_children(node, name), None)


def _value(node: Node | None, name: str) -> str | None:
    child = _child(node, name)
    return None if child is None else " ".join("".join(child.itertext()).split()) or None


def _local(node: Node) -> str:
    """The name of an element without namespace or prefix, the latter as it is where nobody declared it."""
    tag: str = node.tag
    return tag.rpartition("}")[2].rpartition(":")[2].lower()
