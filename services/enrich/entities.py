"""What an entity tagger is, and how an article's fields get to it: named fields in, fields with their spans out.

The document pass then makes one entity of all the spans that mean the same.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from schemas.enriched import EntityType

TITLE: Final = "title"  # the field of headlines
LIKELY: Final = 0.8  # the score of a span that no tagger, but a rule has found
MAX_TAGGED_CHARS: Final = 100_000  # of one article, about 16,000 words: longer than reports are, a fifth of a second


class Span(NamedTuple):
    """`start` and `end` are Unicode code points of the text that was tagged.

    `score` is the tagger's own probability that span and type are right, 1 if it gives none.
    """

    start: int
    end: int
    type: EntityType
    score: float = 1.0


class EntityTagger(Protocol):
    """Marks persons, organisations and places. Any model fits behind it; the document pass does the rest."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def languages(self) -> frozenset[str]:
        """ISO 639-1 codes of the languages it reads."""

    def tag(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """The spans of each text, in order and without overlap. Texts have been through `straighten`."""


@dataclass(frozen=True, slots=True)
class TaggedText:
    """A field of an article as the tagger read it, with its spans."""

    field: str
    text: str
    spans: tuple[Span, ...]


_STRAIGHT: Final = {
    "’": "'",
    "‘": "'",
    "ʼ": "'",
    "“": '"',
    "”": '"',
    "„": '"',
    "\u00a0": " ",
    "\u202f": " ",
}
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def straighten(text: str) -> str:
    """The text with curly quotes, no-break spaces and lone surrogates replaced one for one, so that offsets hold.

    Models are trained on straight quotes, and cannot encode a lone surrogate.
    """
    for written, straight in _STRAIGHT.items():
        text = text.replace(written, straight)
    return _LONE_SURROGATE.sub("\ufffd", text)


def cap_fields(fields: Mapping[str, str], max_chars: int = MAX_TAGGED_CHARS) -> tuple[dict[str, str], bool]:
    """The fields in their order, straightened, up to `max_chars` in all; and whether anything was left out."""
    capped: dict[str, str] = {}
    left = max_chars
    for field, text in fields.items():
        capped[field] = straighten(text[:left])
        left -= len(capped[field])
    return capped, sum(map(len, fields.values())) > max_chars


def tag_fields(articles: Sequence[Mapping[str, str]], tagger: EntityTagger) -> list[tuple[TaggedText, ...]]:
    """The tagged fields of each article, all texts in one call of the tagger.

    A field that another one starts with, as a summary often is, is not tagged twice.
    """
    sources = [{field: _longest_continuation(text, fields) for field, text in fields.items()} for fields in articles]
    texts = list(dict.fromkeys(source for by_field in sources for source in by_field.values()))
    spans_of = dict(zip(texts, tagger.tag(texts), strict=True))
    return [
        tuple(
            TaggedText(field, text, tuple(span for span in spans_of[by_field[field]] if span.end <= len(text)))
            for field, text in fields.items()
        )
        for fields, by_field in zip(articles, sources, strict=True)
    ]


def _longest_continuation(text: str, fields: Mapping[str, str]) -> str:
    return max((other for other in fields.values() if other.startswith(text)), key=len)
