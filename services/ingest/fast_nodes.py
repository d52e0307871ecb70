"""Nodes of an XML document as the fast route sees them: names, attributes and texts the way feedparser takes them."""

import re
from collections.abc import Set
from typing import Any, Final, NamedTuple
from xml.sax.saxutils import escape

from services.ingest.elements import HANDLED, PREFIXES, joined, joined_base

Node = Any  # of lxml: an element
Attributes = dict[str, str]

# What an unknown element could overwrite, were it called like this.
_RESERVED: Final = frozenset(
    {
        *("author", "authors", "content", "created", "date", "dc_source", "feedburner_origlink", "href", "id", "image"),
        *("language", "link", "links", "media_credit", "media_description", "media_objects", "published", "rights"),
        *("source", "summary", "summary_detail", "sy_updatefrequency", "sy_updateperiod", "tags", "textinput", "title"),
        *("title_detail", "ttl", "updated", "where"),
    }
)
# Prefixes by which feedparser takes an element for more than a value nobody reads, whatever they are declared to mean.
KNOWN_PREFIXES: Final = frozenset(
    prefix for prefix in PREFIXES.values() if any(name.startswith(f"{prefix}_") for name in HANDLED | _RESERVED)
) | {"xml", "rdf"}
MAX_ATTRIBUTES: Final = 64  # lxml looks each value up by its name: 100,000 of them take 26 s
_NO_ATTRIBUTES: Final[Attributes] = {}
_XML: Final = "{http://www.w3.org/XML/1998/namespace}"
_XHTML: Final = "{http://www.w3.org/1999/xhtml}"
_RDF: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_WHOLE_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?(?:/[^\s?#;\\]*(?:\?[^\s?#;]+)?)?")
_C1 = re.compile("[\x80-\x9f]")
_C1_BYTES = re.compile(rb"\xc2[\x80-\x9f]")  # the same in a document; two patterns, as sre finds a fixed start fast
_C1_REFERENCE = re.compile(rb"&#(?:0*1[2-5][0-9]|[xX]0*[89][0-9a-fA-F]);")
_CP1252: Final = {
    code: bytes((code,)).decode("cp1252") for code in range(0x80, 0xA0) if code not in {0x81, 0x8D, 0x8F, 0x90, 0x9D}
}


class Unsure(Exception):
    """The document holds something that only feedparser can be trusted with."""


class Scope(NamedTuple):
    """`xml:base` and `xml:lang` in force."""

    base: str
    language: str | None

    def within(self, attributes: Attributes) -> "Scope":
        """The scope in an element with `attributes`."""
        if not attributes:
            return self
        stated = attributes.get("xml:base", attributes.get("base"))
        language = attributes.get("xml:lang", attributes.get("lang"))
        if not stated and language is None:
            return self
        base = joined_base(self.base, stated) if stated else self.base
        return Scope(base, self.language if language is None else language or None)

    def resolve(self, address: str) -> str:
        return address if _WHOLE_URL.fullmatch(address) else joined(self.base, address)


class Reading:
    """What holds for one document while it is read."""

    def __init__(self, document: bytes) -> None:
        self._keys: dict[str, str] = {}
        self._has_controls = bool(_C1_BYTES.search(document) or _C1_REFERENCE.search(document))

    def key_of(self, node: Node) -> str:
        """feedparser's name of an element, `title` or `dc_creator`, whatever prefix the document has for it.

        Raises Unsure if feedparser might give it another.
        """
        tag = node.tag
        key = self._keys.get(tag)
        if key is None:
            key = self._keys[tag] = _key_of(node)
        return key

    def output(self, text: str) -> str:
        """`text` with UTF-8 that was encoded twice, and windows-1252 that was taken for characters, put right."""
        if text.isascii():
            return text
        try:
            text = text.encode("iso-8859-1").decode("utf-8")
        except UnicodeError:
            if not self._has_controls:
                return text
        return text.translate(_CP1252) if _C1.search(text) else text


def _key_of(node: Node) -> str:
    tag: str = node.tag
    namespace, _, local = tag[1:].partition("}") if tag[0] == "{" else ("", "", tag)
    if ":" in local or not local.isascii():
        raise Unsure(tag)
    namespace = namespace.lower()
    prefix = "" if "backend.userland.com/rss" in namespace else PREFIXES.get(namespace)
    if prefix is None:
        prefix = node.prefix or ""
        if prefix.lower() in KNOWN_PREFIXES:
            raise Unsure(tag)
    return f"{prefix.lower()}_{local.lower()}" if prefix else local.lower()


def check_namespace(prefix: str | None, uri: str, standard: Set[str | None]) -> None:
    """Raise Unsure if a declaration gives a prefix that feedparser knows another meaning than the known one.

    `standard` are the known prefixes of all namespaces of the document: what takes the prefix of none of them for
    another known one, as every Medium feed does with `cc`, misleads nobody.
    """
    known, stated = PREFIXES.get(uri.lower()), (prefix or "").lower()
    if stated in KNOWN_PREFIXES and known != stated and (not known or stated in standard):
        raise Unsure(uri)


def attributes(node: Node) -> Attributes:
    """Attributes by name in lower case, `rel` and `type` with their values in lower case as well."""
    names = node.keys()
    if not names:
        return _NO_ATTRIBUTES
    if len(names) > MAX_ATTRIBUTES:
        raise Unsure(node.tag)
    items = node.items()
    found: Attributes = {}
    for stated, value in items:
        name = (_prefixed(stated) if stated[0] == "{" else stated).lower()
        found[name] = value.lower() if name in {"rel", "type"} else value
    if len(found) != len(items):
        raise Unsure(node.tag)
    return found


def _prefixed(name: str) -> str:
    if name.startswith(_XML):
        return f"xml:{name[len(_XML) :]}"
    if name.startswith(_RDF):
        return f"rdf:{name[len(_RDF) :]}"
    raise Unsure(name)


def text_of(node: Node) -> str:
    """The text of an element that has no elements within it."""
    if len(node):
        raise Unsure(node.tag)
    text: str | None = node.text
    return text.strip() if text else ""


def markup_of(node: Node, *, unwrap: bool) -> str:
    """XHTML within `node` as feedparser writes it, a `<div>` around all of it left out if `unwrap`."""
    pieces = [escape(node.text)] if node.text else []
    for child in node.iterchildren():
        _write_markup(child, pieces)
    if unwrap:
        while len(pieces) > 1 and not pieces[-1].strip():
            del pieces[-1]
        while len(pieces) > 1 and not pieces[0].strip():
            del pieces[0]
        if pieces and pieces[-1] == "</div>" and (pieces[0] == "<div>" or pieces[0].startswith("<div ")):
            if len(node) != 1:
                raise Unsure("several")
            pieces = pieces[1:-1]
    return "".join(pieces).strip()


def _write_markup(node: Node, pieces: list[str]) -> None:
    tag: str = node.tag
    if not tag.startswith(_XHTML) or (name := tag[len(_XHTML) :].lower()) in {"body", "svg", "math"} or ":" in name:
        raise Unsure(tag)
    pieces.append(f"<{name}{''.join(f' {key}={_quoted(value)}' for key, value in attributes(node).items())}>")
    if node.text:
        pieces.append(escape(node.text))
    for child in node.iterchildren():
        _write_markup(child, pieces)
    pieces.append(f"</{name}>")
    if node.tail:
        pieces.append(escape(node.tail))


def _quoted(value: str) -> str:
    return '"' + escape(value, {'"': "&quot;"}) + '"'


def check_harmless(node: Node, key: str, reading: Reading) -> None:
    """Raise Unsure unless an element, and all within it, mean nothing to feedparser but a value nobody reads."""
    if key in HANDLED or key in _RESERVED:
        raise Unsure(key)
    for child in node.iterchildren():
        check_harmless(child, reading.key_of(child), reading)
