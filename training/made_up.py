"""Sentences of our own for what the labelled texts have too little of: templates and word lists in, documents out."""

import random
import re
from pathlib import Path
from typing import Final

from services.enrich.crf.lexicon import BIT, Lexicon
from training.bio import Document

_SLOT: Final = re.compile(r"\[(\w+)\]")
_LABELS: Final = {"club": "ORG", "org": "ORG", "per": "PER", "last": "PER", "place": "LOC"}
_SYLLABLES: Final = tuple(
    (  # noqa: SIM905
        "al an ar bel bor cal cor den dor el en far gal hal in ka kor lan lo mar mi nor o pel qu ra ri sa sol tal ten"
        " tor u va vel vo wes xi za"
    ).split()
)
_ENDINGS: Final = (
    *("" for _ in range(6)),
    "ex",
    "ia",
    "on",
    "ta",
    "tech",
    "soft",
    "gen",
    "com",
    "corp",
    "pharma",
    "bank",
)
_ABBREVIATED_PLACES: Final = frozenset(("us", "usa", "uk", "uae", "drc"))
_SPORTING_BEFORE: Final = (*("" for _ in range(14)), "Real ", "AC ", "Sporting ", "FC ", "Inter ")
_SPORTING: Final = (*("" for _ in range(6)), " United", " City", " Rovers", " FC", " Athletic", " Town")


def made_up_documents(templates: Path, lexicon: Lexicon, count: int, shuffle: random.Random) -> list[Document]:
    """`count` short texts; half of their organisations are known, half invented, so that what is around them counts."""
    lines = [line for line in templates.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    names = _Names(lexicon, shuffle)
    return [_fill(shuffle.choice(lines), names) for _ in range(count)]


class _Names:
    def __init__(self, lexicon: Lexicon, shuffle: random.Random) -> None:
        def with_any(*kinds: str) -> list[str]:
            mask = sum(BIT[kind] for kind in kinds)
            return sorted(word for word, bits in lexicon.kinds.items() if bits & mask and word.isalpha())

        self._shuffle = shuffle
        self._clubs, self._orgs = with_any("club"), with_any("orgn")
        self._firsts, self._lasts = with_any("first", "cfirst"), with_any("last", "clast")
        self._places, self._towns = with_any("ctry1", "city1M"), with_any("city100k", "town")

    def draw(self, slot: str) -> str:
        pick, is_even = self._shuffle.choice, self._shuffle.random() < 0.5
        if slot == "per":
            return " ".join(pick(part).title() for part in (self._firsts, self._lasts))
        if slot == "last":
            return pick(self._lasts).title()
        if slot == "place":
            name = pick(self._places if is_even else self._towns)
            return name.upper() if name in _ABBREVIATED_PLACES else name.title()
        if slot == "club":
            return pick(_SPORTING_BEFORE) + pick(self._clubs if is_even else self._towns).title() + pick(_SPORTING)
        if not is_even:
            return self._invented()
        name = pick(self._orgs)
        return name.upper() if len(name) <= 3 or (len(name) == 4 and pick((True, False))) else name.title()

    def _invented(self) -> str:
        pick = self._shuffle.choice
        match self._shuffle.randrange(4):
            case 0:
                return "".join(pick("ABCDEFGHIJKLMNOPRSTUVW") for _ in range(self._shuffle.randrange(3, 5)))
            case 1:
                return pick(self._lasts).title()
            case _:
                syllables = "".join(pick(_SYLLABLES) for _ in range(self._shuffle.randrange(1, 3)))
                return (syllables + pick(_ENDINGS)).title()


def _fill(template: str, names: _Names) -> Document:
    text, spans, end = "", [], 0
    for slot in _SLOT.finditer(template):
        text += template[end : slot.start()]
        name = names.draw(slot[1])
        spans.append((len(text), len(text) + len(name), _LABELS[slot[1]]))
        text += name
        end = slot.end()
    return Document(text + template[end:], tuple(spans))
