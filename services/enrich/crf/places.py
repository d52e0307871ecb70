"""What the place of a word tells of it: kinds of words in, flags and runs of capitals out, all in arrays."""

from typing import Final

import numpy as np
import numpy.typing as npt

from services.enrich.crf.features import is_all_capitals, is_capital
from services.enrich.crf.tokeniser import BREAK

Ints = npt.NDArray[np.int32]
Places = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# What a token's place tells of it, as bits.
SENTENCE_START: Final = 1
CAPITALS_LINE: Final = 2  # nearly all words of its sentence are in capitals
TITLE_LINE: Final = 4  # nearly all words of its sentence begin with one
SMALL_ELSEWHERE: Final = 8  # its text has the same word in lower case
CAPITAL_ELSEWHERE: Final = 16  # its text has it with a capital inside a sentence
ON_SPORT: Final = 32  # one in 25 of its text's words tells of sport
FLAG_VALUES: Final = 64

_IS_CAPITAL, _IS_ALL_CAPITALS, _IS_SMALL, _IS_BREAK, _IS_LONG, _IS_SPORT, _IS_JOINT, _IS_NAMELIKE = (
    1,
    2,
    4,
    8,
    16,
    32,
    64,
    128,
)
_JOINTS: Final = frozenset(("of", "the", "for", "de", "del", "du", "des", "la", "&", "'s", "-"))
# Their capital is the sentence's.
_FUNCTION_WORDS: Final = frozenset(
    (  # noqa: SIM905
        "a after all although an and are as at because before but by did do does during for from had has have he her"
        " his how i if in is it its meanwhile my no not of on one or our over she since so some than that the their"
        " then there these they this those though to under until was we were what when where which while who why will"
        " with you your"
    ).split()
)
_MIN_LINE_WORDS: Final = 3
_MIN_LINE_SHARE: Final = 0.75
_LONG_WORD: Final = 4
_MIN_SPORT_WORDS, _MIN_SPORT_SHARE = 2, 0.04


def word_kind(word: str, lower: str, *, is_on_sport: bool) -> int:
    """What flags and runs need to know of a word by itself, as bits."""
    if word == BREAK:
        return _IS_BREAK
    if not word[0].isalpha():
        return _IS_JOINT if word in _JOINTS else 0
    kind = (_IS_JOINT if word in _JOINTS else 0) | (_IS_SPORT if is_on_sport else 0)
    kind |= _IS_LONG if len(word) >= _LONG_WORD else 0
    if word == lower:
        return kind | _IS_SMALL
    if is_capital(word):
        kind |= _IS_CAPITAL | (0 if lower in _FUNCTION_WORDS else _IS_NAMELIKE)
    return kind | (_IS_ALL_CAPITALS if is_all_capitals(word) else 0)


def find_runs(kinds: Ints) -> tuple[Places, Places]:
    """The places of the first and the last word of each word's run, see `Encoded`."""
    capital, joint = kinds & _IS_NAMELIKE != 0, kinds & _IS_JOINT != 0
    # A joint follows a capital, or another joint that does; and the other way round.
    after, before = np.zeros_like(capital), np.zeros_like(capital)
    after[1:] = capital[:-1]
    after[2:] |= joint[1:-1] & capital[:-2]
    before[:-1] = capital[1:]
    before[:-2] |= joint[1:-1] & capital[2:]
    in_run = capital | (joint & after & before)
    edges = np.flatnonzero(np.diff(in_run, prepend=False, append=False)).reshape(-1, 2)
    lengths = edges[:, 1] - edges[:, 0]
    places = np.flatnonzero(in_run)
    firsts, lasts = np.zeros(len(kinds), np.int64), np.zeros(len(kinds), np.int64)
    firsts[places] = np.repeat(edges[:, 0], lengths)
    lasts[places] = np.repeat(edges[:, 1] - 1, lengths)
    firsts[edges[:, 0]] = 0
    lasts[edges[:, 1] - 1] = 0
    return firsts, lasts


def find_flags(kinds: Ints, forms: Ints, texts: Ints, form_count: int) -> Ints:
    """The flags of each token; `forms` number lower-case words below `form_count`, `texts` the texts from 0."""
    breaks = kinds & _IS_BREAK != 0
    capital, small, long = (kinds & bit != 0 for bit in (_IS_CAPITAL, _IS_SMALL, _IS_LONG))
    all_capitals = kinds & _IS_ALL_CAPITALS != 0
    sentence = np.cumsum(breaks)
    last = int(sentence[-1]) + 1

    def per_sentence(marked: Bools) -> npt.NDArray[np.int64]:
        return np.bincount(sentence[marked], minlength=last)

    words = per_sentence(capital | small)
    long_words = per_sentence(long)
    capitals_line = (per_sentence(all_capitals) >= _MIN_LINE_SHARE * words) & (words >= _MIN_LINE_WORDS)
    title_line = (
        ~capitals_line
        & (per_sentence(capital & long) >= _MIN_LINE_SHARE * long_words)
        & (long_words >= _MIN_LINE_WORDS)
    )
    starts = np.empty(len(kinds), np.bool_)
    starts[0] = False
    starts[1:] = breaks[:-1] & ~breaks[1:]
    # After an opening quote the sentence starts too.
    opened = np.zeros_like(starts)
    opened[1:] = starts[:-1] & (kinds[:-1] == 0)
    starts |= opened
    in_caps, in_title = capitals_line[sentence], title_line[sentence]
    plain = ~in_caps & ~in_title
    keys = texts.astype(np.int64) * form_count + forms
    asked = np.flatnonzero(capital)
    flags = starts * SENTENCE_START + in_caps * CAPITALS_LINE + in_title * TITLE_LINE
    small_keys = keys[small & plain]
    capital_keys = keys[capital & plain & ~starts]
    flags[asked] += _is_in(keys[asked], small_keys) * SMALL_ELSEWHERE
    flags[asked] += _is_in(keys[asked], capital_keys) * CAPITAL_ELSEWHERE
    sport_words = np.bincount(texts[kinds & _IS_SPORT != 0], minlength=texts[-1] + 1)
    text_words = np.bincount(texts[capital | small], minlength=texts[-1] + 1)
    on_sport = (sport_words >= _MIN_SPORT_WORDS) & (sport_words >= _MIN_SPORT_SHARE * text_words)
    flags += on_sport[texts] * ON_SPORT
    flags[breaks] = 0
    whole: Ints = flags.astype(np.int32)
    return whole


def _is_in(keys: npt.NDArray[np.int64], among: npt.NDArray[np.int64]) -> Bools:
    among = np.sort(among)
    if not len(among):
        return np.zeros(len(keys), np.bool_)
    found: Bools = among[np.minimum(np.searchsorted(among, keys), len(among) - 1)] == keys
    return found
