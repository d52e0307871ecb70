"""From feedparser's dicts to entries: elements in, Entry out, every value a clean string or absent."""

import re
from contextlib import suppress
from typing import Any, Final

from schemas.entry import Entry, StatedCategory, StatedLink, StatedMedia, StatedPerson, StatedText
from services.ingest.mended_parser import Element

_MAIL = re.compile(r"(?:mailto:)?[^\s<>()@]{1,64}@[^\s<>()@]{1,255}")
_EMPTY_BRACKETS = re.compile(r"\(\s*\)|<\s*>")
_IN_BRACKETS = re.compile(r"\(([^()]*)\)")
# windows-1252 as the bytes it stands for; those it does not define, such as the last one of ”, are left as they are.
_DEFINED: Final = bytes(set(range(0x80, 0xA0)) - {0x81, 0x8D, 0x8F, 0x90, 0x9D})
_TO_LATIN: Final = dict(zip(map(ord, _DEFINED.decode("cp1252")), _DEFINED, strict=True))
_ABSOLUTE = re.compile(r"https?://|//|www\.[^\s/]+/", re.IGNORECASE)


def stated_entry(
    element: Element, authors: tuple[StatedPerson, ...], language: str | None, base: str, *, is_atom: bool
) -> Entry:
    """The entry that `element` states; `authors` and `language` are the feed's, for an entry that names none.

    A text's base is stated only where it differs from `base`, the document's own.
    """
    published = stated_string(element, "published") or stated_string(element, "created")
    updated = stated_string(element, "updated")
    if not is_atom and published is None:
        published, updated = updated, None  # feedparser calls dc:date, RSS 1.0's only date, an update
    return Entry(
        guid=stated_string(element, "id"),
        links=_links(element, is_atom=is_atom),
        title=_text(_dict(element, "title_detail"), base),
        summary=_text(_dict(element, "summary_detail"), base) or _media_description(element),
        contents=tuple(text for detail in _dicts(element, "content") if (text := _text(detail, base))),
        published=published,
        updated=updated,
        authors=stated_persons(element) or authors,
        categories=_categories(element),
        media=_media(element),
        source=_source(element),
        rights=stated_string(element, "rights"),
        language=stated_string(element, "language")
        or stated_string(_dict(element, "title_detail"), "language")
        or language,
    )


def _links(element: Element, *, is_atom: bool) -> tuple[StatedLink, ...]:
    links = [
        StatedLink(
            href=href,
            rel=stated_string(link, "rel") or "alternate",
            media_type=stated_string(link, "type"),
            title=stated_string(link, "title"),
        )
        for link in _dicts(element, "links")
        if (href := stated_string(link, "href")) and stated_string(link, "rel") != "enclosure"
    ]
    if original := stated_string(element, "feedburner_origlink"):
        links.insert(0, StatedLink(href=original, rel="canonical"))
    stated = stated_string(element, "link")
    if not links and stated and not is_atom and _ABSOLUTE.match(stated):
        links.append(StatedLink(href=stated))  # an RSS guid that is a permalink; many are not, whatever they claim
    return tuple(links)


def stated_persons(element: Element) -> tuple[StatedPerson, ...]:
    """Authors with a name or an address. RSS has both in one string: `mail (Name)` or `Name <mail>`."""
    persons = []
    for person in _dicts(element, "authors"):
        stated = stated_string(person, "name") or stated_string(person, "email") or ""
        name = _EMPTY_BRACKETS.sub("", _MAIL.sub("", stated)).strip()
        if match := _IN_BRACKETS.fullmatch(name):
            name = match[1].strip()
        url = stated_string(person, "href")
        if name or stated or url:
            persons.append(StatedPerson(name=name or stated or None, url=url))
    return tuple(persons)


def _categories(element: Element) -> tuple[StatedCategory, ...]:
    return tuple(
        StatedCategory(term=term, scheme=stated_string(tag, "scheme"), label=stated_string(tag, "label"))
        for tag in _dicts(element, "tags")
        if (term := stated_string(tag, "term") or stated_string(tag, "label"))
    )


def _media(element: Element) -> tuple[StatedMedia, ...]:
    enclosures = (
        {**link, "url": link.get("href")} for link in _dicts(element, "links") if link.get("rel") == "enclosure"
    )
    found: dict[str, StatedMedia] = {}
    for item in (*enclosures, *_dicts(element, "media_objects")):
        url = stated_string(item, "url")
        if url and url not in found:
            found[url] = StatedMedia(
                url=url,
                media_type=stated_string(item, "type"),
                medium=stated_string(item, "medium") or ("image" if item.get("kind") == "thumbnail" else None),
                width=stated_string(item, "width"),
                height=stated_string(item, "height"),
                length=stated_string(item, "length") or stated_string(item, "filesize"),
                title=stated_string(item, "title"),
                credit=stated_string(item, "credit") or stated_string(element, "media_credit"),
            )
    return tuple(found.values())


def _media_description(element: Element) -> StatedText | None:
    """What a video feed says of an entry, where neither summary nor content do."""
    value = stated_string(element, "media_description")
    if value is None or _dicts(element, "content"):
        return None
    return StatedText(value=value, media_type="text/plain")


def _source(element: Element) -> StatedLink | None:
    """RSS `<source url>`, Atom's `<source>`, or `dc:source`; `href` is empty where there is only a name."""
    source = _dict(element, "source")
    href = stated_string(source, "link") or stated_string(source, "href")
    name = stated_string(source, "title")
    stated = stated_string(element, "dc_source")
    if not href and not name and stated:
        href, name = (stated, None) if _ABSOLUTE.match(stated) else (None, stated)
    return StatedLink(href=href or "", rel="source", title=name) if href or name else None


def _text(detail: Element, base: str) -> StatedText | None:
    value = stated_string(detail, "value")
    if not value:
        return None
    own_base = stated_string(detail, "base")
    return StatedText(
        value=value,
        media_type=stated_string(detail, "type") or "text/html",
        language=stated_string(detail, "language"),
        base=own_base if own_base != base else None,
    )


def stated_string(element: Element, name: str) -> str | None:
    """A stated value, None if it is absent, blank or no string. `dict.get`: feedparser's own invents values."""
    value = dict.get(element, name)
    if value is None or not isinstance(value, str):
        return None
    value = value.strip()
    if value.startswith("<![CDATA[") and value.endswith("]]>"):
        value = value[9:-3].strip()  # escaped by software that meant to mark it
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            value = value.encode("utf-8", "ignore").decode()
        if "â€" in value or "Ã" in value:
            value = _decoded_twice(value)
    return value or None


def _decoded_twice(text: str) -> str:
    """`text` itself, unless all of it is UTF-8 that somebody took for windows-1252."""
    with suppress(UnicodeError):
        return text.translate(_TO_LATIN).encode("latin-1").decode()
    return text


def _dict(element: Element, name: str) -> Element:
    value = dict.get(element, name)
    return value if isinstance(value, dict) else {}


def _dicts(element: Element, name: str) -> list[dict[str, Any]]:
    value = dict.get(element, name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
