"""JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1): a document's bytes in, the feed and its entries as stated out."""

from collections.abc import Iterator
from typing import Any, Final

import orjson

from schemas.entry import Entry, StatedCategory, StatedLink, StatedMedia, StatedPerson, StatedText
from schemas.reasons import Reason
from services.ingest.json_salvage import salvaged
from services.ingest.parsed import MAX_ENTRIES, FeedInfo, ParsedFeed, ParseError, Route

Object = dict[str, Any]

_VERSION: Final = "jsonfeed.org/version/"
_PLAIN: Final = "text/plain"


def parse_json_feed(document: bytes) -> ParsedFeed:
    """The feed in `document`, UTF-8 without a byte order mark. Values of a wrong type are taken for absent.

    What is no JSON is read up to its flaw, without an item that the flaw is in: the next poll brings it whole.

    Raises ParseError: MALFORMED if a JSON feed cannot be read, NOT_A_FEED for other JSON. A feed that forgot its
    version is one if it has items and a title or address of its own.
    """
    problem: str | None = None
    try:
        feed = orjson.loads(document)
    except orjson.JSONDecodeError as error:
        problem = f"not JSON: {error}"
        feed = salvaged(document.decode("utf-8", "replace"), MAX_ENTRIES + 1)
        if "items" not in feed:
            is_feed = _VERSION.encode() in document[:2_000]
            raise ParseError(Reason.MALFORMED if is_feed else Reason.NOT_A_FEED, problem) from None
    if not isinstance(feed, dict) or not (_VERSION in str(feed.get("version", "")) or _is_like(feed)):
        raise ParseError(Reason.NOT_A_FEED, "JSON, but no JSON Feed")
    if not isinstance(feed.get("items"), list):
        raise ParseError(Reason.MALFORMED, "a JSON Feed without items")
    items = [item for item in _list(feed, "items") if isinstance(item, dict)]
    authors, language = _authors(feed), _string(feed, "language")
    info = FeedInfo(
        title=_string(feed, "title"),
        link=_string(feed, "home_page_url"),
        language=language,
        dialect="json10" if str(feed.get("version", "")).rstrip("/").endswith("/1") else "json11",
        problem=problem,
        truncated=len(items) > MAX_ENTRIES,
    )
    return ParsedFeed(info, tuple(_entry(item, authors, language) for item in items[:MAX_ENTRIES]), Route.JSON)


def _is_like(feed: Object) -> bool:
    names = ("title", "feed_url", "home_page_url")
    return isinstance(feed.get("items"), list) and any(_string(feed, name) for name in names)


def _entry(item: Object, authors: tuple[StatedPerson, ...], language: str | None) -> Entry:
    texts = (("content_html", "text/html"), ("content_text", _PLAIN))
    return Entry(
        guid=_string(item, "id") or _number(item, "id"),
        links=tuple(_links(item)),
        title=_text(item, "title", _PLAIN),
        summary=_text(item, "summary", _PLAIN),
        contents=tuple(text for key, media_type in texts if (text := _text(item, key, media_type))),
        published=_string(item, "date_published") or _number(item, "date_published"),
        updated=_string(item, "date_modified") or _number(item, "date_modified"),
        authors=_authors(item) or authors,
        categories=tuple(
            StatedCategory(term=tag) for tag in _list(item, "tags") if isinstance(tag, str) and tag.strip()
        ),
        media=tuple(_media(item)),
        language=_string(item, "language") or language,
    )


def _links(item: Object) -> Iterator[StatedLink]:
    """`url` is the item's own page, `external_url` one that it is about; an id is ideally the item's address."""
    stated_id = _string(item, "id") or ""
    if url := _string(item, "url") or (stated_id if stated_id.startswith(("http://", "https://")) else None):
        yield StatedLink(href=url)
    if external := _string(item, "external_url"):
        yield StatedLink(href=external, rel="related")


def _authors(holder: Object) -> tuple[StatedPerson, ...]:
    """`authors` of 1.1, else the one `author` of 1.0."""
    stated = [author for author in (*_list(holder, "authors"), holder.get("author")) if isinstance(author, dict)]
    persons = (StatedPerson(name=_string(author, "name"), url=_string(author, "url")) for author in stated)
    return tuple(dict.fromkeys(person for person in persons if person.name or person.url))


def _media(item: Object) -> Iterator[StatedMedia]:
    for key in ("image", "banner_image"):
        if url := _string(item, key):
            yield StatedMedia(url=url, medium="image")
    for attachment in _list(item, "attachments"):
        if isinstance(attachment, dict) and (url := _string(attachment, "url")):
            yield StatedMedia(
                url=url,
                media_type=_string(attachment, "mime_type"),
                length=_string(attachment, "size_in_bytes") or _number(attachment, "size_in_bytes"),
                title=_string(attachment, "title"),
            )


def _text(item: Object, key: str, media_type: str) -> StatedText | None:
    value = _string(item, key)
    return StatedText(value=value, media_type=media_type) if value else None


def _string(holder: Object, key: str) -> str | None:
    value = holder.get(key)
    if not isinstance(value, str):
        return None
    return value.encode("utf-8", "ignore").decode().strip() or None


def _number(holder: Object, key: str) -> str | None:
    """A number as text: 1.0 lets ids be numbers, and software makes them of dates."""
    value = holder.get(key)
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _list(holder: Object, key: str) -> list[Any]:
    value = holder.get(key)
    return value if isinstance(value, list) else []
