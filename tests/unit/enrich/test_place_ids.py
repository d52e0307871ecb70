from collections.abc import Mapping

import pytest

from schemas.enriched import Entity, EntityIds, EntityType, Mention
from services.enrich.place_ids import PlaceIdentifier, home_country
from services.enrich.place_table import PlaceTable, fold
from tests.bench.places import HELD_OUT, SEEN, answers, precision_and_recall

TABLE = PlaceTable.load()
IDENTIFIER = PlaceIdentifier(TABLE)


def identify(
    text: str, *names: str, entity_type: EntityType = EntityType.PLACE, home: str | None = None
) -> Mapping[str, EntityIds]:
    entities = []
    for name in names:
        start = text.index(name)
        mention = Mention(field="body", start=start, end=start + len(name), text=name)
        entities.append(Entity(name=name, type=entity_type, score=1, mentions=(mention,)))
    return {it.name: it.ids for it in IDENTIFIER.identify(entities, {"body": text}, home)}


@pytest.mark.parametrize("path", [SEEN, HELD_OUT], ids=["seen", "held_out"])
def test_precision_and_recall_on_our_own_texts(path: object) -> None:
    found = answers(SEEN if path == SEEN else HELD_OUT, IDENTIFIER)
    precision, recall = precision_and_recall(found)
    assert len(found) >= 85
    assert precision >= 0.97
    assert recall >= 0.9


def test_codes_say_where_a_place_is() -> None:
    found = identify("In Munich, Bavaria, the German city, and Germany at large", "Munich", "Bavaria", "Germany")
    assert [(it.iso_3166_1, it.iso_3166_2) for it in found.values()] == [("DE", "DE-BY"), ("DE", "DE-BY"), ("DE", None)]
    assert len({it.geonames for it in found.values()}) == 3


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("U.S.", "United States"),
        ("America", "United States"),
        ("UK", "United Kingdom"),
        ("Britain", "United Kingdom"),
        ("Holland", "Netherlands"),
        ("Kiev", "Kyiv"),
        ("KYIV", "Kyiv"),
        ("Hague", "The Hague"),
        ("München", "Munich"),
        ("Sao Paulo", "São Paulo"),
        ("Burma", "Myanmar"),
        ("Turkey", "Türkiye"),
        ("Côte d’Ivoire", "Ivory Coast"),
        ("St. Petersburg", "Saint Petersburg"),
    ],
)
def test_forms_of_a_name_mean_the_same_place(form: str, name: str) -> None:
    [one], [other] = identify(form, form).values(), identify(name, name).values()
    assert one == other
    assert one.geonames


def test_person_or_organisation_named_like_a_place_has_no_id() -> None:
    for entity_type in (EntityType.PERSON, EntityType.ORGANISATION):
        assert identify("Paris and London", "Paris", "London", entity_type=entity_type) == {
            "Paris": EntityIds(),
            "London": EntityIds(),
        }


@pytest.mark.parametrize("name", ["Springfield", "South", "Congo River", "Atlantis", "Red Sea", "", "."])
def test_name_that_tells_no_place_has_no_id(name: str) -> None:
    assert identify(f"in {name}", name)[name] == EntityIds()


def test_container_that_contradicts_every_meaning_leaves_no_id() -> None:
    found = identify("A barn burned in London, Kentucky, on Sunday", "London", "Kentucky")
    assert found["London"] == EntityIds()
    assert found["Kentucky"].iso_3166_2 == "US-KY"


def test_one_name_that_holds_its_container() -> None:
    assert identify("born in Paris, Texas", "Paris, Texas")["Paris, Texas"].iso_3166_2 == "US-TX"


def test_country_of_the_publisher_tips_the_balance() -> None:
    text = "Two men were hurt in Birmingham"
    assert identify(text, "Birmingham", home="GB")["Birmingham"].iso_3166_1 == "GB"
    assert identify(text, "Birmingham", home="US")["Birmingham"] == EntityIds()


def test_code_that_iso_did_not_give_is_left_out() -> None:
    kosovo = identify("Kosovo", "Kosovo")["Kosovo"]
    assert kosovo.geonames
    assert kosovo.iso_3166_1 is None


@pytest.mark.parametrize(
    ("home", "code"), [("times.co.uk", "GB"), ("zeitung.de", "DE"), ("news.com", None), ("localhost", None)]
)
def test_country_of_a_domain(home: str, code: str | None) -> None:
    assert home_country(home) == code


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("São Paulo", "sao paulo"),
        ("St. John’s", "saint johns"),
        ("The Hague", "hague"),
        ("U.S.", "us"),
        ("Port-au-Prince", "port au prince"),
        ("Łódź", "lodz"),
        ("The", ""),
    ],
)
def test_folding(name: str, folded: str) -> None:
    assert fold(name) == folded


def test_a_thousand_unknown_places_and_a_long_text_take_no_time() -> None:
    names = [f"Placeville{number}" for number in range(1000)]
    assert set(identify(" ".join(names), *names).values()) == {EntityIds()}
