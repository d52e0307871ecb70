"""The table of places: what a name can mean. `training/places.py` compiles `data/places.tsv.gz`, and tells its format.

Data of GeoNames (geonames.org), CC BY 4.0.
"""

import gzip
import hashlib
import re
import unicodedata
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple, Self
from zlib import crc32

import numpy as np

PLACES_PATH: Final = Path(__file__).parent / "data" / "places.tsv.gz"
ABBREVIATION: Final = "ABBREVIATION"
REMEMBERED_NAMES: Final = 4096  # news is mostly of the same places
# Letters that Unicode does not take apart into a Latin letter and a mark.
_LETTERS: Final = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
_INSIDE_WORDS: Final = str.maketrans(dict.fromkeys("'’‘ʻʼʹʿʾ`."))
_WORD: Final = re.compile(r"[^\W_]+")
# The capital first: to ask of each character whether a word begins there takes twice as long.
_CAPITALISED: Final = re.compile(r"[A-Z](?<!\w.)\w+")
_ABBREVIATED: Final = {"st": "saint", "ste": "sainte", "mt": "mount", "ft": "fort"}


class PlaceKind(StrEnum):
    CONTINENT = "continent"
    COUNTRY = "country"
    STATE = "state"
    CITY = "city"


class Naming(Enum):
    """How a name belongs to a place; the value is what that adds to the place's prominence."""

    PREFERRED = 2.5
    OWN = 0.0
    OTHER = -1.2


@dataclass(frozen=True, slots=True)
class Place:
    """`prominence` is a logarithm to base 10. `subdivision` (ISO 3166-2) is the state, or the city's; "" if none."""

    geonames_id: int
    kind: PlaceKind
    country: str
    subdivision: str
    prominence: float

    def is_in(self, other: "Place") -> bool:
        if self is other or other.kind is PlaceKind.CITY:
            return False
        if other.kind is PlaceKind.STATE:
            return bool(other.subdivision) and self.subdivision == other.subdivision
        return other.kind is PlaceKind.COUNTRY and self.country == other.country


class Meaning(NamedTuple):
    place: Place
    naming: Naming


class PlaceTable:
    def __init__(self, table: bytes) -> None:
        self.version: Final = f"1-{hashlib.blake2b(table, digest_size=4).hexdigest()}"
        places, names, adjectives = table.split(b"\n\n")
        self._places: Final = _Lines(places)
        self._names: Final = _Names(names)
        self._adjectives: Final = dict(line.split("\t") for line in adjectives.decode().splitlines())
        self._adjective_ends: Final = frozenset(words.rpartition(" ")[2] for words in self._adjectives)
        self.meanings: Final = lru_cache(REMEMBERED_NAMES)(self._read_meanings)
        self._entries: Final = lru_cache(REMEMBERED_NAMES)(self._read_entries)

    @classmethod
    def load(cls, path: Path = PLACES_PATH) -> Self:
        """About 35 ms and 14 MB."""
        return cls(gzip.decompress(path.read_bytes()))

    def _read_meanings(self, name: str) -> tuple[Meaning, ...]:
        """All places that `name` can mean, in no order."""
        return tuple(Meaning(place, Naming[code]) for code, place in self._entries(name) if code != ABBREVIATION)

    def abbreviated(self, name: str) -> list[Place]:
        """The states that are written so after a comma: "Ala.", "TX"."""
        return [place for code, place in self._entries(name) if code == ABBREVIATION]

    def is_adjective(self, words: str) -> bool:
        """True for "South Korean", and for "South Koreans"."""
        return words in self._adjectives or (words.endswith("s") and words[:-1] in self._adjectives)

    def adjectives(self, text: str) -> list[Place]:
        """The countries and states that words like "Texan" and "South Korean" in `text` tell of."""
        found = []
        words = _CAPITALISED.findall(text)
        if not self._adjective_ends.isdisjoint(words):
            for before, word in pairwise(["", *words]):
                if word in self._adjective_ends:
                    rows = self._adjectives.get(f"{before} {word}") or self._adjectives.get(word, "")
                    found += [self._place(int(row)) for row in rows.split()]
        return found

    def _read_entries(self, name: str) -> list[tuple[str, Place]]:
        entries = (entry.split(":") for entry in self._names.get(fold(name)).split())
        return [(code, self._place(int(row))) for code, row in entries]

    def _place(self, row: int) -> Place:
        geonames_id, kind, country, subdivision, prominence = self._places[row].decode().split("\t")
        return Place(int(geonames_id), PlaceKind(kind), country, subdivision, float(prominence))


class _Lines:
    """The lines of a text where they stand: as strings, a hundred thousand names take five times the memory."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        breaks = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n"))
        self._edges = array("l", [-1, *breaks.tolist(), len(text)])

    def __len__(self) -> int:
        return len(self._edges) - 1

    def __getitem__(self, number: int) -> bytes:
        return self._text[self._edges[number] + 1 : self._edges[number + 1]]

    def __iter__(self) -> Iterator[bytes]:
        return (self[number] for number in range(len(self)))


class _Names:
    """What stands behind each name, found by a hash of the name: a dict would take ten times the memory."""

    def __init__(self, text: bytes) -> None:
        self._lines = _Lines(text)
        hashes = np.fromiter((crc32(line.partition(b"\t")[0]) for line in self._lines), np.uint32)
        order = np.argsort(hashes)
        self._hashes = array("I", hashes[order].tobytes())
        self._numbers = array("I", order.astype(np.uint32).tobytes())

    def get(self, name: str) -> str:
        """Empty for a name that the table has not."""
        wanted = name.encode("utf-8", "surrogatepass")
        hashed = crc32(wanted)
        first = bisect_left(self._hashes, hashed)
        for number in self._numbers[first : bisect_right(self._hashes, hashed, first)]:
            found, _, value = self._lines[number].partition(b"\t")
            if found == wanted:
                return value.decode()
        return ""


def fold(name: str) -> str:
    """What names are compared by: no case, accents, punctuation or articles, and "St." written out."""
    lowered = name.casefold().replace("&", " and ")
    if not lowered.isascii():
        decomposed = unicodedata.normalize("NFKD", lowered).translate(_LETTERS)
        lowered = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    words = _WORD.findall(lowered.translate(_INSIDE_WORDS))
    return " ".join([_ABBREVIATED.get(word, word) for word in words if word != "the"])
