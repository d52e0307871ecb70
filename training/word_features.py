"""The features of a word by how far from the labelled word they count: a word in, their names out.

A tagger needs the names at the word alone, as it keeps the weights for all distances in one row.
"""

from typing import Final, NamedTuple

from services.enrich.crf.features import is_capital, own_features
from services.enrich.crf.lexicon import Lexicon
from services.enrich.crf.tokeniser import BREAK, LONG_RUN

# By what stands before the "=" of a name.
_BESIDE: Final = frozenset(("l", "sh", "c", "cl", "cg", "sm", "s3", "g", "k"))
_NEAR: Final = frozenset(("l", "c", "cg", "sm"))
_EDGE: Final = ("w", "g", "s3", "cl", "cg")


class WordFeatures(NamedTuple):
    """Names that count at the word, beside it (one away) and near it (two away).

    `edge` counts for the words between the first and the last of a run of capitals, of which this is one. `at` has all
    names, and a name counts at the same distances for every word.
    """

    at: tuple[str, ...]
    beside: tuple[str, ...]
    near: tuple[str, ...]
    edge: tuple[str, ...] = ()


def word_features(word: str, number: int, lexicon: Lexicon) -> WordFeatures:
    """`number` is the word's class."""
    at = own_features(word, number, lexicon)
    if word in (BREAK, LONG_RUN):
        return WordFeatures(at, at, ())
    keyed = [(name.partition("=")[0], name) for name in at]
    names = dict(keyed)
    return WordFeatures(
        at,
        tuple(name for key, name in keyed if key in _BESIDE),
        tuple(name for key, name in keyed if key in _NEAR),
        tuple(names[key] for key in _EDGE) if is_capital(word) else (),
    )
