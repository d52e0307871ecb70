"""The sizes that keep a record under the log's limit, whatever the entry: shares of 1 MiB, counted in bytes of JSON.

An article may take 570 KiB, its raw entry 352 KiB; the rest is for feed references, keys, headers and punctuation.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from schemas.contract import Contract
from schemas.entry import Entry, StatedText
from services.ingest.markup import sanitised

KIBIBYTE = 1024
MAX_ENTRY_BYTES = 352 * KIBIBYTE
MAX_BODY_CHARACTERS = 200_000


@dataclass(frozen=True, slots=True)
class TextLimit:
    characters: int
    json_bytes: int


# 6 + 40 + 256 + 176 for texts, 4 + 4 for addresses, 16 + 16 + 48 for lists: 566 KiB, and 4 KiB for the small fields.
TEXT_LIMITS: Final = {
    "title": TextLimit(1_000, 6 * KIBIBYTE),
    "summary": TextLimit(10_000, 40 * KIBIBYTE),
    "body": TextLimit(MAX_BODY_CHARACTERS, 256 * KIBIBYTE),
    "body_html": TextLimit(MAX_BODY_CHARACTERS, 176 * KIBIBYTE),
    "url": TextLimit(2_000, 4 * KIBIBYTE),
    "guid": TextLimit(2_000, 4 * KIBIBYTE),
}
LIST_BYTES: Final = {"authors": 16 * KIBIBYTE, "categories": 16 * KIBIBYTE, "media": 48 * KIBIBYTE}
LIST_ITEMS: Final = {"authors": 50, "categories": 100, "media": 50}

# The raw entry, if it is over its limit: texts are cut to these, then only what identifies it stays.
_ENTRY_TEXT_BYTES = 140 * KIBIBYTE
_ENTRY_TITLE_BYTES = 8 * KIBIBYTE
_ENTRY_STRING_BYTES = 4 * KIBIBYTE

_HALF = re.compile(r"<[^>]*\Z|&#?\w*\Z")  # a tag or reference that a cut went through
_MOST_BYTES = 6  # of one character in JSON: \u0000

Item = TypeVar("Item", bound=Contract)


class Limits:
    """Cuts the fields of one article and remembers which were cut."""

    def __init__(self) -> None:
        self._cut: list[str] = []

    @property
    def truncated(self) -> tuple[str, ...]:
        return tuple(self._cut)

    def text(self, name: str, text: str | None) -> str | None:
        """`text` within its limit; None if empty."""
        if not text:
            return None
        limit = TEXT_LIMITS[name]
        kept = cut_bytes(cut(text, limit.characters), limit.json_bytes)
        if len(kept) < len(text):
            self._cut.append(name)
        return kept or None

    def markup(self, name: str, markup: str | None) -> str | None:
        """Sanitised `markup` within its limit, still well-formed."""
        if not markup:
            return None
        limit = TEXT_LIMITS[name]
        kept, room = markup, limit.json_bytes
        while len(kept) > limit.characters or len(cut_bytes(kept, limit.json_bytes)) < len(kept):
            room = room * 3 // 4  # closing what the cut left open takes room as well
            kept = sanitised(_HALF.sub("", cut_bytes(kept[: limit.characters], room)))
        if kept != markup:
            self._cut.append(name)
        return kept or None

    def whole(self, name: str, text: str | None) -> str | None:
        """`text` if it is within its limit, else None: half an identity is none."""
        kept = self.text(name, text)
        return kept if kept == text else None

    def items(self, name: str, items: Iterable[Item]) -> tuple[Item, ...]:
        """As many of `items` as their limit allows, each once."""
        kept: dict[Item, None] = {}
        room = LIST_BYTES[name]
        for item in items:
            if item in kept:
                continue
            room -= len(item.to_json()) + 1
            if room < 0 or len(kept) == LIST_ITEMS[name]:
                self._cut.append(name)
                break
            kept[item] = None
        return tuple(kept)


def cut(text: str, characters: int) -> str:
    """At most `characters` of `text`, preferably ending with a whole word."""
    if len(text) <= characters:
        return text
    space = text.rfind(" ", characters - 40 if characters > 80 else characters, characters)
    return text[: space if space > 0 else characters].rstrip()


def cut_bytes(text: str, json_bytes: int) -> str:
    """At most as much of `text` as `json_bytes` of JSON hold."""
    if _MOST_BYTES * len(text) <= json_bytes or json_size(text) <= json_bytes:
        return text
    low, high = 0, min(len(text), json_bytes)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if json_size(text[:middle]) <= json_bytes else (low, middle - 1)
    return text[:low].rstrip()


def json_size(text: str) -> int:
    """Bytes of `text` within a JSON string as pydantic writes it: UTF-8, only what must be escaped is."""
    escaped = sum(text.count(character) for character in '"\\\n\t\r\b\f')
    controls = (
        0 if text.isprintable() else sum(1 for character in text if character < " " and character not in "\n\t\r\b\f")
    )
    return len(text.encode("utf-8", "replace")) + escaped + 5 * controls


def bounded_entry_json(entry: Entry) -> tuple[bytes, bool]:
    """`entry` as JSON of at most MAX_ENTRY_BYTES, and whether it had to be cut for that."""
    stated = entry.to_json()
    if len(stated) <= MAX_ENTRY_BYTES:
        return stated, False
    contents = sorted(entry.contents, key=lambda content: len(content.value), reverse=True)[:1]
    smaller = entry.model_copy(
        update={
            "title": _cut_text(entry.title, _ENTRY_TITLE_BYTES),
            "summary": _cut_text(entry.summary, _ENTRY_TEXT_BYTES),
            "contents": tuple(_cut_text(content, _ENTRY_TEXT_BYTES) for content in contents),
        }
    )
    stated = smaller.to_json()
    if len(stated) <= MAX_ENTRY_BYTES:
        return stated, True
    bare = Entry(
        guid=_cut_string(entry.guid),
        links=tuple(
            link.model_copy(update={"href": _cut_string(link.href), "title": None})
            for link in entry.links[:1]
            if len(link.rel) + len(link.media_type or "") < 200
        ),
        title=_bare_text(smaller.title),
        summary=_bare_text(smaller.summary),
        contents=tuple(text for content in smaller.contents if (text := _bare_text(content))),
        published=_cut_string(entry.published),
        updated=_cut_string(entry.updated),
        language=_cut_string(entry.language),
    )
    return bare.to_json(), True


def _cut_text(text: StatedText | None, json_bytes: int) -> StatedText | None:
    return text and text.model_copy(update={"value": cut_bytes(text.value, json_bytes)})


def _bare_text(text: StatedText | None) -> StatedText | None:
    return text and StatedText(value=text.value, media_type=cut_bytes(text.media_type, 100))


def _cut_string(text: str | None) -> str | None:
    return None if text is None else cut_bytes(text, _ENTRY_STRING_BYTES)
