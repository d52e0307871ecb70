import pytest

from schemas.enriched import EntityType
from services.enrich.kinds import HINT_VOTES, NO_PERSON_VOTES, STATED_VOTES, Stated, read_kind_words, stated_type

PERSON, ORGANISATION, PLACE = EntityType.PERSON, EntityType.ORGANISATION, EntityType.PLACE


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("told striker Ada Obi to", "Ada Obi", PERSON),
        ("the brothers Obi and", "Obi", PERSON),
        ("by the drugmaker Acme on", "Acme", ORGANISATION),
        ("in the town of Leon on", "Leon", PLACE),
        ("counties Kerry and", "Kerry", PLACE),
        ("a friend of Leon on", "Leon", None),
        ("said Ada Obi, 34, who", "Ada Obi", PERSON),
        ("said Ada Obi, 34.", "Ada Obi", PERSON),
        ("of Acme, 3, and", "Acme", None),
        ("to Acme, a Japanese drugmaker, said", "Acme", ORGANISATION),
        ("at Acme, the technicians' union, asked", "Acme", ORGANISATION),
        ("Obi, a teacher who left", "Obi", PERSON),
        ("to Leon, a village near Acme.", "Leon", PLACE),
        ("her party, Acme, lost", "Acme", ORGANISATION),
        ("a spokeswoman for the group, Ada Obi, said", "Ada Obi", None),
        ("in the region, Ada Obi, said", "Ada Obi", None),
        ("In Leon, a teacher, said", "Leon", None),
        ("In Leon, 34, said", "Leon", None),
        ("Leon, which is", "Leon", None),
        ("at Sligo Hospital on", "Sligo Hospital", ORGANISATION),
        ("at Sligo Airport on", "Sligo Airport", PLACE),
        ("the Hospital on", "Hospital", None),
        ("at Hotel Leon on", "Hotel Leon", ORGANISATION),
        ("the State Museum of Prehistory on", "State Museum of Prehistory", ORGANISATION),
        ("the Leon province on", "Leon", PLACE),
        ("But Villa are fifth", "Villa", None),
        (". Villa are fifth", "Villa", ORGANISATION),
        ("people in Leon are", "Leon", None),
        ('"No," said Capital Economics, which', "Capital Economics", None),
        ("Ada Obi (41) won", "Ada Obi", None),
        ("In nearby Leon, 34 people died", "Leon", None),
        ("the House, 34, and", "House", None),
        ("At the union, Ada Obi, 55, said", "Ada Obi", PERSON),
        ("to captain Mumbai Indians", "Mumbai Indians", None),
        ("Obi", "Obi", None),
    ],
)
def test_words_beside_a_name_say_its_type(text: str, name: str, said: EntityType | None) -> None:
    start = text.index(name)
    stated = stated_type(text, start, start + len(name), ORGANISATION)
    assert (stated and stated.type) is said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(Reporting by Jordan Hill in Leon)", PERSON),
        ("; editing by Jordan Hill", PERSON),
        ("a visit by Jordan Hill", None),
        ('"No," said Jordan Hill, who', PERSON),
        ('"No," said Jordan Hill captain Ada Obi.', None),
        ("it said Jordan Hill, who", None),
    ],
)
def test_who_is_credited_or_quoted_is_no_place(text: str, said: EntityType | None) -> None:
    start = text.index("Jordan Hill")
    stated = stated_type(text, start, start + len("Jordan Hill"), PLACE)
    assert (stated and stated.type) is said


@pytest.mark.parametrize(
    ("text", "name", "stated"),
    [
        ("said Ada Obi (41), who", "Ada Obi", Stated(PERSON, STATED_VOTES)),
        ("an Adani subsidiary fell", "Adani", Stated(ORGANISATION, NO_PERSON_VOTES)),
        ("said Movistar manager Ada Obi", "Movistar", Stated(ORGANISATION, NO_PERSON_VOTES)),
        ("a Movistar manager said", "Movistar", None),
        ("Ada Obi shares a picture", "Ada Obi", None),
        ("rain in Katherine on", "Katherine", Stated(PLACE, HINT_VOTES)),
        ("in Katherine's house", "Katherine", None),
        ("trust in Katherine on", "Katherine", None),
        ("with Veronica Lake on", "Veronica Lake", Stated(PLACE, HINT_VOTES)),
        ("the company Obi founded", "Obi", None),
        ("Ada Obi, a giant of the stage,", "Ada Obi", None),
        ("with Katherine on", "Katherine", None),
    ],
)
def test_what_is_tagged_as_a_person_is_seldom_something_else(text: str, name: str, stated: Stated | None) -> None:
    start = text.index(name)
    assert stated_type(text, start, start + len(name), PERSON) == stated


@pytest.mark.parametrize("line", ["beside\tperson", "above\tperson\tfarmer", "beside\tthing\tstone"])
def test_a_line_that_is_not_of_the_format_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="line 2: not where, type and words"):
        read_kind_words(f"# head\n{line}\n")
