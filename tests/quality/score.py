"""Scores of tags against the gold set. Values in, counts and shares out."""

import random
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final, Self, TypeVar

from tests.quality.gold import TypedSpan

Item = TypeVar("Item")

RESAMPLES: Final = 1000
WRONG_TYPE: Final = "type"
BOUNDARY: Final = "boundary"
MISSED: Final = "missed"
INVENTED: Final = "invented"
NONE: Final = "none"


@dataclass(frozen=True, slots=True)
class Counts:
    """What was found and right, found and wrong, and not found."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @classmethod
    def of(cls, gold: AbstractSet[object], found: AbstractSet[object]) -> Self:
        return cls(len(gold & found), len(found - gold), len(gold - found))

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.right + other.right, self.wrong + other.wrong, self.missed + other.missed)

    @property
    def precision(self) -> float:
        return _share(self.right, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return _share(self.right, self.right + self.missed)

    @property
    def f1(self) -> float:
        return _share(2 * self.right, 2 * self.right + self.wrong + self.missed)


def _share(part: int, whole: int) -> float:
    """0 where there is nothing to share."""
    return part / whole if whole else 0.0


def f1_interval(counts: Sequence[Counts]) -> tuple[float, float]:
    """The 95 % interval of F1 over other draws of as many articles; `counts` has one for each article (bootstrap)."""
    return _interval(sum(draw, start=Counts()).f1 for draw in _draws(counts))


def f1_gain_interval(ours: Sequence[Counts], theirs: Sequence[Counts]) -> tuple[float, float]:
    """The 95 % interval of our F1 less theirs, both on the same draws of articles (paired bootstrap)."""
    pairs = list(zip(ours, theirs, strict=True))
    totals = ([sum(side, start=Counts()) for side in zip(*draw, strict=True)] for draw in _draws(pairs))
    return _interval(our_total.f1 - their_total.f1 for our_total, their_total in totals)


def _draws(articles: Sequence[Item]) -> Iterator[list[Item]]:
    generator = random.Random(1)
    return (generator.choices(articles, k=len(articles)) for _ in range(RESAMPLES))


def _interval(scores: Iterable[float]) -> tuple[float, float]:
    ranked = sorted(scores)
    return ranked[round(0.025 * RESAMPLES)], ranked[round(0.975 * RESAMPLES) - 1]


@dataclass(frozen=True, slots=True)
class SpanError:
    """The gold span and the found one that belong together; one is None for a missed or an invented name."""

    gold: TypedSpan | None
    found: TypedSpan | None

    @property
    def kind(self) -> str:
        if self.gold is None:
            return INVENTED
        if self.found is None:
            return MISSED
        return WRONG_TYPE if self.gold[:3] == self.found[:3] else BOUNDARY


def span_errors(gold: Collection[TypedSpan], found: Collection[TypedSpan]) -> list[SpanError]:
    """Each gold span that was not found as it is, then each found span that touches no gold span, in text order."""
    missed = sorted(set(gold) - set(found))
    invented = [span for span in sorted(found) if not any(_touch(span, other) for other in gold)]
    return [
        *(SpanError(span, next((other for other in sorted(found) if _touch(span, other)), None)) for span in missed),
        *(SpanError(None, span) for span in invented),
    ]


def _touch(one: TypedSpan, other: TypedSpan) -> bool:
    return one.field == other.field and one.start < other.end and other.start < one.end


def span_confusion(pairs: Iterable[tuple[AbstractSet[TypedSpan], AbstractSet[TypedSpan]]]) -> Counter[tuple[str, str]]:
    """(gold type, what was found) -> spans, over (gold, found) pairs.

    Found is the type at the same bounds, `boundary` or `missed`; for an invented name, gold is `none`.
    """
    table: Counter[tuple[str, str]] = Counter()
    for gold, found in pairs:
        table.update((span.type, span.type) for span in gold & found)
        for error in span_errors(gold, found):
            outcome = error.found.type if error.found and error.kind != BOUNDARY else error.kind
            table[error.gold.type if error.gold else NONE, outcome] += 1
    return table


@dataclass
class TopicScores:
    """Media topics of articles. `first`: the best tag is the first gold topic; `any`: it is one of the gold topics."""

    articles: int = 0
    first: int = 0
    any: int = 0
    sets: Counts = field(default_factory=Counts)
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, gold: Sequence[str], ranked: Sequence[str], routed: Collection[str]) -> None:
        """`gold` and `ranked` are codes, best first; `routed` are those of `ranked` that become a route."""
        best = ranked[0] if ranked else ""
        self.articles += 1
        self.first += best == gold[0]
        self.any += best in gold
        self.sets += Counts.of(set(gold), set(routed))
        self.confusion[gold[0], best] += 1

    @property
    def first_share(self) -> float:
        return _share(self.first, self.articles)

    @property
    def any_share(self) -> float:
        return _share(self.any, self.articles)


@dataclass
class LanguageScores:
    """`confusion` counts (expected, detected)."""

    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, expected: str, detected: str) -> None:
        self.confusion[expected, detected] += 1

    def share(self, expected: Collection[str] | None = None) -> float:
        """Share of items told right, of all or of those with one of these expected codes."""
        counted = {pair: n for pair, n in self.confusion.items() if expected is None or pair[0] in expected}
        return _share(sum(n for (gold, ours), n in counted.items() if gold == ours), sum(counted.values()))
