import pytest

from schemas.enriched import EntityType
from services.enrich.document_pass import group_entities
from services.enrich.entities import Span, TaggedText, straighten
from services.enrich.known_names import KnownNames
from services.enrich.place_table import PlaceTable
from tests.support.marked_text import read_marked

KNOWN = KnownNames.load(PlaceTable.load())


def entities_of(*marked_fields: str) -> dict[str, tuple[str, list[str]]]:
    """Entities of fields where `[P Ada Lovelace]` is what a tagger found: name -> (type, texts of the mentions)."""
    fields, texts = {}, []
    for number, marked in enumerate(marked_fields):
        text, spans = read_marked(marked, score=1.0)
        fields[f"field{number}"] = text
        texts.append(TaggedText(f"field{number}", straighten(text), tuple(spans)))
    entities = group_entities(texts, fields, KNOWN)
    for entity in entities:
        assert 0 < entity.score < 1
        for mention in entity.mentions:
            assert fields[mention.field][mention.start : mention.end] == mention.text
    return {entity.name: (entity.type.value, [mention.text for mention in entity.mentions]) for entity in entities}


CASES: dict[str, tuple[tuple[str, ...], dict[str, tuple[str, list[str]]]]] = {
    "one type per name, by vote": (
        ("[P Acme] fell. [O Acme] rose. [O Acme] closed.",),
        {"Acme": ("organisation", ["Acme", "Acme", "Acme"])},
    ),
    "a surname is the person named in full, whatever the tagger said": (
        ("[P Ada Lovelace] met investors. [O Lovelace] spoke. [O Lovelace] left.",),
        {"Ada Lovelace": ("person", ["Ada Lovelace", "Lovelace", "Lovelace"])},
    ),
    "over two fields": (
        ("[O Lovelace] wins", "[P Ada Lovelace] won."),
        {"Ada Lovelace": ("person", ["Lovelace", "Ada Lovelace"])},
    ),
    "a double surname": (
        ("[P Kilmar Abrego García] came. [P Abrego García] and [P García] left.",),
        {"Kilmar Abrego García": ("person", ["Kilmar Abrego García", "Abrego García", "García"])},
    ),
    "a family name in front": (
        ("[P Xi Jinping] came. [P Xi] left.",),
        {"Xi Jinping": ("person", ["Xi Jinping", "Xi"])},
    ),
    "a shared surname is the one mentioned most": (
        ("[P Ann Lee] and [P Bob Lee] came. [P Bob Lee] left. [P Lee] returned.",),
        {"Bob Lee": ("person", ["Bob Lee", "Bob Lee", "Lee"]), "Ann Lee": ("person", ["Ann Lee"])},
    ),
    "a demonym is no entity": (
        ("[P Belgian] police and [L South Koreans] met [P Ada Obi].",),
        {"Ada Obi": ("person", ["Ada Obi"])},
    ),
    "but a surname is one": (
        ("[P Dawn French] met [P French].",),
        {"Dawn French": ("person", ["Dawn French", "French"])},
    ),
    "a place is not a namesake": (
        ("[P George Washington] flew to [L Washington].",),
        {"George Washington": ("person", ["George Washington"]), "Washington": ("place", ["Washington"])},
    ),
    "a person named like a place": (
        ("[P Michael Jordan] scored. [P Jordan] won.",),
        {"Michael Jordan": ("person", ["Michael Jordan", "Jordan"])},
    ),
    "a title makes a person": (
        ("[O Adeyemi] said so. President [O Adeyemi] left.",),
        {"Adeyemi": ("person", ["Adeyemi", "Adeyemi"])},
    ),
    "an acronym joins its name": (
        ("The [O Confederation of Indian Industry] and [P CII] agreed.",),
        {"Confederation of Indian Industry": ("organisation", ["Confederation of Indian Industry", "CII"])},
    ),
    "known names have their type and their name": (
        ("The [O U.S.] and the [O US] told [P NATO].",),
        {"United States": ("place", ["U.S.", "US"]), "North Atlantic Treaty Organization": ("organisation", ["NATO"])},
    ),
    "a club goes by its city's name, a country is no organisation": (
        ("[O Barcelona] met in [O Kenya].",),
        {"Barcelona": ("organisation", ["Barcelona"]), "Kenya": ("place", ["Kenya"])},
    ),
    "what is mostly a city is one": (
        ("[L Barcelona] met. [O Barcelona] won. [L Barcelona] slept.",),
        {"Barcelona": ("place", ["Barcelona", "Barcelona", "Barcelona"])},
    ),
    "a capital A is the name's own": (
        ("The [O A Division] and [O a Division]",),
        {
            "A Division": ("organisation", ["A Division"]),
            "Division": ("organisation", ["Division"]),
        },
    ),
    "accents, full stops and hyphens make no other name": (
        (
            "[P Imamoglu] held",
            "[P Ekrem İmamoğlu] met [P J.D. Vance]. [P JD Vance] left [O Al-Nusra]. [O Al Nusra] won.",
        ),
        {
            "Ekrem İmamoğlu": ("person", ["Imamoglu", "Ekrem İmamoğlu"]),
            "J.D. Vance": ("person", ["J.D. Vance", "JD Vance"]),
            "Al-Nusra": ("organisation", ["Al-Nusra", "Al Nusra"]),
        },
    ),
    "a headline in capitals": (
        ("QUAKE HITS [O MANDALAY] AND NAYPYITAW", "[L Mandalay] shook. [L Naypyitaw] shook."),
        {
            "Mandalay": ("place", ["MANDALAY", "Mandalay"]),
            "Naypyitaw": ("place", ["NAYPYITAW", "Naypyitaw"]),
        },
    ),
    "a name in brackets is the one before": (
        ("The [O Republican People's Party] ([L CHP]) lost. The [P CHP] left.",),
        {"Republican People's Party": ("organisation", ["Republican People's Party", "CHP", "CHP"])},
    ),
    "a company goes by its first word": (
        ("[O Cathay Pacific] fell. [P Cathay] rose.",),
        {"Cathay Pacific": ("organisation", ["Cathay Pacific", "Cathay"])},
    ),
    "a place does not stand for what is named after it": (
        ("[O Goma Hospital] is in [L Goma].",),
        {"Goma Hospital": ("organisation", ["Goma Hospital"]), "Goma": ("place", ["Goma"])},
    ),
    "a son has his father's surname": (
        ("[P Ferdinand Marcos Jr.] spoke. [O Marcos] left.",),
        {"Ferdinand Marcos Jr.": ("person", ["Ferdinand Marcos Jr.", "Marcos"])},
    ),
    "a known name under two forms is one entity": (
        ("[L Britain] left. The [L UK] came. [L UK] [L UK]",),
        {"United Kingdom": ("place", ["Britain", "UK", "UK", "UK"])},
    ),
    "a known name is known without its accents and in capitals": (
        ("[P BRASILIA] and [P Sao Tome and Principe], [O US] [O us]",),
        {
            "Brasília": ("place", ["BRASILIA"]),
            "São Tomé and Príncipe": ("place", ["Sao Tome and Principe"]),
            "United States": ("place", ["US"]),
        },
    ),
    "repeats are found": (
        ("[P Ada Lovelace] spoke. Then Lovelace left; “Lovelace’s luck”. [L Kumasi] is far, far from Kumasi.",),
        {
            "Ada Lovelace": ("person", ["Ada Lovelace"]),
            "Kumasi": ("place", ["Kumasi", "Kumasi"]),
        },
    ),
    "repeats of a surname once tagged are found, also before a curly apostrophe": (
        ("[P Ada Lovelace] spoke. [P Lovelace] left; Lovelace’s luck held.",),
        {"Ada Lovelace": ("person", ["Ada Lovelace", "Lovelace", "Lovelace"])},
    ),
    "a repeat inside another name is left alone": (
        ("[O Acme] sued. Acme Tower burned. Old Acme smiled. But Acme won.",),
        {"Acme": ("organisation", ["Acme", "Acme"])},
    ),
    "a name that is also a word is not repeated": (
        ("[P May] spoke. In May, you may leave.",),
        {"May": ("person", ["May"])},
    ),
    "possessive, article and title are no part of a mention": (
        ("[O the Acme Group’s] fall, said [P Mr. Okafor].",),
        {"Acme Group": ("organisation", ["Acme Group"]), "Okafor": ("person", ["Okafor"])},
    ),
    "curly quotes in a name": (
        ("[P Sinéad O’Connor] sang. [P O'Connor] left.",),
        {"Sinéad O'Connor": ("person", ["Sinéad O’Connor", "O'Connor"])},
    ),
    "nothing found": (("No names here.", ""), {}),
}


