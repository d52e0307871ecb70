"""The few names whose type does not depend on the article, and those that places have.

What belongs to the first is told in `data/known_names.tsv`.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Self

from schemas.enriched import EntityType
from services.enrich.entities import straighten
from services.enrich.names import fold
from services.enrich.place_table import PlaceKind, PlaceTable

REMEMBERED_NAMES: Final = 1024
MIN_FOLDED_CHARS: Final = 5  # "US" is not "us"
MIN_PROMINENCE: Final = 6.4  # of a town; below are places that have their name from a person or a word
KNOWN_NAMES_PATH: Final = Path(__file__).parent / "data" / "known_names.tsv"


@dataclass(frozen=True, slots=True)
class KnownName:
    """`lends_name` for a place whose name alone often means a club or another body: a tagger may then say so."""

    name: str
    type: EntityType
    lends_name: bool = False

    def type_in(self, majority: EntityType) -> EntityType:
        """Its type in an article in which it is mostly tagged as `majority`."""
        return majority if self.lends_name and majority is EntityType.ORGANISATION else self.type


class KnownNames:
    def __init__(self, table: str, places: PlaceTable | None = None) -> None:
        """Raises ValueError if a line does not follow the format."""
        self.digest: Final = hashlib.blake2b(table.encode(), digest_size=4).hexdigest()
        self._places = places
        # An article's names are asked for several times each.
        self.get: Final = lru_cache(REMEMBERED_NAMES)(self._read)
        self._by_form: dict[str, KnownName] = {}
        self._by_folded: dict[str, KnownName] = {}
        for line in table.splitlines():
            if line.strip() and not line.startswith("#"):
                entity_type, names = line.split("\t")
                for forms in names.split(", "):
                    name, *others = forms.split("=")
                    for form in (name, *others):
                        known_type = EntityType(entity_type.removesuffix("?"))
                        known = KnownName(name, known_type, entity_type.endswith("?"))
                        self._by_form[straighten(form)] = known
                        if len(form) >= MIN_FOLDED_CHARS:
                            self._by_folded[fold(form)] = known

    @classmethod
    def load(cls, places: PlaceTable | None = None, path: Path = KNOWN_NAMES_PATH) -> Self:
        return cls(path.read_text(encoding="utf-8"), places)

    def _read(self, form: str) -> KnownName | None:
        """What is known of a name, also in capitals or without accents unless it is so short that it may be a word."""
        known = self._by_form.get(form)
        return known if known or len(form) < MIN_FOLDED_CHARS else self._by_folded.get(fold(form))

    def is_place(self, name: str) -> bool:
        """Whether a country, a state or a town of some renown is called so; False without a table of places."""
        meanings = self._places.meanings(name) if self._places else ()
        return any(it.place.kind is not PlaceKind.CITY or it.place.prominence >= MIN_PROMINENCE for it in meanings)

    def is_demonym(self, name: str) -> bool:
        """Whether it tells of a country or a state; False without a table of places."""
        # "Philippines" is no plural of "Philippine".
        return self._places is not None and self._places.is_adjective(name) and not self.get(name)
