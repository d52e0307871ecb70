"""Mentions that the tagger missed of names it found elsewhere in the article: text and names in, spans out."""

import re
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

NamedSpan = tuple[int, int, str]

_MIN_CHARS: Final = 3
_JOINTS: Final = (" ", "-")
# A capital after these is the name's own: they stand before names at the start of a sentence.
FUNCTION_WORDS: Final = frozenset(
    "a after although and as at because before but by despite during for from if in into like meanwhile on or since"  # noqa: SIM905
    " so that the then this though to under unlike until when where while with yet".split()
)


def find_repeats(text: str, tagged: Iterable[NamedSpan], names: Iterable[str]) -> list[NamedSpan]:
    """(start, end, name) of further occurrences of `names` in a straightened text, clear of the `tagged` spans.

    A single word beside a capitalised word that no span covers is left alone, as it is likely part of another name; so
    is one that the text also has in lower case, as it is likely a mere word.
    """
    taken = list(tagged)
    tagged_as = Counter([text[start:end] for start, end, _ in taken])
    # Most names are tagged wherever they stand, which counting tells at little cost.
    untagged = [name for name in names if len(name) >= _MIN_CHARS and text.count(name) > tagged_as[name]]
    if not untagged:
        return []
    taken.sort()
    found = []
    for name in sorted(untagged, key=len, reverse=True):
        is_single_word = name.isalnum()
        for start, end in _occurrences(text, name):
            if _overlaps(taken, start, end):
                continue
            if is_single_word:
                if _is_in_other_name(text, start, end, taken):
                    continue
                if any(_occurrences(text, name.lower())):
                    break
            found.append((start, end, name))
            insort(taken, (start, end, name))
    return found


def _occurrences(text: str, name: str) -> Iterator[tuple[int, int]]:
    """Where the name stands as whole words."""
    start = text.find(name)
    while start >= 0:
        end = start + len(name)
        begins_word = start == 0 or not text[start - 1].isalnum()
        if begins_word and (end == len(text) or not (text[end].isalnum() and name[-1].isalnum())):
            yield start, end
        start = text.find(name, end)


def _overlaps(taken: list[NamedSpan], start: int, end: int) -> bool:
    """`taken` is sorted and without overlap, so only the last span that starts before `end` can be in the way."""
    index = bisect_left(taken, (end,)) - 1
    return index >= 0 and taken[index][1] > start


def _is_in_other_name(text: str, start: int, end: int, taken: list[NamedSpan]) -> bool:
    if text[end : end + 1] in _JOINTS and text[end + 1 : end + 2].isupper() and not _overlaps(taken, end + 1, end + 2):
        return True
    if text[start - 1 : start] not in _JOINTS:
        return False
    before = re.split("[ -]", text[max(0, start - 40) : start - 1])[-1]
    is_initial = len(before) == 2 and before[1] == "."
    return (
        before[:1].isupper()
        and (before.isalnum() or is_initial)
        and before.lower() not in FUNCTION_WORDS
        and not _overlaps(taken, start - 1 - len(before), start - 1)
    )