@pytest.mark.parametrize(("fields", "expected"), CASES.values(), ids=CASES.keys())
def test_document_pass(fields: tuple[str, ...], expected: dict[str, tuple[str, list[str]]]) -> None:
    assert entities_of(*fields) == expected


def test_entities_mentioned_most_come_first() -> None:
    assert list(entities_of("[O Acme] [L Kumasi] [L Kumasi]")) == ["Kumasi", "Acme"]


def test_score_falls_with_votes_for_other_types() -> None:
    def score(text: str) -> float:
        spans = tuple(
            Span(start, start + 4, EntityType.PERSON if text[start + 4] == "!" else EntityType.ORGANISATION)
            for start in range(0, len(text), 6)
        )
        return group_entities([TaggedText("body", text, spans)], {"body": text}, KNOWN)[0].score

    assert score("Acme. Acme. Acme! ") < score("Acme. ") < score("Acme. Acme. Acme. ")


@pytest.mark.parametrize(("score", "mentions"), [(0.95, 2), (0.5, 1)])
def test_only_names_that_the_tagger_is_sure_of_are_repeated(score: float, mentions: int) -> None:
    text = "Acme fell. Then Acme rose."
    spans = (Span(0, 4, EntityType.ORGANISATION, score),)
    [entity] = group_entities([TaggedText("body", text, spans)], {"body": text}, KNOWN)
    assert len(entity.mentions) == mentions


def test_score_is_the_taggers_own_where_there_is_one_mention() -> None:
    spans = (Span(0, 4, EntityType.ORGANISATION, 0.7),)
    [entity] = group_entities([TaggedText("body", "Acme", spans)], {"body": "Acme"}, KNOWN)
    assert entity.score == 0.7
