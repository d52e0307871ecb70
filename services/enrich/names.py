"""Where a name begins and ends: a tagger's span in, the bare name's span out."""

import re
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

from schemas.enriched import EntityType
from services.enrich.entities import Span

MAX_NAME_CHARS: Final = 100
MAX_NAME_WORDS: Final = 12

_EDGES: Final = " \t\r\f\v\"'`()[]{}<>,;:!?*_|/\\…–—-•·"
# A full stop belongs to the name only after an initial or one of these.
_ABBREVIATED: Final = re.compile(r"(?:\b\w|\b(?:Inc|Co|Corp|Ltd|Bros|Jr|Sr|St|No))\.$")
# A capital A is a name's own: "A Division".
_ARTICLE: Final = re.compile(r"(?:[Tt]he|THE|an?)\s+")
_TITLES: Final = (
    "Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir|Dame|Lord|Lady|Vice President|President|Deputy Prime Minister"
    "|Prime Minister|Premier|Chancellor|Foreign Minister|Finance Minister|Defen[cs]e Minister|Interior Minister"
    "|Minister|Foreign Secretary|Home Secretary|Secretary of State|Secretary|Governor|Gov|Lt Gov|Senator|Sen"
    "|Representative|Rep|Congressman|Congresswoman|Councillor|Mayor|Chief Justice|Justice|Judge|Attorney General"
    "|Attorney|Ambassador|Archbishop|Bishop|Cardinal|Reverend|Rev|Father|Rabbi|Imam|Ayatollah|Sheikh|General|Gen|Colonel|Col"
    "|Major|Maj|Captain|Capt|Lieutenant|Lt|Sergeant|Sgt|Admiral|Adm|Commander|Officer|Detective|Inspector|Chief|Coach|Chairman"
    "|Director|CEO"
)
_LEADING_TITLES: Final = re.compile(rf"(?:(?:{_TITLES})(?:\.\s*|\s+))+(?=\w)")
_TITLE_BEFORE: Final = re.compile(rf"\b(?:{_TITLES})\.?\s+$")
_MAX_TITLE_CHARS: Final = 24
_TITLE: Final = re.compile(rf"\b(?:{_TITLES})\b")
# A set is looked up before the expressions above, which cost more than all the rest.
_TITLE_WORDS: Final = frozenset(re.findall(r"\w+", _TITLES.replace("Defen[cs]e", "Defence|Defense")))
_ADDRESS: Final = re.compile(r"://|www\.|@|#")
# Letters that Unicode does not take apart into a plain one and a mark.
_PLAIN: Final = str.maketrans(dict(zip("ıłøđð-", "ilodd ", strict=True)) | {"æ": "ae", "œ": "oe", ".": None})


class FoundName(NamedTuple):
    """A name in a text. `follows_title` is a strong sign of a person: "Mr.", "President"."""

    name: str
    span: Span
    follows_title: bool


def find_name(text: str, span: Span) -> FoundName | None:
    """The bare name in a span of a straightened text, or None: no quotes, article, possessive or title."""
    bare = _bare_name(text[span.start : span.end], span.type is EntityType.PERSON)
    if bare is None:
        return None
    first, last, name, may_be_title = bare
    start, end = span.start + first, span.start + last
    if may_be_title and _is_in_title(text, start, end):
        return None
    if last - first != span.end - span.start:
        span = Span(start, end, span.type, span.score)
    return FoundName(name, span, _has_title_before(text, start))


@lru_cache(maxsize=8192)
def _bare_name(text: str, is_person: bool) -> tuple[int, int, str, bool] | None:
    """(start, end, name, whether it begins like a title) of the bare name in the text of a span."""
    start, end = _trim_edges(text, 0, len(text))
    article = _ARTICLE.match(text, start, end)
    if article:
        start, end = _trim_edges(text, article.end(), end)
    if is_person and _first_word(text[start:end]) in _TITLE_WORDS:
        titles = _LEADING_TITLES.match(text, start, end)
        if titles:
            start, end = _trim_edges(text, titles.end(), end)
    name = " ".join(text[start:end].split())
    return (start, end, name, _first_word(name) in _TITLE_WORDS) if _is_name(name) else None


def _first_word(text: str) -> str:
    return text.partition(" ")[0].rstrip(".")


def _has_title_before(text: str, start: int) -> bool:
    if not start or text[start - 1] != " ":
        return False
    title_start = max(0, start - _MAX_TITLE_CHARS)
    word = text[title_start : start - 1].rpartition(" ")[2]
    return word.rstrip(".") in _TITLE_WORDS and bool(_TITLE_BEFORE.search(text, title_start, start))


def _is_in_title(text: str, start: int, end: int) -> bool:
    """True for "State" in "Secretary of State"."""
    title_start = max(0, start - _MAX_TITLE_CHARS)
    return any(title.start() <= start and title.end() >= end for title in _TITLE.finditer(text, title_start, end + 1))


def _trim_edges(text: str, start: int, end: int) -> tuple[int, int]:
    while True:
        before = start, end
        line_end = text.find("\n", start, end)
        if line_end == start:
            start += 1
        elif line_end > 0:
            end = line_end
        while start < end and (text[start] in _EDGES or text[start].isspace() or text[start] == "."):
            start += 1
        while start < end and (text[end - 1] in _EDGES or text[end - 1].isspace()):
            end -= 1
        if end - start > 2 and text.startswith(("'s", "'S"), end - 2):
            end -= 2
        if end > start and text[end - 1] == "." and not _ABBREVIATED.search(text, max(start, end - 6), end):
            end -= 1
        if (start, end) == before:
            return start, end


def _is_name(name: str) -> bool:
    return (
        0 < len(name) <= MAX_NAME_CHARS
        and name.count(" ") < MAX_NAME_WORDS
        and any(character.isalpha() for character in name)
        # All lower case in a script that has cases is no name.
        and (name != name.lower() or name == name.upper())
        and not _ADDRESS.search(name)
        and not _ARTICLE.fullmatch(f"{name} ")
    )


@lru_cache(maxsize=8192)
def fold(name: str) -> str:
    """The name without accents, case, full stops and hyphens, which one article writes now so, now so."""
    lower = name.casefold()
    if not lower.isascii():
        lower = "".join([mark for mark in unicodedata.normalize("NFKD", lower) if not unicodedata.combining(mark)])
    return lower.translate(_PLAIN)
