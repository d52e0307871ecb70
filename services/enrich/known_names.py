"""The few names whose type does not depend on the article. What belongs here is told in `data/known_names.tsv`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from schemas.enriched import EntityType
from services.enrich.entities import straighten
from services.enrich.names import fold

MIN_FOLDED_CHARS: Final = 5  # "US" is not "us"
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
    def __init__(self, table: str) -> None:
        """Raises ValueError if a line does not follow the format."""
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
    def load(cls, path: Path = KNOWN_NAMES_PATH) -> Self:
        return cls(path.read_text(encoding="utf-8"))

    def get(self, form: str) -> KnownName | None:
        """What is known of a name, also in capitals or without accents unless it is so short that it may be a word."""
        known = self._by_form.get(form)
        return known if known or len(form) < MIN_FOLDED_CHARS else self._by_folded.get(fold(form))
