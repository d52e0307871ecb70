"""Which place a name means in an article: entities in, the same with ids out, left without where nothing decides.

Each meaning of a name has a prominence, a logarithm; what the article says adds to it. The best meaning is taken only
if it is ten times as likely as the next, and as a place too small for the table. Precision goes first.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Self

from schemas.enriched import Entity, EntityIds, EntityType, Mention
from services.enrich.place_table import Meaning, Naming, Place, PlaceKind, PlaceTable

MARGIN: Final = 1.0
SURE_MARGIN: Final = 2.0  # told without a look at the rest of the article, and so evidence for the others
UNKNOWN_RIVAL: Final = 6.8  # a town of 15,000 that some languages have a name for: the smallest in the table
IN_NAMED_COUNTRY: Final = 2.0
IN_NAMED_STATE: Final = 1.0
NEARBY: Final = 1.0  # named within the same clause
IN_HOME_COUNTRY: Final = 0.7  # the publisher's
ELSEWHERE: Final = 1.0  # what a place too small for the table gains if an article names countries, but not this one
IN_STATED_CONTAINER: Final = 6.0  # "Paris, Texas": as good as said
MAX_MENTIONS: Final = 3  # of a name, whose surroundings are read
NEARBY_CHARS: Final = 45
USER_ASSIGNED: Final = "X"  # ISO 3166-1 leaves XA to XZ to its users, such as Kosovo's XK: no codes of ISO

_CAPITALISED: Final = re.compile(r"[^\W\d_][\w.'’-]*")
_KIND_WORDS: Final = (
    "state|province|region|oblast|governorate|county|prefecture|canton|republic|krai|territory|voivodeship"
)
_KIND_AFTER: Final = re.compile(rf"\s+(?:{_KIND_WORDS})\b", re.IGNORECASE)
_KIND_BEFORE: Final = re.compile(rf"\b(?:{_KIND_WORDS}) of (?:the )?$", re.IGNORECASE)
_CONTAINER: Final = re.compile(
    r"(?:,\s*|\s*\(|\s+in\s+)(?:the )?((?:[^\W\d_a-z][\w.'’-]*)(?:\s+(?:(?:of|and|the)\s+)*[^\W\d_a-z][\w.'’-]*){0,3})"
)
# A name of which a place's is a part, or which a state has from it: "Congo River", "Red Sea".
_NATURE: Final = "Sea|Ocean|River|Delta|Basin|Valley|Desert|Gulf|Strait|Mountains|Peninsula"
_IS_NATURE: Final = re.compile(rf"\b(?:{_NATURE})$", re.IGNORECASE)
_NATURE_AFTER: Final = re.compile(rf"\s+(?:{_NATURE})\b")
_POSSESSIVE: Final = re.compile(r"['’]s?$")
_CLAUSE_END: Final = re.compile(r"\s*(?:[,.;:)–—]|$)")


class PlaceIdentifier:
    name: Final = "newsflow-places"

    def __init__(self, table: PlaceTable) -> None:
        self.version: Final = table.version
        self._table = table

    @classmethod
    def load(cls) -> Self:
        return cls(PlaceTable.load())

    def identify(
        self, entities: Sequence[Entity], fields: Mapping[str, str], home_country: str | None = None
    ) -> tuple[Entity, ...]:
        """`entities`, those places that can be told with their ids. `home_country` is the publisher's, ISO 3166-1."""
        names = [_Name(entity, fields, self._table) if entity.type is EntityType.PLACE else None for entity in entities]
        open_names = [name for name in names if name and name.meanings]
        evidence = _Evidence(home_country)
        for name in open_names:
            name.decide(evidence, SURE_MARGIN)
        undecided = [name for name in open_names if not name.place]
        if undecided:
            evidence.add_places(open_names)
            evidence.add_adjectives(fields.values(), self._table)
            # What cities are in is evidence too, but only once they are told themselves.
            for _ in range(2):
                for name in undecided:
                    name.decide(evidence, MARGIN)
                evidence.add_places(name for name in undecided if name.place)
                undecided = [name for name in undecided if not name.place]
        return tuple(
            entity.model_copy(update={"ids": _ids(name.place)}) if name and name.place else entity
            for entity, name in zip(entities, names, strict=True)
        )


class _Evidence:
    """How often an article names each country and state."""

    def __init__(self, home_country: str | None) -> None:
        self._home_country = home_country
        self._countries = Counter[str]()
        self._states = Counter[str]()

    def add_places(self, names: Iterable["_Name"]) -> None:
        for name in names:
            if name.place:
                self._add(name.place, len(name.mentions))

    def add_adjectives(self, texts: Iterable[str], table: PlaceTable) -> None:
        for text in texts:
            for place in table.adjectives(text):
                self._add(place, 1)

    def _add(self, place: Place, times: int) -> None:
        self._countries[place.country] += times
        if place.subdivision:
            self._states[place.subdivision] += times

    def is_elsewhere(self, place: Place) -> bool:
        return bool(self._countries) and place.country not in self._countries

    def weigh(self, place: Place) -> float:
        """What the article adds to the likelihood of `place`, as a logarithm to base 10."""
        weight = IN_HOME_COUNTRY if place.country == self._home_country else 0.0
        if place.country and self._countries[place.country]:
            share = self._countries[place.country] / max(self._countries.values())
            weight += IN_NAMED_COUNTRY * max(0.5, share)
        if place.subdivision and self._states[place.subdivision]:
            weight += IN_NAMED_STATE
        return weight


