"""Mentions that the tagger missed of names it found elsewhere in the article: text and names in, spans out."""

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from typing import Final

NamedSpan = tuple[int, int, str]

_WORD: Final = re.compile(r"\w+")
_MIN_CHARS: Final = 3
# A capital after these is the name's own: they stand before names at the start of a sentence.
_FUNCTION_WORDS: Final = frozenset(
    "a after although and as at because before but by despite during for from if in into like meanwhile on or since"  # noqa: SIM905
    " so that the then this though to under unlike until when where while with yet".split()
)


def find_repeats(text: str, tagged: Sequence[NamedSpan], names: Collection[str]) -> list[NamedSpan]:
    """(start, end, name) of further occurrences of `names` in a straightened text, clear of the `tagged` spans.

    A single word beside a capitalised word that no span covers is left alone: it is likely part of another name.
    """
    lengths_by_first = _lengths_by_first_word(names)
    if not lengths_by_first:
        return []
    by_form = {name.rstrip("."): name for name in names}
    words = [(match.start(), match.end()) for match in _WORD.finditer(text)]
    in_lower_case = {text[start:end] for start, end in words if text[start].islower()}
    taken = _Taken(tagged)
    found: list[NamedSpan] = []
    index = 0
    while index < len(words):
        start, end = words[index]
        length_found = 0
        for length in lengths_by_first.get(text[start:end], ()):
            if index + length > len(words):
                continue
            end = words[index + length - 1][1]
            name = by_form.get(" ".join(text[start:end].split()))
            if name is None or len(name) < _MIN_CHARS or taken.overlaps(start, end):
                continue
            if length == 1 and (name.lower() in in_lower_case or _is_in_other_name(text, words, index, taken)):
                continue
            if name.endswith(".") and text.startswith(".", end):
                end += 1
            found.append((start, end, name))
            length_found = length
            break
        index += max(1, length_found)
    return found


def _lengths_by_first_word(names: Iterable[str]) -> dict[str, list[int]]:
    lengths: dict[str, set[int]] = {}
    for name in names:
        words = _WORD.findall(name)
        if words and name.startswith(words[0]):
            lengths.setdefault(words[0], set()).add(len(words))
    return {first: sorted(found, reverse=True) for first, found in lengths.items()}


class _Taken:
    def __init__(self, spans: Sequence[NamedSpan]) -> None:
        ordered = sorted(spans)
        self._starts = [start for start, _, _ in ordered]
        self._ends = [end for _, end, _ in ordered]

    def overlaps(self, start: int, end: int) -> bool:
        before = bisect_right(self._starts, end - 1) - 1
        return before >= 0 and self._ends[before] > start


def _is_in_other_name(text: str, words: Sequence[tuple[int, int]], index: int, taken: _Taken) -> bool:
    start, end = words[index]
    if index + 1 < len(words):
        next_start, next_end = words[index + 1]
        if (
            text[end:next_start] in (" ", "-")
            and text[next_start].isupper()
            and not taken.overlaps(next_start, next_end)
        ):
            return True
    if index > 0:
        last_start, last_end = words[index - 1]
        return (
            text[last_end:start] in (" ", "-", ". ")
            and text[last_start].isupper()
            and text[last_start:last_end].lower() not in _FUNCTION_WORDS
            and not taken.overlaps(last_start, last_end)
        )
    return False
