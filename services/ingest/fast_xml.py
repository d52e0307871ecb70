"""The fast route: well-formed RSS, RDF and Atom by lxml, as the same elements that feedparser would give, or None.

It models what feedparser does with the elements news feeds are made of. Whatever it is not sure of, an element with a
meaning it does not model, markup where text should be, odd attributes, is None: the caller takes feedparser.
"""

import re
from typing import Final

from lxml import etree

from services.ingest.elements import PREFIXES, Elements, joined_base
from services.ingest.fast_entry import EntryReader, link_of, person_of
from services.ingest.fast_nodes import (
    Node,
    Reading,
    Scope,
    Unsure,
    attributes,
    check_harmless,
    check_namespace,
    text_of,
)
from services.ingest.mended_parser import Element
from services.ingest.parsed import MAX_ENTRIES

_DECLARATION = re.compile(rb"\A\s*<\?xml\b[^>]*\?>\s*")
_RSS_VERSIONS: Final = {"0.91": "rss091u", "0.92": "rss092", "0.93": "rss093", "0.94": "rss094"}
_ATOM_VERSIONS: Final = {"0.1": "atom01", "0.2": "atom02", "0.3": "atom03"}
_PERSONS: Final = frozenset({"author", "dc_creator", "dc_author", "itunes_author", "managingeditor"})
_SUMMARIES: Final = frozenset({"summary", "itunes_summary", "description", "dc_description"})
_HARMLESS: Final = frozenset(
    {
        *("admin_generatoragent", "admin_errorreportsto", "cloud", "generator", "rights", "copyright", "dc_rights"),
        *("subtitle", "tagline", "itunes_subtitle", "itunes_block", "itunes_explicit", "itunes_image", "itunes_link"),
        *("pubdate", "lastbuilddate", "published", "updated", "modified", "issued", "created", "dc_date"),
        *("dcterms_issued", "dcterms_modified", "dcterms_created", "webmaster", "dc_publisher", "dc_contributor"),
        *("dc_subject", "keywords"),
        *("feedburner_browserfriendly", "info", "media_thumbnail", "media_credit", "media_rating", "media_title"),
        *("media_description", "media_keywords", "itunes_keywords", "category", "media_category", "expirationdate"),
    }
)
_IN_IMAGE: Final = frozenset({"title", "url", "link", "description", "width", "height"})
_IN_INPUT: Final = frozenset({"title", "name", "link", "description"})


def read_fast(document: bytes, base: str, language: str | None) -> Elements | None:
    """The elements of `document`, UTF-8 whatever it declares; equal to what `read_elements` gives, or None.

    Entities are not resolved, no document type is read and nothing is fetched.
    """
    if b"<!DOCTYPE" in document:
        return None
    parser = _parser(recover=False)
    try:
        root = etree.fromstring(_DECLARATION.sub(b"", document, 1).strip(), parser)
        if len(parser.error_log):
            return None  # prefixes that nobody declared, for one: lxml lives with them
        return _Document(root, document, Scope(base, language)).elements()
    except (etree.XMLSyntaxError, Unsure, ValueError):
        return None


def read_tree(text: str) -> tuple[Node | None, str | None]:
    """The root of an XML document, as far as it can be read, and what is wrong with it. Lines keep their numbers."""
    document = _DECLARATION.sub(lambda match: b"\n" * match[0].count(b"\n"), text.encode("utf-8", "ignore"), 1).rstrip()
    parser = _parser(recover=True)
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        return None, str(error)
    return root, parser.error_log[0].message if len(parser.error_log) else None


def _parser(*, recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True,
        huge_tree=False, recover=recover, collect_ids=False, encoding="utf-8",
    )  # fmt: skip


