import pytest

from schemas.enriched import EntityType
from services.enrich.entities import Span
from services.enrich.names import find_name

PERSON, ORGANISATION, PLACE = EntityType.PERSON, EntityType.ORGANISATION, EntityType.PLACE


@pytest.mark.parametrize(
    ("marked", "entity_type", "name"),
    [
        ("Angela Merkel", PERSON, "Angela Merkel"),
        ("Mr. Smith", PERSON, "Smith"),
        ("President Donald Trump", PERSON, "Donald Trump"),
        ("Vice President Kamala Harris", PERSON, "Kamala Harris"),
        ("Gen. Mark Milley", PERSON, "Mark Milley"),
        ("President", PERSON, None),
        ("Trump's", PERSON, "Trump"),
        ("Reuters'", ORGANISATION, "Reuters"),
        ("the White House", ORGANISATION, "White House"),
        ("The Gambia", PLACE, "Gambia"),
        ("Theresa May", PERSON, "Theresa May"),
        ('"Fox News"', ORGANISATION, "Fox News"),
        ("U.S.", PLACE, "U.S."),
        ("Acme Inc.", ORGANISATION, "Acme Inc."),
        ("Berlin.", PLACE, "Berlin"),
        ("Director Generale SpA", ORGANISATION, "Director Generale SpA"),
        ("Farmer Ada Obi", ORGANISATION, "Ada Obi"),
        ("Nurse Ada Obi", PERSON, "Ada Obi"),
        ("Teacher Union Foundation", ORGANISATION, "Teacher Union Foundation"),
        ("Donets river", PLACE, "Donets"),
        ("St. John's", PLACE, "St. John's"),
        ("Prince Edward Island", PERSON, "Prince Edward Island"),
        ("Premier League", PERSON, "Premier League"),
        ("Princess Cruises", ORGANISATION, "Princess Cruises"),
        ("Prince William County", PERSON, "Prince William County"),
        ("Queen Mary University of London", ORGANISATION, "Queen Mary University of London"),
        ("Det Insp", ORGANISATION, None),
        ("Nov", PERSON, None),
        ("Nov. 18", ORGANISATION, None),
        ("Marrakech", PLACE, "Marrakech"),
        ("Kofi\u00a0 Annan", PERSON, "Kofi Annan"),
        ("Kofi Annan\nGENEVA", PERSON, "Kofi Annan"),
        ("\nGhana", PLACE, "Ghana"),
        ("iPhone", ORGANISATION, "iPhone"),
        ("market", ORGANISATION, None),
        ("北京", PLACE, "北京"),
        ("2019", PLACE, None),
        ("—", PLACE, None),
        ("news@example.org", ORGANISATION, None),
        ("#MeToo", ORGANISATION, None),
        ("A" * 101, ORGANISATION, None),
        ("The", PLACE, None),
        ("'s", PERSON, None),
    ],
)
def test_name_in_a_span(marked: str, entity_type: EntityType, name: str | None) -> None:
    text = f"Then {marked} then"
    found = find_name(text, Span(5, 5 + len(marked), entity_type))
    if found is not None:
        assert " ".join(text[found.span.start : found.span.end].split()) == found.name
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("text", "name", "stated"),
    [
        ("said President Bukele", "Bukele", PERSON),
        ("said Dr. Suri", "Suri", PERSON),
        ("said Bukele", "Bukele", None),
        ("a vice-presidential Bukele", "Bukele", None),
    ],
)
def test_title_before_a_name_is_seen(text: str, name: str, stated: EntityType | None) -> None:
    start = text.index(name)
    found = find_name(text, Span(start, start + len(name), ORGANISATION))
    assert found is not None
    assert (found.stated and found.stated.type) is stated


def test_part_of_a_title_is_no_name() -> None:
    text = "U.S. Secretary of State Marco Rubio"
    assert find_name(text, Span(18, 23, ORGANISATION)) is None
