"""What is known of single words: which kinds of name they occur in, how often they are
written small, and which words are used like them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.enrich.crf.word_clusters import NO_CLUSTERS, WordClusters

# A word of the gazetteer has any of these, as the bits of a number in this order.
KINDS: Final = (
    "ctry1",  # the one word of a country's name
    "ctrym",  # one of several words of a country's name
    "cap",  # capital
    "city1M",
    "city100k",
    "town",
    "state",
    "sub",  # any other subdivision of a country
    "first",  # given name
    "cfirst",  # common given name
    "last",  # surname
    "clast",  # common surname
    "orgw",  # a word of organisations' names
    "ttl",  # title or role
    "month",  # or day of the week
    "dem",  # nationality or people
    "orgn",  # an organisation by itself
    "club",  # a sports club by itself
    "sportw",  # a word of reports on sport
)
BIT: Final = {kind: 1 << place for place, kind in enumerate(KINDS)}
ANY_PLACE: Final = sum(BIT[kind] for kind in ("ctry1", "cap", "city1M", "city100k", "town", "state", "sub"))
UNSEEN: Final = -1


@dataclass(frozen=True, slots=True)
class Lexicon:
    """`kinds` by lower-case word, `small` the eighths of its uses in which a lower-case word is written so."""

    kinds: Mapping[str, int]
    small: Mapping[str, int]
    clusters: WordClusters = NO_CLUSTERS

    def countries(self) -> frozenset[str]:
        return frozenset(word for word, kinds in self.kinds.items() if kinds & BIT["ctry1"])
