"""Texts of our own for what the labelled ones have too little of: templates and lists of names in, documents out."""

import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from services.enrich.crf.lexicon import BIT, Lexicon
from training.bio import Document, recase

WORDS: Final = Path(__file__).parent / "words"
_SLOT: Final = re.compile(r"\[([a-z]+)(\d?)\]")
# What is none of the three is not marked, like the albums, storms and laws of "thing".
LABELS: Final = {
    "club": "ORG",
    "org": "ORG",
    "body": "ORG",
    "armed": "ORG",
    "per": "PER",
    "last": "PER",
    "place": "LOC",
}
_PART: Final = re.compile(r"\{(\w+)\}")
_LATIN: Final = re.compile("[a-z\u00df-\u024f\u1e00-\u1eff]+")
_SYLLABLES: Final = tuple(
    (  # noqa: SIM905
        "al an ar bel bor cal cor den dor el en far gal hal in ka kor lan lo mar mi nor o pel qu ra ri sa sol tal ten"
        " tor u va vel vo wes xi za"
    ).split()
)
_ENDINGS: Final = ("", "", "", "ex", "ia", "on", "ta", "tech", "soft", "gen", "com", "corp", "pharma", "bank")
_ABBREVIATED_PLACES: Final = frozenset(("us", "usa", "uk", "uae", "drc"))
_BEFORE_CLUB: Final = (*("" for _ in range(14)), "Real ", "AC ", "Sporting ", "FC ", "Inter ")
_AFTER_CLUB: Final = (*("" for _ in range(6)), " United", " City", " Rovers", " FC", " Athletic", " Town")
_LETTERS: Final = "ABCDEFGHIJKLMNOPRSTUVW"
# How many made-up texts there are once more as headlines.
_TITLE_SHARE, _UPPER_SHARE = 0.12, 0.03


def made_up_documents(lexicon: Lexicon, count: int, shuffle: random.Random) -> list[Document]:
    """`count` short texts; half of their organisations are known, half invented, so that what is around them counts."""
    lines = _lines(WORDS / "templates.txt")
    names = Names(lexicon, shuffle)
    made = [_fill(shuffle.choice(lines), names.draw, shuffle) for _ in range(count)]
    for document in made[:]:
        draw = shuffle.random()
        if draw < _TITLE_SHARE + _UPPER_SHARE:
            made.append(recase(document, "title" if draw < _TITLE_SHARE else "upper"))
    return made