class _Document:
    def __init__(self, root: Node, document: bytes, scope: Scope) -> None:
        self._reading = Reading(document)
        self._root_key = self._reading.key_of(root)
        self._root = root
        self._check_namespaces(document)
        stated = attributes(root)
        self._feed: Element = {}
        if scope.language:
            self._feed["language"] = scope.language.replace("_", "-")
        base = joined_base(scope.base, scope.base)
        if joined_base(base, base) != base:
            raise Unsure(base)
        self._scope = Scope(base, scope.language).within(stated)
        if self._scope.language and self._root_key in {"rss", "feed"}:
            self._feed["language"] = self._scope.language.replace("_", "-")
        self._version = self._version_of(stated)
        if not self._version:
            raise Unsure(self._root_key)
        self._is_atom = self._version.startswith("atom")
        self._entries: list[Element] = []
        self._entry_reader = EntryReader(self._reading, self._version)
        self._author = ""
        self._has_summary = False

    def elements(self) -> Elements:
        if self._root_key == "feed" and self._is_atom:
            self._read_feed(self._root, self._scope)
        elif self._root_key == "rss" and not self._is_atom:
            self._read_rss()
        elif self._root_key == "rdf_rdf" and not self._is_atom:
            self._read_rdf()
        else:
            raise Unsure(self._root_key)
        return Elements(self._version, self._feed, self._entries, None)

    def _check_namespaces(self, document: bytes) -> None:
        declared = dict(self._root.nsmap)
        every = set(declared.items())
        if document.count(b"xmlns") > len(declared):
            for _, (prefix, uri) in etree.iterwalk(self._root, events=("start-ns",)):
                every.add((prefix or None, uri))
                if declared.setdefault(prefix or None, uri) != uri and prefix:
                    raise Unsure(uri)
        defaults = {uri for prefix, uri in every if prefix is None and uri.lower() not in PREFIXES}
        if any(prefix is not None and uri in defaults for prefix, uri in every):
            raise Unsure("a namespace with a prefix and without")
        standard = {PREFIXES.get(uri.lower()) for _, uri in every}
        for prefix, uri in every:
            check_namespace(prefix, uri, standard)

    def _version_of(self, stated: dict[str, str]) -> str:
        version = ""
        for prefix, stated_uri in self._root.nsmap.items():
            uri = stated_uri.lower()
            if prefix is None and uri == "http://my.netscape.com/rdf/simple/0.9/":
                version = version or "rss090"
            elif uri == "http://purl.org/rss/1.0/":
                version = version or "rss10"
            elif uri == "http://www.w3.org/2005/atom":
                version = version or "atom10"
        number = stated.get("version", "")
        if self._root_key == "rss" and not version.startswith("rss"):
            return _RSS_VERSIONS.get(number) or ("rss20" if number.startswith("2.") else "rss")
        if self._root_key == "feed" and not version:
            return _ATOM_VERSIONS.get(number, "atom")
        return version

    def _read_rss(self) -> None:
        channels = [child for child in self._root.iterchildren() if self._reading.key_of(child) == "channel"]
        if len(channels) != 1 or len(self._root) != 1:
            raise Unsure("channel")
        self._read_feed(channels[0], self._scope)

    def _read_rdf(self) -> None:
        for number, child in enumerate(self._root.iterchildren()):
            key = self._reading.key_of(child)
            if key == "channel" and number == 0:
                self._read_feed(child, self._scope)
            elif key == "item" and number:
                self._read_entry(child, self._scope)
            elif key in {"image", "textinput"} and number:
                self._check_flat(child, _IN_IMAGE if key == "image" else _IN_INPUT)
            elif number:
                check_harmless(child, key, self._reading)
            else:
                raise Unsure(key)

    def _read_entry(self, node: Node, scope: Scope) -> None:
        if len(self._entries) <= MAX_ENTRIES:
            self._entries.append(self._entry_reader.read(node, scope))

    def _read_feed(self, node: Node, scope: Scope) -> None:
        stated = attributes(node)
        if node is not self._root:
            scope = scope.within(stated)
        if "href" in stated or "lastmod" in stated:
            raise Unsure("CDF")
        for child in node.iterchildren():
            key = self._reading.key_of(child)
            if key in {"item", "entry"}:
                self._read_entry(child, scope)
            else:
                self._read_property(child, key, scope)

    def _read_property(self, node: Node, key: str, scope: Scope) -> None:  # noqa: PLR0912 - a table of elements
        feed = self._feed
        if key in {"title", "dc_title"}:
            if "title" in feed:
                raise Unsure(key)
            self._check_text(node)
            feed["title"] = self._reading.output(text_of(node))
        elif key == "link":
            page = link_of(node, scope, self._reading)[1]
            if page:
                feed["link"] = page
        elif key in {"language", "dc_language"}:
            feed["language"] = self._reading.output(text_of(node))
        elif key in {"ttl", "sy_updateperiod", "sy_updatefrequency"}:
            if node.keys():
                raise Unsure(key)
            feed[key] = self._reading.output(text_of(node))
        elif key in {"guid", "id"}:
            if attributes(node).get("ispermalink", "true").strip().lower() == "true":
                feed.setdefault("link", self._reading.output(text_of(node)))
        elif key in _PERSONS:
            self._read_person(node, key, scope)
        elif key in _SUMMARIES:
            if self._has_summary:
                raise Unsure(key)
            self._has_summary = key in {"summary", "itunes_summary"}
            self._check_text(node)
        elif key in {"image", "textinput"}:
            self._check_flat(node, _IN_IMAGE if key == "image" else _IN_INPUT)
        elif key == "itunes_owner" and not self._is_atom:
            self._check_flat(node, frozenset({"itunes_name", "itunes_email"}))
        elif key == "itunes_category":
            self._check_flat(node, frozenset({"itunes_category"}))
        elif key == "contributor":
            person_of(node, self._reading, "")
        elif key not in _HARMLESS or len(node):
            check_harmless(node, key, self._reading)

    def _read_person(self, node: Node, key: str, scope: Scope) -> None:
        if not self._is_atom:
            if len(node):
                raise Unsure(key)
            return
        if key != "author" or node.keys():
            raise Unsure(key)
        person, self._author = person_of(node, self._reading, self._author)
        if person.get("href"):
            person["href"] = self._reading.output(scope.resolve(person["href"]))
        self._feed.setdefault("authors", []).append(person)

    def _check_text(self, node: Node) -> None:
        """Raise Unsure unless a text construct is of a kind that feedparser takes as it is."""
        stated = attributes(node)
        if stated.get("mode") == "base64" or len(node):
            raise Unsure(node.tag)
        media_type = stated.get("type", "text")
        if media_type not in {"text", "plain", "html", "text/plain", "text/html"}:
            raise Unsure(media_type)

    def _check_flat(self, node: Node, allowed: frozenset[str]) -> None:
        for child in node.iterchildren():
            if self._reading.key_of(child) not in allowed or len(child):
                raise Unsure(child.tag)
