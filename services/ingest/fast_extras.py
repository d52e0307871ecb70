"""Categories and media of an entry on the fast route: each function adds what an lxml element states to the dict."""

from collections.abc import Callable
from typing import Final

from services.ingest.fast_nodes import Attributes, Node, Reading, Scope, Unsure, attributes, check_harmless, text_of
from services.ingest.mended_parser import Element, image_address

_ITUNES: Final = "http://www.itunes.com/"
_MRSS_CATEGORY: Final = "http://search.yahoo.com/mrss/category_schema"
# feedparser does something with these, but nothing that shows, as long as they hold text alone.
_HARMLESS: Final = frozenset(
    {
        *("dc_contributor", "dc_publisher", "webmaster", "expirationdate", "subtitle", "tagline", "generator"),
        *("georss_point", "georss_line", "georss_polygon", "georss_box", "media_rating", "dcterms_valid"),
        *("media_license", "media_player", "media_restriction", "itunes_block", "itunes_explicit", "itunes_subtitle"),
    }
)
_IN_IMAGE: Final = frozenset({"url", "width", "height", "title", "link", "description"})


def read_other(element: Element, node: Node, key: str, reading: Reading) -> None:
    """An element that has no reader. Raises Unsure if feedparser makes something of it."""
    if key in {"dc_source", "feedburner_origlink"}:
        if node.keys():
            raise Unsure(key)
        element[key] = reading.output(text_of(node))
    elif key not in _HARMLESS or len(node):
        check_harmless(node, key, reading)


def resolved(node: Node, scope: Scope) -> Element:
    """The attributes of `node`, its `url` absolute."""
    stated = attributes(node)
    if url := stated.get("url"):
        return {**stated, "url": scope.within(stated).resolve(url)}
    return {**stated}


def _add_tag(element: Element, term: str | None, scheme: str | None, label: str | None) -> None:
    tags: list[Element] = element.setdefault("tags", [])
    if term or scheme or label:
        tag: Element = {"term": term, "scheme": scheme, "label": label}
        if tag not in tags:
            tags.append(tag)


def _category(element: Element, node: Node, scope: Scope, reading: Reading) -> None:
    _tag(element, node, attributes(node), reading)


def _media_category(element: Element, node: Node, scope: Scope, reading: Reading) -> None:
    _tag(element, node, {"scheme": _MRSS_CATEGORY, **attributes(node)}, reading)


def _itunes_category(element: Element, node: Node, scope: Scope, reading: Reading) -> None:
    _add_tag(element, attributes(node).get("text"), _ITUNES, None)
    _name_tag(element, node, reading)


def _tag(element: Element, node: Node, stated: Attributes, reading: Reading) -> None:
    _add_tag(element, stated.get("term"), stated.get("scheme", stated.get("domain")), stated.get("label"))
    _name_tag(element, node, reading)


def _name_tag(element: Element, node: Node, reading: Reading) -> None:
    """The text of a category is the term of the last one that has none."""
    if value := reading.output(text_of(node)):
        tags: list[Element] = element["tags"]
        if tags and not tags[-1]["term"]:
            tags[-1]["term"] = value
        else:
            _add_tag(element, value, None, None)


def _keywords(element: Element, node: Node, scope: Scope, reading: Reading) -> None:
    _split(element, node, reading, None)


def _itunes_keywords(element: Element, node: Node, scope: Scope, reading: Reading) -> None:
    _split(element, node, reading, _ITUNES)


def _split(element: Element, node: Node, reading: Reading, scheme: str | None) -> None:
    if node.keys():
        raise Unsure(node.tag)
    for term in reading.output(text_of(node)).split(","):
        if term.strip():
            _add_tag(element, term.strip(), scheme, None)


def _media_content(element: Element, node: Node, scope: Scope, reading: Reading) -> None:
    _objects(element).append({**resolved(node, scope), "kind": "content"})
    if len(node):
        _media_within(element, node, scope.within(attributes(node)), reading, is_object=True)


def _media_group(element: Element, node: Node, scope: Scope, reading: Reading) -> None:
    _media_within(element, node, scope.within(attributes(node)), reading, is_object=False)


def _media_within(element: Element, node: Node, scope: Scope, reading: Reading, *, is_object: bool) -> None:
    for child in node.iterchildren():
        key = reading.key_of(child)
        if key == "media_content" and is_object:
            raise Unsure(key)
        if key == "media_description" and is_object:
            text_of(child)
        elif key.startswith("media_") and key != "media_group" and (read := EXTRAS.get(key)):
            read(element, child, scope, reading)
        else:
            read_other(element, child, key, reading)


def _media_thumbnail(element: Element, node: Node, scope: Scope, reading: Reading) -> None:
    if len(node):
        raise Unsure(node.tag)
    _objects(element).append({**resolved(node, scope), "kind": "thumbnail"})


def _itunes_image(element: Element, node: Node, scope: Scope, reading: Reading) -> None:
    text_of(node)
    stated = attributes(node)
    _picture(element, image_address(stated), scope.within(stated))


def _image(element: Element, node: Node, scope: Scope, reading: Reading) -> None:
    """An item's own picture, as RSS has it for channels."""
    stated = attributes(node)
    scope = scope.within(stated)
    _picture(element, image_address(stated), scope)
    for child in node.iterchildren():
        key = reading.key_of(child)
        if key not in _IN_IMAGE or child.keys() or (child.tail and child.tail.strip()):
            raise Unsure(key)
        text = text_of(child)
        if key == "url":
            _picture(element, reading.output(scope.resolve(text)) if text else None, scope)
    text = (node.text or "").strip()
    if text and len(node):
        raise Unsure(node.tag)
    _picture(element, image_address({"url": reading.output(text)}), scope)


def _picture(element: Element, address: str | None, scope: Scope) -> None:
    if address:
        _objects(element).append({"url": scope.resolve(address), "kind": "thumbnail"})


def _media_title(element: Element, node: Node, scope: Scope, reading: Reading) -> None:
    _describe(element, "title", text_of(node))


def _media_credit(element: Element, node: Node, scope: Scope, reading: Reading) -> None:
    _describe(element, "credit", text_of(node))


def _media_description(element: Element, node: Node, scope: Scope, reading: Reading) -> None:
    if value := text_of(node):
        element.setdefault("media_description", value)


def _objects(element: Element) -> list[Element]:
    objects: list[Element] = element.setdefault("media_objects", [])
    return objects


def _describe(element: Element, name: str, value: str) -> None:
    objects = _objects(element)
    if value and objects:
        objects[-1].setdefault(name, value)
    elif value and name == "credit":
        element.setdefault("media_credit", value)


EXTRAS: Final[dict[str, Callable[[Element, Node, Scope, Reading], None]]] = {
    **dict.fromkeys(("category", "dc_subject", "keywords"), _category),
    "media_category": _media_category,
    "itunes_category": _itunes_category,
    "media_keywords": _keywords,
    "itunes_keywords": _itunes_keywords,
    "image": _image,
    "itunes_image": _itunes_image,
    "media_content": _media_content,
    "media_group": _media_group,
    "media_thumbnail": _media_thumbnail,
    "media_title": _media_title,
    "media_credit": _media_credit,
    "media_description": _media_description,
}
