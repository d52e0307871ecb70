"""The gold set as values: files of `tests/gold` in, items with their spans out. Its README tells the format."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from schemas.article import Category, Publisher
from schemas.enriched import EntityType
from schemas.media_topics import MEDIA_TOPIC_BY_SLUG

GOLD_FOLDER: Final = Path(__file__).parents[1] / "gold"
PARTS: Final = ("dev", "final")
MAX_MEDIA_TOPICS: Final = 3

_HEADERS: Final = frozenset({"topics", "language", "title", "summary"})
_TYPES: Final = frozenset(EntityType)
_ID: Final = re.compile(r"[a-z0-9-]+")
_SPAN: Final = re.compile(r"\[([^\[\]]*)\]\(([^()]*)\)")


class GoldError(ValueError):
    """A file of the gold set does not follow its format. Names the file and the line or the item."""


class TypedSpan(NamedTuple):
    """`start` and `end` count Unicode code points of the named field."""

    field: str
    start: int
    end: int
    type: EntityType


@dataclass(frozen=True, slots=True)
class GoldItem:
    """An article as enrich reads it, and what should come out. `media_topics` are codes, most important first.

    Without media topics it counts for language alone.
    """

    id: str
    language: str
    title: str
    summary: str | None
    body: str | None
    spans: frozenset[TypedSpan]
    media_topics: tuple[str, ...]
    declared_language: str | None = None
    publisher: Publisher | None = None
    categories: tuple[Category, ...] = ()

    def text(self, span: TypedSpan) -> str:
        return {"title": self.title, "summary": self.summary or "", "body": self.body or ""}[span.field][
            span.start : span.end
        ]


def read_gold(part: str, folder: Path = GOLD_FOLDER) -> list[GoldItem]:
    """All items of `dev` or `final`, in order of file name. Raises GoldError."""
    return [item for path in sorted((folder / part).glob("*.txt")) for item in read_file(path)]


def read_file(path: Path) -> list[GoldItem]:
    """Raises GoldError."""
    return [_parse_item(f"{path.parent.name}/{path.name}:{line}", text) for line, text in _cut_items(path)]


def _cut_items(path: Path) -> Iterator[tuple[int, str]]:
    """Each item from its `##` on, with the number of that line."""
    text = path.read_text(encoding="utf-8")
    starts = [match.start() for match in re.finditer(r"^## ", text, re.MULTILINE)]
    if text[: starts[0] if starts else None].strip():
        raise GoldError(f"{path.parent.name}/{path.name}:1: an item starts with '## id'")
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        yield text.count("\n", 0, start) + 1, text[start:end]


def _parse_item(place: str, text: str) -> GoldItem:
    head, _, body = text.strip().partition("\n\n")
    first, *lines = head.split("\n")
    item_id = first.removeprefix("## ").strip()
    if not _ID.fullmatch(item_id):
        raise GoldError(f"{place}: id {item_id!r} is not in lower-case letters, digits and hyphens")
    headers = _parse_headers(place, lines)
    if "title" not in headers or not (body or "summary" in headers):
        raise GoldError(f"{place}: an item needs a title, and a summary or a body")
    marked = {"title": headers["title"], "summary": headers.get("summary", ""), "body": body}
    plain, spans = {}, set[TypedSpan]()
    for field, field_text in marked.items():
        plain[field], found = read_markup(field, field_text, place)
        spans |= found
    return GoldItem(
        id=item_id,
        language=headers.get("language", "en"),
        title=plain["title"],
        summary=plain["summary"] or None,
        body=plain["body"] or None,
        spans=frozenset(spans),
        media_topics=_media_topics(place, headers["topics"]) if "topics" in headers else (),
    )


def _parse_headers(place: str, lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or name not in _HEADERS or name in headers or not value.strip():
            raise GoldError(f"{place}: {line!r} is none of {', '.join(sorted(_HEADERS))}, given once with a value")
        headers[name] = value.strip()
    return headers


def _media_topics(place: str, value: str) -> tuple[str, ...]:
    slugs = [slug.strip() for slug in value.split(",")]
    unknown = [slug for slug in slugs if slug not in MEDIA_TOPIC_BY_SLUG]
    if unknown or len(set(slugs)) != len(slugs) or len(slugs) > MAX_MEDIA_TOPICS:
        raise GoldError(f"{place}: topics are one to three different slugs of schemas/media_topics.py, not {value!r}")
    return tuple(MEDIA_TOPIC_BY_SLUG[slug].code for slug in slugs)


def read_markup(field: str, marked: str, place: str) -> tuple[str, set[TypedSpan]]:
    """The text without its markup, and the spans in it. Raises GoldError."""
    pieces: list[str] = []
    spans: set[TypedSpan] = set()
    length = end = 0
    for match in _SPAN.finditer(marked):
        name, type_name = match.groups()
        if name != name.strip() or not name or type_name not in _TYPES:
            raise GoldError(f"{place}: {match[0]!r} in {field} is no [name](person|organisation|place)")
        pieces += [marked[end : match.start()], name]
        length += match.start() - end
        spans.add(TypedSpan(field, length, length + len(name), EntityType(type_name)))
        length += len(name)
        end = match.end()
    text = "".join([*pieces, marked[end:]])
    if stray := re.search(r".{0,20}[\[\]].{0,20}", text):
        raise GoldError(f"{place}: stray bracket in {field}: {stray[0]!r}")
    return text, spans
