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
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from feedparser.api import LooseFeedParser, StrictFeedParser
from feedparser.urls import _urljoin, make_safe_absolute_uri

from services.ingest.urls import tidied

Element = dict[str, Any]

MAX_ATTRIBUTES: Final = 256  # 100,000 take a minute

# What the fast route has to know of feedparser, to tell where it may stand in for it.
NAMESPACES: Final[dict[str, str]] = {
    prefix.lower(): uri for uri, prefix in reversed(StrictFeedParser.namespaces.items()) if prefix
}
PREFIXES: Final[dict[str, str]] = {uri.lower(): prefix.lower() for uri, prefix in StrictFeedParser.namespaces.items()}

_DECLARATION = re.compile(r"\A<\?xml\b[^>]*\?>")
_ADDRESS = re.compile(r"\S*[./]\S*")
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_XML_ENTITIES = frozenset({"lt", "gt", "amp", "quot", "apos"})


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
    except Exception as error:  # feedparser's own errors too: its loose parser may do better
        problem = str(error) or type(error).__name__
    mended = _NAMED.sub(_character, text)
    if mended != text:
        with suppress(Exception):
            return _strict(mended, base_url, language, problem)
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


class _Mended:
    """What feedparser gets wrong: authors' names, relative addresses of enclosures, and Media RSS as flat lists.

    `media_objects` of an entry lists dicts of attributes with `title`, `credit` and `kind`: content or thumbnail.
    Captions within a media object are left out; `media_description` is the one that describes the entry itself.
    """

    _is_in_object = False
    title_depth: int

    def _sync_author_detail(self, key: str = "author") -> None:
        """Keep an author in one string as it is: feedparser's pattern takes no top-level domain beyond four letters."""
        context = self._get_context()  # type: ignore[attr-defined]
        people = context.get(f"{key}s")
        if people and not people[-1] and context.get(key):
            people[-1]["name"] = context[key]

    def _start_link(self, attributes: Element) -> None:
        self._keep_link(partial(super()._start_link, attributes))  # type: ignore[misc]

    def _end_link(self) -> None:
        self._keep_link(super()._end_link)  # type: ignore[misc]

    def _keep_link(self, read: Callable[[], None]) -> None:
        """An empty link is none: it must not hide a guid that is one."""
        context = self._get_context()  # type: ignore[attr-defined]
        before = dict.get(context, "link")
        read()
        if not dict.get(context, "link"):
            context.pop("link", None)
            if before:
                context["link"] = before

    def _start_title(self, attributes: Element) -> None:
        if self._is_in_image():
            self.push("image_title", 0)  # type: ignore[attr-defined]
        else:
            super()._start_title(attributes)  # type: ignore[misc]

    def _end_title(self) -> None:
        if self._is_in_image():
            self.pop("image_title")  # type: ignore[attr-defined]
        else:
            self._end_text("title", super()._end_title)  # type: ignore[misc]

    def _start_description(self, attributes: Element) -> None:
        if self._is_in_image():
            self.push("image_description", 0)  # type: ignore[attr-defined]
        else:
            super()._start_description(attributes)  # type: ignore[misc]

    def _end_description(self) -> None:
        if self._is_in_image():
            self.pop("image_description")  # type: ignore[attr-defined]
        else:
            self._end_text("summary", super()._end_description)  # type: ignore[misc]

    def _is_in_image(self) -> bool:
        return bool(self.inentry and self.inimage)  # type: ignore[attr-defined]

    def _end_text(self, name: str, end: Callable[[], None]) -> None:
        """A text deeper within the entry, of its image for one, does not stand for the entry's own.

        feedparser sees to that for the text, but not for its details.
        """
        context = self._get_context()  # type: ignore[attr-defined]
        before = dict.get(context, f"{name}_detail")
        end()
        if before is not None and dict.get(context[f"{name}_detail"], "value") != dict.get(context, name):
            context[f"{name}_detail"] = before

    def _start_guid(self, attributes: Element) -> None:
        if "ispermalink" in attributes:
            attributes = {**attributes, "ispermalink": attributes["ispermalink"].strip().lower()}
        super()._start_guid(attributes)  # type: ignore[misc]

    _start_id = _start_guid

    def _start_image(self, attributes: Element) -> None:
        title_depth = self.title_depth
        super()._start_image(attributes)  # type: ignore[misc]
        if self.inentry:  # type: ignore[attr-defined]
            self.title_depth = title_depth  # the item keeps the title it has
        self._picture(image_address(attributes))

    def _end_image(self) -> None:
        text = self.pop("image")  # type: ignore[attr-defined]
        self._picture(image_address({"url": text}))
        self.inimage = 0

    def _end_url(self) -> None:
        if self._is_in_image():
            self._picture(self.pop("href"))  # type: ignore[attr-defined]
        else:
            super()._end_url()  # type: ignore[misc]

    def _start_itunes_image(self, attributes: Element) -> None:
        super()._start_itunes_image(attributes)  # type: ignore[misc]
        self._picture(image_address(attributes))

    def _picture(self, address: str | None) -> None:
        """Keep the address of an entry's own picture: RSS knows that for channels alone, feeds for items as well."""
        if address and self.inentry and not self.insource:  # type: ignore[attr-defined]
            objects = self.entries[-1].setdefault("media_objects", [])  # type: ignore[attr-defined]
            objects.append({"url": self.resolve_uri(address), "kind": "thumbnail"})

    def resolve_uri(self, uri: str) -> str:
        return joined(self.baseuri or "", uri)  # type: ignore[attr-defined]

    def _start_enclosure(self, attributes: Element) -> None:
        super()._start_enclosure(self._resolved(attributes))  # type: ignore[misc]

    def _resolved(self, attributes: Element) -> Element:
        if url := attributes.get("url"):
            return {**attributes, "url": self.resolve_uri(url)}
        return attributes

    def _objects(self) -> list[Element]:
        objects: list[Element] = self._get_context().setdefault("media_objects", [])  # type: ignore[attr-defined]
        return objects

    def _start_media_content(self, attributes: Element) -> None:
        self._objects().append({**self._resolved(attributes), "kind": "content"})
        self._is_in_object = True

    def _end_media_content(self) -> None:
        self._is_in_object = False

    def _start_media_thumbnail(self, attributes: Element) -> None:
        self._objects().append({**self._resolved(attributes), "kind": "thumbnail"})

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
        value = self.pop("media_description")  # type: ignore[attr-defined]
        if value and not self._is_in_object:
            self._get_context().setdefault("media_description", value)  # type: ignore[attr-defined]

    def _describe(self, name: str, value: str | None) -> None:
        """Keep `value` with the media object it is within or follows; a credit before all of them is the entry's."""
        objects = self._objects()
        if value and objects:
            objects[-1].setdefault(name, value)
        elif value and name == "credit":
            self._get_context().setdefault("media_credit", value)  # type: ignore[attr-defined]


