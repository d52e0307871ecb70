"""Two names that a hyphen joins, "the Israel-Hamas war": a text and its spans in, each name as a span out."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from schemas.enriched import EntityType
from services.enrich.bounds import overlapping, put_in
from services.enrich.entities import LIKELY, Span

ORGANISATION: Final = EntityType.ORGANISATION

# Few hyphens have a capital behind them.
_JOINT: Final = re.compile(r"[-–](?=[^\W\d_a-z])")
_WORD: Final = r"[^\W\d_a-z][\w.]{0,30}"
_BEFORE: Final = re.compile(rf"(?:(?<!\w){_WORD} ){{0,2}}(?<!\w){_WORD}$")
_BEHIND: Final = re.compile(rf"{_WORD}\b(?: {_WORD}\b){{0,2}}")
_BLANK: Final = re.compile(" ")
_MAX_CHARS: Final = 60

TypeOf = Callable[[str], EntityType | None]


def part_pairs(text: str, spans: Sequence[Span], type_of: TypeOf) -> list[Span]:
    """`type_of` knows names by themselves: of the world, or elsewhere in the article.

    Both sides must be known, and the pair not: "Asia-Pacific" is one name. So is a longer span around a pair, "the
    China-Pakistan Economic Corridor", and what the tagger takes for a body called by two places, "Georgia-Pacific".
    """
    pairs = [side for joint in _JOINT.finditer(text) for side in _sides(text, spans, joint.start(), type_of)]
    # The one in the middle of three is in two pairs.
    return put_in(spans, sorted(set(pairs))) if pairs else list(spans)


def _sides(text: str, spans: Sequence[Span], joint: int, type_of: TypeOf) -> list[Span]:
    """The names before and behind the hyphen at `joint`, or none."""
    before = _BEFORE.search(text, max(0, joint - _MAX_CHARS), joint)
    behind = _BEHIND.match(text, joint + 1)
    if before is None or behind is None:
        return []
    # As many words as make a name: of "New South Korea-Japan Summit" two before and one behind.
    starts = [before.start(), *(at.end() for at in _BLANK.finditer(text, before.start(), joint))]
    ends = [behind.end(), *(at.start() for at in reversed(list(_BLANK.finditer(text, joint, behind.end()))))]
    first = _first_known(text, ((start, joint) for start in starts), type_of)
    second = _first_known(text, ((joint + 1, end) for end in ends), type_of)
    if first is None or second is None or _is_one_name(text, spans, first, second, type_of):
        return []
    return [first, second]


def _first_known(text: str, places: Iterable[tuple[int, int]], type_of: TypeOf) -> Span | None:
    return next((Span(start, end, kind, LIKELY) for start, end in places if (kind := type_of(text[start:end]))), None)


def _is_one_name(text: str, spans: Sequence[Span], first: Span, second: Span, type_of: TypeOf) -> bool:
    if type_of(f"{text[first.start : first.end]}-{text[second.start : second.end]}"):
        return True
    around = overlapping(spans, first.start, second.end)
    is_longer = any(it.start < first.start or it.end > second.end for it in around)
    has_body = ORGANISATION in (first.type, second.type)
    return is_longer or (not has_body and any(it.type is ORGANISATION and it.end == second.end for it in around))