class Names:
    """Names of each kind of slot, well-known or invented."""

    def __init__(self, lexicon: Lexicon, shuffle: random.Random) -> None:
        def with_any(*kinds: str) -> list[str]:
            mask = sum(BIT[kind] for kind in kinds)
            return sorted(word for word, bits in lexicon.kinds.items() if bits & mask and _LATIN.fullmatch(word))

        self._shuffle = shuffle
        self._clubs, self._orgs = with_any("club"), with_any("orgn")
        self._firsts, self._lasts = with_any("first", "cfirst"), with_any("last", "clast")
        self._places, self._towns = with_any("ctry1", "city1M"), with_any("city100k", "town")
        self._known, self._parts = _table(WORDS / "names.tsv"), _table(WORDS / "parts.tsv")
        self._makers: dict[str, Callable[[], str]] = {
            "per": lambda: f"{self._first()} {self._last()}",
            "first": self._first,
            "word": self._one_word,
            "letter": lambda: self._shuffle.choice(_LETTERS),
            "last": self._last,
            "place": self._place,
            "club": self._club,
            "org": self._org,
            "body": self._body,
            "thing": lambda: self._from_parts("a thing"),
            "armed": lambda: self._acronym() if self._one_in(2) else self._from_parts("a body"),
        }

    @property
    def organisations(self) -> list[str]:
        """Well-known ones of more than one word."""
        return [name for names in self._known.values() for name in names if " " in name]

    def draw(self, slot: str) -> str:
        return self._makers[slot]()

    def _one_in(self, count: int) -> bool:
        return self._shuffle.randrange(count) == 0

    def _first(self) -> str:
        return self._shuffle.choice(self._firsts).title()

    def _last(self) -> str:
        return self._shuffle.choice(self._lasts).title()

    def _place(self) -> str:
        name = self._shuffle.choice(self._places if self._one_in(2) else self._towns)
        return name.upper() if name in _ABBREVIATED_PLACES else name.title()

    def _club(self) -> str:
        pick = self._shuffle.choice
        if self._one_in(2):
            return pick(self._known["club"])
        name = pick(self._clubs if self._one_in(2) else self._towns).title()
        return pick(_BEFORE_CLUB) + name + pick(_AFTER_CLUB)

    def _org(self) -> str:
        match self._shuffle.randrange(4):
            case 0:
                return self._shuffle.choice(self._known["org"])
            case 1:
                name = self._shuffle.choice(self._orgs)
                return name.upper() if len(name) <= 3 or (len(name) == 4 and self._one_in(2)) else name.title()
            case 2:
                return self._from_parts("a firm")
            case _:
                return self._one_word()

    def _from_parts(self, form: str) -> str:
        """A name of one of the forms, such as "{place} {firm}"."""
        return _PART.sub(lambda part: self._part(part[1]), self._shuffle.choice(self._parts[form]))

    def _part(self, kind: str) -> str:
        maker = self._makers.get(kind)
        return maker() if maker else self._shuffle.choice(self._parts[kind])

    def _one_word(self) -> str:
        if self._one_in(4):
            return self._last()
        syllables = "".join(self._shuffle.choice(_SYLLABLES) for _ in range(self._shuffle.randrange(1, 4)))
        return (syllables + self._shuffle.choice(_ENDINGS)).title()

    def _acronym(self) -> str:
        letters = "".join(self._shuffle.choice(_LETTERS) for _ in range(self._shuffle.randrange(2, 6)))
        return letters if self._one_in(2) or len(letters) > 3 else f"{letters[:1]}{self._shuffle.randrange(2, 100)}"

    def _body(self) -> str:
        match self._shuffle.randrange(5):
            case 0 | 1:
                return self._shuffle.choice(self._known["body"])
            case 2:
                return self._acronym()
            case _:
                return self._from_parts("a body")


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def _table(path: Path) -> dict[str, list[str]]:
    table: dict[str, list[str]] = {}
    for line in _lines(path):
        kind, words = line.split("\t")
        table.setdefault(kind, []).extend(words.split(", "))
    return table


def _fill(template: str, draw: Callable[[str], str], shuffle: random.Random) -> Document:
    template = template.replace(" | ", "\n").replace("[d]", str(shuffle.randrange(5)))
    text, spans, end = "", [], 0
    drawn: dict[str, str] = {}
    for slot in _SLOT.finditer(template):
        text += template[end : slot.start()]
        name = drawn.setdefault(slot[0], draw(slot[1])) if slot[2] else draw(slot[1])
        if slot[1] in LABELS:
            spans.append((len(text), len(text) + len(name), LABELS[slot[1]]))
        text += name
        end = slot.end()
    return Document(text + template[end:], tuple(spans))


def with_other_names(document: Document, lexicon: Lexicon, draw: Callable[[str], str]) -> Document:
    """The document with each name replaced by another of its kind, the same wherever it stands."""
    other: dict[tuple[str, str], str] = {}
    text, spans, end = "", [], 0
    for start, stop, kind in document.spans:
        name = document.text[start:stop]
        text += document.text[end:start]
        new = _other_name(name, kind, lexicon, draw, other)
        spans.append((len(text), len(text) + len(new), kind))
        text += new
        end = stop
    return Document(text + document.text[end:], tuple(spans))


def _other_name(
    name: str, kind: str, lexicon: Lexicon, draw: Callable[[str], str], other: dict[tuple[str, str], str]
) -> str:
    key = kind, name
    if key in other:
        return other[key]
    words = name.split()
    if kind == "PER":
        parts: Sequence[str] = [draw("last")] if len(words) == 1 else draw("per").split(" ")
        other[kind, words[-1]] = parts[-1]
        other[kind, words[0]] = parts[0]
        other[key] = " ".join(parts)
    elif kind == "LOC":
        other[key] = draw("place") if len(words) == 1 and name.isalpha() else name
    else:
        bits = [lexicon.kinds.get(word.lower(), 0) for word in words]
        is_body = len(words) > 1 and any(word_bits & BIT["orgw"] for word_bits in bits)
        is_club = any(word_bits & BIT["club"] for word_bits in bits)
        other[key] = draw("body" if is_body else "club" if is_club else "org")
    return other[key]
