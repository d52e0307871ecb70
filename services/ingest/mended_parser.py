"""What feedparser gets wrong, put right: a class to stand before each of its parsers."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from services.ingest.urls import tidied

Element = dict[str, Any]

_ADDRESS = re.compile(r"\S*[./]\S*")


class Mended:
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
        return str(super().resolve_uri(tidied(uri)))  # type: ignore[misc]

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


def image_address(stated: Mapping[str, str]) -> str | None:
    """The address among the attributes of an image, None if there is none, or a caption in its place."""
    address = (stated.get("href") or stated.get("url") or stated.get("src") or "").strip()
    return address if _ADDRESS.fullmatch(address) else None
