"""Read one item or entry on the fast route: an lxml element in, the dict that feedparser would give out."""

from collections.abc import Callable
from typing import Final

from services.ingest.elements import looks_like_html
from services.ingest.fast_extras import EXTRAS, read_other, resolved
from services.ingest.fast_nodes import (
    Node,
    Reading,
    Scope,
    Unsure,
    attributes,
    check_harmless,
    markup_of,
    text_of,
)
from services.ingest.mended_parser import Element

_PERSON: Final = {"name": "name", "url": "href", "uri": "href", "homepage": "href", "email": "email"}
_IN_SOURCE: Final = frozenset(
    {"id", "updated", "published", "rights", "subtitle", "icon", "logo", "generator", "category", "modified", "tagline"}
)
_MIME: Final = {"text": "text/plain", "plain": "text/plain", "html": "text/html", "xhtml": "application/xhtml+xml"}


def link_of(node: Node, scope: Scope, reading: Reading) -> tuple[Element, str | None]:
    """A link as feedparser lists it, and the address that becomes its context's `link`, None if it sets none."""
    link: Element = {**attributes(node)}
    scope = scope.within(link)
    relation = link.setdefault("rel", "alternate")
    media_type = link.setdefault("type", "application/atom+xml" if relation == "self" else "text/html")
    stated = link.get("url", link.get("uri", link.get("href")))
    if stated or "href" in link:
        if len(node):
            raise Unsure(node.tag)
        link["href"] = scope.resolve(stated or "")
        is_page = relation == "alternate" and _mime(media_type) in {"text/html", "application/xhtml+xml"}
        return link, link["href"] if is_page else None
    address = text_of(node)
    if address:
        address = reading.output(scope.resolve(address))
        if "&" in address and ";" in address:
            raise Unsure(address)
        link["href"] = address
    return link, address


def person_of(node: Node, reading: Reading, before: str) -> tuple[Element, str]:
    """An author, and its text outside of elements; `before` is that of the author before."""
    if not len(node):
        name = reading.output(text_of(node))
        return ({"name": name} if name else {}), name
    if before or (node.text and node.text.strip()):
        raise Unsure(node.tag)
    person: Element = {}
    scope = Scope("", None)
    for child in node.iterchildren():
        key = reading.key_of(child)
        field = _PERSON.get(key)
        if field is None:
            check_harmless(child, key, reading)  # Blogger's `gd:image`
        if field in person or (child.tail and child.tail.strip()) or scope.within(attributes(child)) != scope:
            raise Unsure(child.tag)
        if field is not None:
            person[field] = text_of(child)
    return person, ""


def _mime(media_type: str) -> str:
    media_type = media_type.lower()
    return _MIME.get(media_type, media_type)


