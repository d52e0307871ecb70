"""`python -m tests.bench.places`: precision and recall of place ids on short texts of our own."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemas.enriched import Entity, EntityType, Mention
from services.enrich.place_ids import PlaceIdentifier

DATA: Final = Path(__file__).parents[1] / "unit" / "enrich" / "data"
SEEN: Final = DATA / "places_seen.txt"
HELD_OUT: Final = DATA / "places_held_out.txt"
NO_ID: Final = "-"
_MARKED: Final = re.compile(r"\[\[(.*?)=(-|\d+)\]\]")


@dataclass(frozen=True)
class Answer:
    text: str
    name: str
    expected: int | None
    given: int | None


def read_texts(path: Path) -> Iterator[tuple[str, list[Mention], list[int | None]]]:
    """(text without marks, mentions, expected ids) of each line."""
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        text, mentions, expected, end = "", list[Mention](), list[int | None](), 0
        for mark in _MARKED.finditer(line):
            text += line[end : mark.start()]
            mentions.append(Mention(field="body", start=len(text), end=len(text) + len(mark[1]), text=mark[1]))
            expected.append(None if mark[2] == NO_ID else int(mark[2]))
            text, end = text + mark[1], mark.end()
        yield text + line[end:], mentions, expected


def answers(path: Path, identifier: PlaceIdentifier) -> list[Answer]:
    found = []
    for text, mentions, expected in read_texts(path):
        entities = [Entity(name=it.text, type=EntityType.PLACE, score=1, mentions=(it,)) for it in mentions]
        identified = identifier.identify(entities, {"body": text})
        found += [
            Answer(text, entity.name, wanted, entity.ids.geonames)
            for entity, wanted in zip(identified, expected, strict=True)
        ]
    return found


def precision_and_recall(found: Sequence[Answer]) -> tuple[float, float]:
    right = sum(it.given is not None and it.given == it.expected for it in found)
    return right / sum(it.given is not None for it in found), right / sum(it.expected is not None for it in found)


def main() -> None:
    identifier = PlaceIdentifier.load()
    print("| texts | mentions | precision | recall |\n| --- | --- | --- | --- |")
    for path in (SEEN, HELD_OUT):
        found = answers(path, identifier)
        precision, recall = precision_and_recall(found)
        print(f"| {path.stem} | {len(found)} | {precision:.3f} | {recall:.3f} |")


if __name__ == "__main__":
    main()
