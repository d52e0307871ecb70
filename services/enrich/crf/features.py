"""What a CRF is told of a word by itself: a word in, the names of its features out.

Every feature is of one word: the decoder keeps one row of weights for each word it has seen, and adds rows.
"""

import re
from functools import lru_cache
from typing import Final

from services.enrich.crf.lexicon import ANY_PLACE, BIT, KINDS, UNSEEN, Lexicon
from services.enrich.crf.tokeniser import BREAK, LONG_RUN

MAX_AFFIX: Final = 4
_RUNS: Final = re.compile(r"(.)\1+")
_UPPER: Final = re.compile(r"[^\W\d_a-z]")
_DEMONYMS: Final = ("ian", "ean", "ans", "ese", "ish", "iote", "aqi", "eni", "ari", "ani", "ist", "ists")
_DEMONYM_ENDINGS: Final = (*_DEMONYMS, *(f"{ending}s" for ending in _DEMONYMS))


# The class of a word, for features of two and three neighbours. There must be fewer than 64.
CLASSES: Final = 64
NAME_CLASSES: Final = range(32, 62)  # of words with a capital that are mostly written with one, and tell nothing else
_LOWER_CLASSES: Final = {
    word: number
    for number, words in enumerate(
        (
            "of",
            "the a an",
            "and &",
            "for in at on to from with by near into across outside inside",
            "said says told added wrote asked",
            "is was are were has have had will would could",
            "'s",
            "who whose",
            "de del la van von der bin al el di da ibn den",
        ),
        start=6,
    )
    for word in words.split()
}
_PUNCTUATION: Final = {",": 1, ".": 2, '"': 3, "(": 4, "-": 5, "—": 5, "'": 3, ")": 4, ":": 1}


def shape(word: str) -> str:
    """ "Xx" for "Paris", "XxXx" for "McCain", "X.X." for "U.S.", "d" for "2026"."""
    if word.isalpha():
        if word.islower():
            return "x"
        if word.isupper():
            return "X"
        if word.istitle():
            return "Xx"
    marks = "".join(
        "X" if c.isupper() or c.istitle() else "x" if c.isalpha() else "d" if c.isdigit() else c for c in word[:12]
    )
    return _RUNS.sub(r"\1", marks)


def is_capital(word: str) -> bool:
    return word[:1].isupper() or word[:1].istitle()


def is_all_capitals(word: str) -> bool:
    return len(word) > 1 and word.isupper()


def word_class(word: str, lexicon: Lexicon) -> int:
    """A number below `CLASSES`, coarse enough to have been seen beside every other."""
    if word == BREAK:
        return 0
    lower = word.lower()
    if not word[0].isalpha():
        return _LOWER_CLASSES.get(word) or (16 if word[0].isdigit() else _PUNCTUATION.get(word[0], 15))
    kinds = lexicon.kinds.get(lower, 0)
    if not is_capital(word):
        return _LOWER_CLASSES.get(word) or (17 if word != lower else _first_class(_SMALL_CLASSES, kinds) or 21)
    if lower == "the":
        return _LOWER_CLASSES[lower]
    is_mostly_small = lexicon.small.get(lower, UNSEEN) >= 5
    return _capital_class(kinds, is_mostly_small, len(word) if is_all_capitals(word) else 0, word[1:2] == ".")


_SMALL_CLASSES: Final = ((BIT["ttl"], 18), (BIT["orgw"], 19), (BIT["dem"], 20))
_BIG_PLACE: Final = BIT["cap"] | BIT["city1M"] | BIT["ctrym"]
_SMALL_PLACE: Final = BIT["city100k"] | BIT["town"] | BIT["sub"]
_TELLING_CLASSES: Final = (
    (BIT["ttl"], 27),
    (BIT["orgw"], 28),
    (BIT["ctry1"] | BIT["state"], 29),
    (BIT["dem"], 30),
)


def _first_class(classes: tuple[tuple[int, int], ...], kinds: int) -> int:
    return next((number for kind, number in classes if kinds & kind), 0)


@lru_cache(maxsize=8192)
def _capital_class(kinds: int, is_mostly_small: bool, capitals: int, is_initial: bool) -> int:
    """`capitals` are how many letters a word has that is written in capitals only."""
    named = _first_class(((BIT["month"], 22), (BIT["club"], 60 if kinds & ANY_PLACE else 59), (BIT["orgn"], 61)), kinds)
    if named or not capitals:
        return named or _first_class(_TELLING_CLASSES, kinds) or (31 if is_mostly_small else _name_class(kinds))
    if capitals == 2 and is_initial:
        return 23
    return 24 if kinds & BIT["ctry1"] else 25 if capitals <= 5 else 26


def _name_class(kinds: int) -> int:
    first = 2 if kinds & BIT["cfirst"] else 1 if kinds & BIT["first"] else 0
    last = 2 if kinds & BIT["clast"] else 1 if kinds & BIT["last"] else 0
    place = 2 if kinds & _BIG_PLACE else 1 if kinds & _SMALL_PLACE else 0
    return 32 + first * 9 + last * 3 + place


def own_features(word: str, number: int, lexicon: Lexicon) -> tuple[str, ...]:
    """The names that count at the word itself, which are all it has. `number` is the word's class."""
    if word in (BREAK, LONG_RUN):
        return (word,)
    lower = word.lower()
    kinds = lexicon.kinds.get(lower, 0)
    cluster, group = lexicon.clusters.of(lower)
    common = f"l={lower}", f"sh={shape(word)}", f"c={number}", f"cl={cluster}", f"cg={group}"
    if not is_capital(word):
        small_marks = [f"small {mark}" for mark in _kind_marks(kinds)]
        return (*common, f"s2={lower[-2:]}", f"s3={lower[-3:]}", f"p3={lower[:3]}", *small_marks)
    return (
        f"w={word}",
        *common,
        f"sm={lexicon.small.get(lower, UNSEEN)}",
        f"p3={lower[:3]}",
        f"p4={lower[:4]}",
        f"s2={lower[-2:]}",
        f"s4={lower[-4:]}",
        f"s3={lower[-3:]}",
        f"g={kinds}",
        *_kind_marks(kinds),
        *(("dem?",) if lower.endswith(_DEMONYM_ENDINGS) else ()),
    )


@lru_cache(maxsize=4096)
def _kind_marks(kinds: int) -> tuple[str, ...]:
    return tuple(f"k={kind}" for kind in KINDS if kinds & BIT[kind])