class _Strict(_Mended, StrictFeedParser):  # type: ignore[misc]
    can_be_relative_uri = StrictFeedParser.can_be_relative_uri - {"id"}  # a guid is an identity: never resolved

    def startElementNS(self, name: Any, qname: Any, attrs: Any) -> None:  # noqa: N802 - the name SAX gives it
        """Elements with absurdly many attributes lose them: feedparser's time is quadratic in their number."""
        if attrs.getLength() > MAX_ATTRIBUTES:
            attrs = xml.sax.xmlreader.AttributesNSImpl({}, {})
        super().startElementNS(name, qname, attrs)


class _Loose(_Mended, LooseFeedParser):  # type: ignore[misc]
    can_be_relative_uri = LooseFeedParser.can_be_relative_uri - {"id"}

    def unknown_endtag(self, tag: str) -> None:
        """An element that ends where feedparser does not expect it costs itself, not the document."""
        with suppress(KeyError, IndexError, AttributeError, TypeError):
            super().unknown_endtag(tag)


# The whole article in feeds of Russian newspapers (yandex.ru/support/news); not an identifier, so not in the classes.
for _parser in (_Strict, _Loose):
    setattr(_parser, "_start_yandex_full-text", _parser._start_content)
    setattr(_parser, "_end_yandex_full-text", _parser._end_content)

# Keys (`dc_creator`) of the elements that feedparser treats in some way of its own.
HANDLED: Final = frozenset(
    name.partition("_")[2].partition("_")[2].lower() for name in dir(_Strict) if name.startswith(("_start_", "_end_"))
)


def joined(base: str, address: str) -> str:
    """`address` as feedparser resolves it, once it is tidy."""
    return str(_urljoin(base, tidied(address)))


def joined_base(base: str, stated: str) -> str:
    """The base that `stated` makes within `base`, as feedparser takes it."""
    return str(make_safe_absolute_uri(base, stated) or base) if base else joined(base, stated)


def image_address(stated: Mapping[str, str]) -> str | None:
    """The address among the attributes of an image, None if there is none, or a caption in its place."""
    address = (stated.get("href") or stated.get("url") or stated.get("src") or "").strip()
    return address if _ADDRESS.fullmatch(address) else None


def looks_like_html(text: str) -> bool:
    """Whether feedparser takes a text that should be plain for HTML."""
    return bool(StrictFeedParser.looks_like_html(text))
