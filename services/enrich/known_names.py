"""The few names whose type does not depend on the article. What belongs here is told in `data/known_names.tsv`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from schemas.enriched import EntityType
from services.enrich.entities import straighten

KNOWN_NAMES_PATH: Final = Path(__file__).parent / "data" / "known_names.tsv"


@dataclass(frozen=True, slots=True)
class KnownName:
    name: str
    type: EntityType


class KnownNames:
    def __init__(self, table: str) -> None:
        """Raises ValueError if a line does not follow the format."""
        self._by_form: dict[str, KnownName] = {}
        for line in table.splitlines():
            if line.strip() and not line.startswith("#"):
                entity_type, names = line.split("\t")
                for forms in names.split(", "):
                    name, *others = forms.split("=")
                    for form in (name, *others):
                        self._by_form[straighten(form)] = KnownName(name, EntityType(entity_type))

    @classmethod
    def load(cls, path: Path = KNOWN_NAMES_PATH) -> Self:
        return cls(path.read_text(encoding="utf-8"))

    def get(self, form: str) -> KnownName | None:
        return self._by_form.get(form)
