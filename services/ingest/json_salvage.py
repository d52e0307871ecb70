"""Read JSON that is cut off, or no JSON quite: text in, what its one object holds before the first flaw out."""

import json
import re
from typing import Any, Final

_DECODER: Final = json.JSONDecoder(strict=False)  # takes line ends in strings, halves of UTF-16 pairs, NaN
_SPACE: Final = re.compile(r"\s*")
# Strings are matched to be kept, as what looks like a comment may be in one.
_LOOSE: Final = re.compile(r"(\"(?:[^\"\\]|\\.)*+(?:\"|\\?\Z))|/\*.*?(?:\*/|\Z)|//[^\n]*|,(?=\s*[\]}])", re.DOTALL)


def salvaged(text: str, most: int) -> dict[str, Any]:
    """The members of the object that `text` begins with; of a list `items`, the first `most` elements at most.

    Comments and commas before a closing bracket are no flaw, nor is what follows the object. Never raises.
    """
    text = _LOOSE.sub(lambda match: match[1] or " ", text)
    members: dict[str, Any] = {}
    try:
        at = _after("{", text, 0)
        while True:
            name, at = _DECODER.raw_decode(text, at)
            at = _after(":", text, at)
            if name == "items" and text.startswith("[", at):
                at = _read_items(text, at, most, members)
            else:
                members[name], at = _DECODER.raw_decode(text, at)
            at = _after(",", text, at)
    except (ValueError, TypeError, RecursionError):  # the end, or the flaw
        return members


def _read_items(text: str, at: int, most: int, members: dict[str, Any]) -> int:
    """Read a list into `members`, element by element: those before a flaw stay there. Returns where it ends."""
    at = _after("[", text, at)
    if text.startswith("]", at):
        members["items"] = []
        return at + 1
    while True:
        item, at = _DECODER.raw_decode(text, at)
        members.setdefault("items", []).append(item)
        if len(members["items"]) == most:
            raise ValueError("enough")
        end = _SPACE.match(text, at).end()  # type: ignore[union-attr]
        if text.startswith("]", end):
            return end + 1
        at = _after(",", text, at)


def _after(mark: str, text: str, at: int) -> int:
    """Where the token after `mark` begins. Raises ValueError if `mark` is not what comes next."""
    start = _SPACE.match(text, at).end()  # type: ignore[union-attr]
    if not text.startswith(mark, start):
        raise ValueError(f"no {mark}")
    return _SPACE.match(text, start + 1).end()  # type: ignore[union-attr]