class EntryReader:
    """Reads the entries of one document, one after the other."""

    def __init__(self, reading: Reading, version: str) -> None:
        self._reading = reading
        self._is_atom = version.startswith("atom")
        self._unwraps = version == "atom10"

    def read(self, node: Node, scope: Scope) -> Element:
        """Raises Unsure if feedparser might see it otherwise."""
        self._element: Element = {}
        self._has_content = self._has_summary = self._has_title = False
        self._author = ""
        stated = attributes(node)
        if stated:
            scope = scope.within(stated)
            if "href" in stated or "lastmod" in stated:
                raise Unsure("CDF")
            if about := stated.get("rdf:about"):
                self._element["id"] = about
        key_of = self._reading.key_of
        for child in node.iterchildren():
            key = key_of(child)
            read = _READERS.get(key)
            if read is not None:
                read(self, child, scope)
            elif (read_extra := EXTRAS.get(key)) is not None:
                read_extra(self._element, child, scope, self._reading)
            else:
                read_other(self._element, child, key, self._reading)
        return self._element

    def _detail(self, node: Node, scope: Scope, default: str) -> Element:
        """A text construct: what feedparser keeps under `title_detail` and in `content`."""
        stated = attributes(node)
        scope = scope.within(stated)
        media_type = _mime(stated.get("type", default)) if stated else default
        language = scope.language and scope.language.replace("_", "-")
        detail: Element = {"type": media_type, "language": language, "base": scope.base}
        if media_type == "application/xhtml+xml" and self._is_atom and stated.get("mode") != "base64":
            detail["value"] = self._reading.output(markup_of(node, unwrap=self._unwraps))
            return detail
        if not media_type.startswith("text/") or media_type.endswith("xml") or stated.get("mode") == "base64":
            raise Unsure(media_type)
        text = text_of(node)
        if not self._is_atom and media_type == "text/plain" and ("<" in text or "&" in text) and looks_like_html(text):
            detail["type"] = "text/html"
        detail["value"] = self._reading.output(text)
        return detail

    def _title(self, node: Node, scope: Scope) -> None:
        detail = self._detail(node, scope, "text/plain")
        if not self._has_title:
            self._element["title_detail"] = detail
            self._has_title = bool(detail["value"])

    def _description(self, node: Node, scope: Scope) -> None:
        if self._has_summary and not self._has_content:
            self._content(node, scope)
        else:
            self._has_summary = True
            self._element["summary_detail"] = self._detail(node, scope, "text/html")

    def _summary(self, node: Node, scope: Scope) -> None:
        if self._has_summary and not self._has_content:
            self._content(node, scope)
        else:
            self._has_summary = True
            self._element["summary_detail"] = self._detail(node, scope, "text/plain")

    def _content(self, node: Node, scope: Scope, default: str = "text/plain") -> None:
        self._has_content = True
        detail = self._detail(node, scope, default)
        self._has_summary |= detail["type"] in {"text/plain", "text/html", "application/xhtml+xml"}
        self._element.setdefault("content", []).append(detail)

    def _encoded(self, node: Node, scope: Scope) -> None:
        self._content(node, scope, "text/html")

    def _guid(self, node: Node, scope: Scope) -> None:
        guid = self._reading.output(text_of(node))
        self._element["id"] = guid
        if attributes(node).get("ispermalink", "true").strip().lower() == "true":
            self._element.setdefault("link", guid)

    def _link(self, node: Node, scope: Scope) -> None:
        link, page = link_of(node, scope, self._reading)
        self._element.setdefault("links", []).append(link)
        if page:
            self._element["link"] = page

    def _enclosure(self, node: Node, scope: Scope) -> None:
        if len(node):
            raise Unsure(node.tag)
        link = resolved(node, scope)
        if href := link.get("url", link.get("uri", link.get("href"))):
            link["href"] = href
        link["rel"] = "enclosure"
        self._element.setdefault("links", []).append(link)

    def _person(self, node: Node, scope: Scope) -> None:
        if "xml:base" in attributes(node) or "base" in attributes(node):
            raise Unsure(node.tag)
        person, self._author = person_of(node, self._reading, self._author)
        if person.get("href"):
            person["href"] = self._reading.output(scope.resolve(person["href"]))
        self._element.setdefault("authors", []).append(person)

    def _contributor(self, node: Node, scope: Scope) -> None:
        person_of(node, self._reading, "")

    def _published(self, node: Node, scope: Scope) -> None:
        self._element["published"] = self._reading.output(text_of(node))

    def _updated(self, node: Node, scope: Scope) -> None:
        self._element["updated"] = self._reading.output(text_of(node))

    def _created(self, node: Node, scope: Scope) -> None:
        self._element["created"] = self._reading.output(text_of(node))

    def _language(self, node: Node, scope: Scope) -> None:
        self._element["language"] = self._reading.output(text_of(node))

    def _rights(self, node: Node, scope: Scope) -> None:
        self._element["rights"] = self._detail(node, scope, "text/plain")["value"]

    def _source(self, node: Node, scope: Scope) -> None:
        stated = attributes(node)
        scope = scope.within(stated)
        source: Element = {"href": stated["url"]} if "url" in stated else {}
        for child in node.iterchildren():
            key = self._reading.key_of(child)
            if child.tail and child.tail.strip():
                raise Unsure(key)
            if key == "title" and "title" not in source:
                source["title"] = self._detail(child, scope, "text/plain")["value"]
            elif key == "link" and child.get("href"):
                page = link_of(child, scope, self._reading)[1]
                if page is not None:
                    source["link"] = page
            elif key == "author":
                if person_of(child, self._reading, "")[0].get("href"):
                    raise Unsure(key)
            elif key not in _IN_SOURCE or len(child):
                raise Unsure(key)
            elif key == "id" and child.get("isPermaLink") is None:
                source.setdefault("link", self._reading.output(text_of(child)))
        name = self._reading.output((node.text or "").strip())
        if len(node) and name:
            raise Unsure(node.tag)
        if name:
            source["title"] = name
        self._element["source"] = source
        self._has_title = False


_READERS: Final[dict[str, Callable[[EntryReader, Node, Scope], None]]] = {
    **dict.fromkeys(("title", "dc_title"), EntryReader._title),
    **dict.fromkeys(("description", "dc_description"), EntryReader._description),
    **dict.fromkeys(("summary", "itunes_summary"), EntryReader._summary),
    **dict.fromkeys(("content_encoded", "fullitem"), EntryReader._encoded),
    **dict.fromkeys(("content", "yandex_full-text"), EntryReader._content),
    **dict.fromkeys(("guid", "id"), EntryReader._guid),
    "link": EntryReader._link,
    "enclosure": EntryReader._enclosure,
    **dict.fromkeys(("author", "dc_creator", "dc_author", "itunes_author"), EntryReader._person),
    "contributor": EntryReader._contributor,
    **dict.fromkeys(("pubdate", "published", "issued", "dcterms_issued"), EntryReader._published),
    **dict.fromkeys(("updated", "modified", "lastbuilddate", "dc_date", "dcterms_modified"), EntryReader._updated),
    **dict.fromkeys(("created", "dcterms_created"), EntryReader._created),
    **dict.fromkeys(("language", "dc_language"), EntryReader._language),
    **dict.fromkeys(("rights", "copyright", "dc_rights"), EntryReader._rights),
    "source": EntryReader._source,
}
