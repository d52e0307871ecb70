"""Two names that a hyphen joins, "the Israel-Hamas war": a text and its spans in, each name as a span out."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from schemas.enriched import EntityType
from services.enrich.bounds import overlapping, put_in
from services.enrich.entities import Span

LIKELY: Final = 0.8
# Few hyphens have a capital behind them.
_JOINT: Final = re.compile(r"[-–](?=[^\W\d_a-z])")
_WORD: Final = r"[^\W\d_a-z][\w.]{0,30}"
_BEFORE: Final = re.compile(rf"(?:(?<!\w){_WORD} ){{0,2}}(?<!\w){_WORD}$")
_BEHIND: Final = re.compile(rf"{_WORD}\b(?: {_WORD}\b){{0,2}}")
_MAX_CHARS: Final = 60

TypeOf = Callable[[str], EntityType | None]


def part_pairs(text: str, spans: Sequence[Span], type_of: TypeOf) -> list[Span]:
    """`type_of` knows names by themselves: of the world, or elsewhere in the article.

    Both sides must be known, and the pair not: "Asia-Pacific" is one name. So is a longer span around a pair, "the
    China-Pakistan Economic Corridor", and a body that is called by two places, "Georgia-Pacific".
    """
    pairs = [side for joint in _JOINT.finditer(text) for side in _sides(text, spans, joint.start(), type_of)]
    # The one in the middle of three is in two pairs.
    return put_in(spans, sorted(set(pairs))) if pairs else list(spans)


def _sides(text: str, spans: Sequence[Span], joint: int, type_of: TypeOf) -> Iterator[Span]:
    before = _BEFORE.search(text, max(0, joint - _MAX_CHARS), joint)
    behind = _BEHIND.match(text, joint + 1)
    if before is None or behind is None:
        return
    words = before[0].split(" ")
    first = next((it for at in range(len(words)) if type_of(it := " ".join(words[at:]))), None)
    words = behind[0].split(" ")
    second = next((it for at in range(len(words), 0, -1) if type_of(it := " ".join(words[:at]))), None)
    if first is None or second is None:
        return
    start, end = joint - len(first), joint + 1 + len(second)
    sides = [
        Span(at, at + len(name), kind, LIKELY)
        for name, at in ((first, start), (second, joint + 1))
        if (kind := type_of(name))
    ]
    are_bodies = any(side.type is EntityType.ORGANISATION for side in sides)
    is_one_name = type_of(f"{first}-{second}") or any(
        it.start < start or it.end > end or (it.type is EntityType.ORGANISATION and not are_bodies and it.end == end)
        for it in overlapping(spans, start, end)
    )
    if not is_one_name:
        yield from sides
