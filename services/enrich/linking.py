"""Which names of an article mean the same: tallies of names in, each name's fuller name out.

"Bukele" is Nayib Bukele, "NABU" the bureau it stands behind in brackets, "MYANMAR" of the headline Myanmar.
"""

from collections.abc import Mapping
from typing import Final

from schemas.enriched import EntityType
from services.enrich.known_names import KnownNames
from services.enrich.names import fold

# A single word that begins an organisation's name is that organisation, unless the tagger is this sure of a place:
# "Cathay" is Cathay Pacific, but "Goma" is not Goma Hospital.
SURE_PLACE: Final = 0.8
_MIN_ACRONYM_CHARS: Final = 2
_MIN_CAPITALS_CHARS: Final = 5  # of a name that is in capitals because its line is
_GENERATIONS: Final = frozenset(("jr", "sr", "ii", "iii", "iv"))


PERSON, ORGANISATION, PLACE = EntityType.PERSON, EntityType.ORGANISATION, EntityType.PLACE


class Tally:
    """The votes on one name by type, each as heavy as the tagger is sure; a first vote breaks ties.

    `stated` counts how often words beside it say a type.
    """

    __slots__ = ("best", "count", "stated", "votes")

    def __init__(self) -> None:
        self.votes: dict[EntityType, float] = {}
        self.best: dict[EntityType, float] = {}
        self.count = 0
        self.stated: dict[EntityType, int] = {}

    def add(self, entity_type: EntityType, score: float) -> None:
        """A mention."""
        self.vote(entity_type, score)
        if score > self.best.get(entity_type, 0.0):
            self.best[entity_type] = score
        self.count += 1

    def vote(self, entity_type: EntityType, votes: float) -> None:
        self.votes[entity_type] = self.votes.get(entity_type, 0.0) + votes

    def majority(self) -> EntityType:
        if len(self.votes) == 1:
            return next(iter(self.votes))
        return max(self.votes, key=self.votes.__getitem__)


def link_names(tallies: Mapping[str, Tally], aliases: Mapping[str, str], known_names: KnownNames) -> dict[str, str]:
    """Each name to the fuller name it stands for in this article, or to itself. `aliases` are what the text says."""
    majorities = {name: tally.majority() for name, tally in tallies.items()}
    alike: dict[str, str] = {}
    links: dict[str, str] = {}
    fuller = _Fuller()
    # Most mentioned first: where two persons share a surname, it alone means the one the article is about.
    for name in sorted(tallies, key=lambda it: (_is_in_capitals(it), -tallies[it].count)):
        known = known_names.get(name)
        links[name] = alike.setdefault(known.name if known else fold(name), name)
        if " " in name and links[name] == name:
            fuller.add(name, known.type_in(majorities[name]) if known else majorities[name])
    for name, majority in majorities.items():
        if links[name] == name and (majority is PERSON or not known_names.get(name)):
            links[name] = aliases.get(name) or fuller.name_of(name, majority, tallies[name]) or name
    return {name: _head(name, links) for name in links}


class _Fuller:
    """The names of more than one word, by the parts that may stand for them."""

    def __init__(self) -> None:
        self._by_ending: dict[str, str] = {}
        self._persons: dict[str, str] = {}
        self._organisations: dict[str, str] = {}
        self._by_initials: dict[str, str] = {}

    def add(self, name: str, entity_type: EntityType) -> None:
        words = fold(name).split(" ")
        if entity_type is PERSON:
            if words[-1] in _GENERATIONS:
                words.pop()
            self._persons.setdefault(words[0], name)
            for first in range(1, len(words)):
                self._by_ending.setdefault(" ".join(words[first:]), name)
        elif entity_type is ORGANISATION:
            self._by_initials.setdefault("".join([word[0] for word in name.split(" ") if word[0].isupper()]), name)
            self._organisations.setdefault(words[0], name)
            for first in range(1, len(words) - 1):
                self._by_ending.setdefault(" ".join(words[first:]), name)

    def name_of(self, name: str, majority: EntityType, tally: Tally) -> str | None:
        folded = fold(name)
        if folded in self._by_ending:
            return self._by_ending[folded]
        if majority is PERSON and folded in self._persons:
            return self._persons[folded]
        if folded in self._organisations and tally.best.get(PLACE, 0.0) < SURE_PLACE:
            return self._organisations[folded]
        initials = name.replace(".", "")
        return self._by_initials.get(initials) if len(initials) >= _MIN_ACRONYM_CHARS else None


def _is_in_capitals(name: str) -> bool:
    return len(name) >= _MIN_CAPITALS_CHARS and name.isupper()


def _head(name: str, links: Mapping[str, str]) -> str:
    """Links lead to longer names only, or to the first of those that are alike, so they end."""
    while links[name] != name:
        name = links[name]
    return name
