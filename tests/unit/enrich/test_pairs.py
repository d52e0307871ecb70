"""Names joined by a hyphen: two where both are known, one where the pair is a name of its own."""

import pytest

from schemas.enriched import EntityType
from services.enrich.entities import Span
from services.enrich.pairs import part_pairs

PLACES = ("US", "U.S.", "China", "Japan", "Korea", "South Korea", "Israel", "Asia", "Pacific", "Asia-Pacific")
KNOWN = dict.fromkeys(PLACES, EntityType.PLACE) | {"Hamas": EntityType.ORGANISATION}


def parted(text: str, *names: str) -> list[str]:
    spans = [Span(text.index(name), text.index(name) + len(name), EntityType.PLACE) for name in names]
    return [text[span.start : span.end] for span in part_pairs(text, spans, KNOWN.get)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("US-China trade talks resume", ["US", "China"]),
        ("The U.S.-China talks", ["U.S.", "China"]),
        ("The US–China talks", ["US", "China"]),
        ("New South Korea-Japan Summit Opens", ["South Korea", "Japan"]),
        ("the US-Japan-South Korea pact", ["US", "Japan", "South Korea"]),
        ("The Israel-Hamas war's end", ["Israel", "Hamas"]),
        ("Asia-Pacific leaders, Asia–Pacific trade", []),
        ("Anti-US rally, China-made toys, the China-Nowhere line", []),
        ("a-B C-d -China China- -", []),
    ],
)
def test_both_sides_of_a_pair_are_names(text: str, names: list[str]) -> None:
    assert parted(text) == names


def test_pair_taken_for_one_name_is_parted() -> None:
    assert parted("The US-China talks in China", "US-China", "China") == ["US", "China"]
    text = "The Israel-Hamas war"
    [israel, hamas] = part_pairs(text, [Span(4, 16, EntityType.PERSON)], KNOWN.get)
    assert (israel.type, hamas.type) == (EntityType.PLACE, EntityType.ORGANISATION)


def test_body_called_by_two_places_stays() -> None:
    body = Span(0, 12, EntityType.ORGANISATION)
    assert part_pairs("Asia-Israel said so", [body._replace(end=11)], KNOWN.get) == [body._replace(end=11)]
    assert len(part_pairs("Israel-Hamas talks", [body], KNOWN.get)) == 2


def test_longer_name_around_a_pair_stays() -> None:
    assert parted("the US-China Business Council met", "US-China Business Council") == ["US-China Business Council"]