class _Name:
    """A name of an article while it is not yet told which place it means."""

    def __init__(self, entity: Entity, fields: Mapping[str, str], table: PlaceTable) -> None:
        self.mentions: Sequence[Mention] = entity.mentions
        self.place: Place | None = None
        self.meanings: Sequence[Meaning] = ()
        self._stated: list[Place] = []
        self._nearby: list[Place] = []
        self._contradicted = False
        for form in dict.fromkeys((entity.name, *(mention.text for mention in entity.mentions))):
            self._look_up(form, table)
            if self.meanings:
                break
        if all(_NATURE_AFTER.match(fields[it.field], it.end) for it in self.mentions):
            self.meanings = []
        ambiguous = len(self.meanings) > 1 or any(it.place.kind is PlaceKind.CITY for it in self.meanings)
        if ambiguous:
            for mention in self.mentions[:MAX_MENTIONS]:
                self._read_surroundings(fields[mention.field], mention, table)
        self._drop_namesakes(fields)

    def decide(self, evidence: _Evidence, margin: float) -> None:
        """Sets `place` if one meaning is far enough above all others."""
        scores = [(self._score(meaning, evidence), meaning.place) for meaning in self.meanings]
        (best, place), *others = sorted(scores, key=lambda it: -it[0])
        unknown = UNKNOWN_RIVAL + (ELSEWHERE if place.kind is PlaceKind.CITY and evidence.is_elsewhere(place) else 0)
        if best - max([unknown, *(score for score, _ in others)]) >= margin:
            self.place = place

    def _look_up(self, form: str, table: PlaceTable) -> None:
        name, comma, container = form.partition(", ")
        self.meanings = [
            it for it in table.meanings(form) if it.place.kind is not PlaceKind.STATE or not _IS_NATURE.search(form)
        ]
        if not self.meanings and comma:
            self.meanings = table.meanings(name)
            self._state_container(_containers(container, table), is_clause=True)
        if not self.meanings and form.endswith("."):
            self.meanings = [Meaning(place, Naming.OWN) for place in table.abbreviated(form)]

    def _read_surroundings(self, text: str, mention: Mention, table: PlaceTable) -> None:
        after = _CONTAINER.match(text, mention.end)
        if after:
            words = list(_CAPITALISED.finditer(text, after.start(1), after.end(1)))
            for word in reversed(words):
                stated = text[after.start(1) : word.end()]
                places = _containers(_POSSESSIVE.sub("", stated), table)
                if places:
                    self._state_container(places, is_clause=bool(_CLAUSE_END.match(text, word.end())))
                    break
        start = max(0, mention.start - NEARBY_CHARS)
        before = text[start : mention.start]
        self._nearby += table.adjectives(before)
        for word in _CAPITALISED.findall(before):
            meanings = table.meanings(_POSSESSIVE.sub("", word))
            self._nearby += [it.place for it in meanings if it.place.kind is PlaceKind.COUNTRY]

    def _state_container(self, places: list[Place], *, is_clause: bool) -> None:
        inside = [it for it in self.meanings if any(it.place.is_in(place) for place in places)]
        if inside:
            self._stated += places
        elif is_clause and not any(it.place.kind is not PlaceKind.CITY for it in self.meanings):
            self._contradicted = True

    def _drop_namesakes(self, fields: Mapping[str, str]) -> None:
        """Of a state and its city the city is meant, unless the text says "state"; of a country and its city, it is."""
        states = [it for it in self.meanings if it.place.kind is PlaceKind.STATE]
        if states and any(_is_called_state(fields[it.field], it) for it in self.mentions[:MAX_MENTIONS]):
            self.meanings = states
        elif self._contradicted:
            self.meanings = []
        else:
            named = [it.place for it in self.meanings if it.naming is not Naming.OTHER]
            self.meanings = [it for it in self.meanings if not any(_gives_way(it.place, other) for other in named)]

    def _score(self, meaning: Meaning, evidence: _Evidence) -> float:
        place = meaning.place
        score = place.prominence + meaning.naming.value + evidence.weigh(place)
        if any(place.is_in(other) for other in self._nearby):
            score += NEARBY
        if any(place.is_in(other) for other in self._stated):
            score += IN_STATED_CONTAINER
        return score


def home_country(home: str) -> str | None:
    """The ISO 3166-1 code in a publisher's domain ("times.co.uk" is GB), or None for .com and alike."""
    last = home.rpartition(".")[2].upper()
    return {"UK": "GB"}.get(last, last) if len(last) == 2 else None


def _containers(name: str, table: PlaceTable) -> list[Place]:
    kinds = (PlaceKind.COUNTRY, PlaceKind.STATE)
    places = [it.place for it in table.meanings(name) if it.place.kind in kinds and it.naming is not Naming.OTHER]
    return places or table.abbreviated(name)


def _gives_way(place: Place, other: Place) -> bool:
    if other.kind is PlaceKind.COUNTRY:
        return place.kind is not PlaceKind.COUNTRY and place.country == other.country
    is_city_of_state = place.kind is PlaceKind.STATE and other.kind is PlaceKind.CITY and other.country == place.country
    return is_city_of_state and (other.is_in(place) or other.prominence > place.prominence)


def _is_called_state(text: str, mention: Mention) -> bool:
    return bool(
        _KIND_AFTER.match(text, mention.end)
        or _KIND_BEFORE.search(text[max(0, mention.start - NEARBY_CHARS) : mention.start])
    )


def _ids(place: Place) -> EntityIds:
    return EntityIds(
        geonames=place.geonames_id,
        iso_3166_1=place.country if place.country and not place.country.startswith(USER_ASSIGNED) else None,
        iso_3166_2=place.subdivision or None,
    )
