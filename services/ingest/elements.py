"""Run feedparser on a feed's text: characters in, plain dicts of what the elements say out. Only this file knows it.

feedparser's own `parse` is not used: it opens files and addresses, guesses encodings by RFC 3023 (so `text/xml` without
a charset is ASCII) and mixes captions of Media RSS objects into summaries and contents.
"""

import html.entities
import io
import re
import xml.sax
import xml.sax.handler
import xml.sax.xmlreader
from dataclasses import dataclass
from typing import Any

from feedparser.api import LooseFeedParser, StrictFeedParser

Element = dict[str, Any]

_DECLARATION = re.compile(r"\A<\?xml\b[^>]*\?>")
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_XML_ENTITIES = frozenset({"lt", "gt", "amp", "quot", "apos"})
_MAX_NAMED = 200_000


@dataclass(frozen=True, slots=True)
class Elements:
    """What a document says. `problem` tells why it is not well-formed XML, None if it is."""

    version: str
    feed: Element
    entries: list[Element]
    problem: str | None


def read_elements(text: str, base_url: str, language: str | None) -> Elements:
    """Parse `text` strictly, and loosely if it is not well-formed. It must hold no entity declarations.

    May raise any exception: feedparser does. Relative addresses in elements are resolved against `xml:base` and
    `base_url`; those in markup are not. Texts are not sanitised. An entry cut off by the end of the document is dropped
    unless it is the only one: the next poll brings it whole.
    """
    text = _DECLARATION.sub("", text).lstrip()
    try:
        return _strict(text, base_url, language, None)
    except xml.sax.SAXException as error:
        problem = str(error)
    mended = _NAMED.sub(_character, text, count=_MAX_NAMED)
    if mended != text:
        try:
            return _strict(mended, base_url, language, problem)
        except xml.sax.SAXException:
            pass
    parser = _Loose(base_url, language, "utf-8", {})
    parser.resolve_relative_uris = parser.sanitize_html = False
    parser.feed(mended)
    entries: list[Element] = parser.entries
    if parser.inentry and len(entries) > 1 and not _ends_properly(text):
        entries.pop()
    return Elements(parser.version, parser.feeddata, entries, problem)


def _strict(text: str, base_url: str, language: str | None, problem: str | None) -> Elements:
    parser = _Strict(base_url, language, "utf-8")
    parser.resolve_relative_uris = parser.sanitize_html = False
    reader = xml.sax.make_parser()  # noqa: S317 - the caller refuses entity declarations
    reader.setFeature(xml.sax.handler.feature_namespaces, True)
    reader.setFeature(xml.sax.handler.feature_external_ges, False)
    reader.setContentHandler(parser)
    reader.setErrorHandler(parser)
    source = xml.sax.xmlreader.InputSource()
    source.setByteStream(io.BytesIO(text.encode("utf-8", "ignore")))
    source.setEncoding("utf-8")
    reader.parse(source)
    return Elements(parser.version, parser.feeddata, parser.entries, problem)


def _character(match: re.Match[str]) -> str:
    """An HTML entity that XML does not know, as its character (in CDATA it means the same)."""
    name = match[1]
    if name in _XML_ENTITIES:
        return match[0]
    return html.entities.html5.get(f"{name};", f"&amp;{name};")


def _ends_properly(text: str) -> bool:
    return re.search(r"</(?:rss|feed|channel|\w+:RDF|RDF)\s*>\s*\Z", text[-200:], re.IGNORECASE) is not None


class _Media:
    """Media RSS (rssboard.org/media-rss) object by object, in place of feedparser's flat lists.

    Titles and descriptions of media objects stay with them. `media_objects` of an entry lists dicts of attributes with
    `title`, `credit` and `kind`: content or thumbnail.
    """

    def _objects(self) -> list[Element]:
        objects: list[Element] = self._get_context().setdefault("media_objects", [])  # type: ignore[attr-defined]
        return objects

    def _start_media_content(self, attributes: Element) -> None:
        self._objects().append({**attributes, "kind": "content"})
        self.media_depth = getattr(self, "media_depth", 0) + 1

    def _end_media_content(self) -> None:
        self.media_depth = max(0, getattr(self, "media_depth", 0) - 1)

    def _start_media_group(self, attributes: Element) -> None:
        self.media_depth = getattr(self, "media_depth", 0) + 1

    _end_media_group = _end_media_content

    def _start_media_thumbnail(self, attributes: Element) -> None:
        self._objects().append({**attributes, "kind": "thumbnail"})

    def _end_media_thumbnail(self) -> None:
        pass

    def _start_media_title(self, attributes: Element) -> None:
        self.push("media_title", 0)  # type: ignore[attr-defined]

    def _end_media_title(self) -> None:
        self._describe("title", self.pop("media_title"))  # type: ignore[attr-defined]

    def _start_media_credit(self, attributes: Element) -> None:
        self.push("media_credit", 0)  # type: ignore[attr-defined]

    def _end_media_credit(self) -> None:
        self._describe("credit", self.pop("media_credit"))  # type: ignore[attr-defined]

    def _start_media_description(self, attributes: Element) -> None:
        self.push("media_description", 0)  # type: ignore[attr-defined]

    def _end_media_description(self) -> None:
        self.pop("media_description")  # type: ignore[attr-defined]

    def _describe(self, name: str, value: str | None) -> None:
        """Keep `value` with the object it is within, or with the last one if it follows it in the entry."""
        objects = self._objects()
        if value and objects:
            objects[-1].setdefault(name, value)
        elif value and name == "credit":
            self._get_context().setdefault("media_credit", value)  # type: ignore[attr-defined]


class _Strict(_Media, StrictFeedParser):  # type: ignore[misc]
    can_be_relative_uri = StrictFeedParser.can_be_relative_uri - {"id"}  # a guid is an identity: never resolved


class _Loose(_Media, LooseFeedParser):  # type: ignore[misc]
    can_be_relative_uri = LooseFeedParser.can_be_relative_uri - {"id"}
