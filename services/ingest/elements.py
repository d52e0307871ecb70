"""Run feedparser on a feed's text: characters in, plain dicts of what the elements say out. Only this file imports it.

feedparser's own `parse` is not used: it opens files and addresses, guesses encodings by RFC 3023 (so `text/xml` without
a charset is ASCII) and mixes captions of Media RSS objects into summaries and contents.
"""

import html.entities
import io
import re
import xml.sax
import xml.sax.handler
import xml.sax.xmlreader
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from feedparser.api import LooseFeedParser, StrictFeedParser
from feedparser.urls import _urljoin, make_safe_absolute_uri

from services.ingest.mended_parser import Element, Mended
from services.ingest.urls import tidied

MAX_ATTRIBUTES: Final = 256  # 100,000 take a minute

# What the fast route has to know of feedparser, to tell where it may stand in for it.
NAMESPACES: Final[dict[str, str]] = {
    prefix.lower(): uri for uri, prefix in reversed(StrictFeedParser.namespaces.items()) if prefix
}
PREFIXES: Final[dict[str, str]] = {uri.lower(): prefix.lower() for uri, prefix in StrictFeedParser.namespaces.items()}

_DECLARATION = re.compile(r"\A<\?xml\b[^>]*\?>")
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


class _Strict(Mended, StrictFeedParser):  # type: ignore[misc]
    can_be_relative_uri = StrictFeedParser.can_be_relative_uri - {"id"}  # a guid is an identity: never resolved

    def startElementNS(self, name: Any, qname: Any, attrs: Any) -> None:  # noqa: N802 - the name SAX gives it
        """Elements with absurdly many attributes lose them: feedparser's time is quadratic in their number."""
        if attrs.getLength() > MAX_ATTRIBUTES:
            attrs = xml.sax.xmlreader.AttributesNSImpl({}, {})
        super().startElementNS(name, qname, attrs)


class _Loose(Mended, LooseFeedParser):  # type: ignore[misc]
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


def looks_like_html(text: str) -> bool:
    """Whether feedparser takes a text that should be plain for HTML."""
    return bool(StrictFeedParser.looks_like_html(text))
