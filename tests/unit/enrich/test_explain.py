"""What `newsflow explain` says, from the real taggers and from spans as a tagger might give them."""

import pytest

from schemas.enriched import DetectedLanguage, EntityType, TagTask
from services.enrich.document_pass import group_entities
from services.enrich.entities import Span, TaggedText
from services.enrich.explain import Explainable, explain_entities, explain_language
from services.enrich.known_names import KnownNames
from services.enrich.tagging import Taggers

PERSON, ORGANISATION, PLACE = EntityType.PERSON, EntityType.ORGANISATION, EntityType.PLACE
KNOWN = KnownNames.load()


def explained(text: str, *spans: tuple[str, EntityType, float]) -> dict[str, str]:
    """The line of each name."""
    found, at = [], 0
    for name, kind, score in spans:
        at = text.index(name, at)
        found.append(Span(at, at + len(name), kind, score))
        at += len(name)
    texts = [TaggedText("body", text, tuple(found))]
    lines = explain_entities(texts, group_entities(texts, {"body": text}, KNOWN), KNOWN)
    return dict(line.strip().split(": ", 1) for line in lines if ": " in line)


def test_each_name_says_what_made_it_what_it_is() -> None:
    text = "President Ada Okoye met Okoye's aunt in U.S. Acme Forge (AFC) sued Acme. Acme Forge won. Acme Forge fell."
    lines = explained(
        text,
        ("Ada Okoye", PERSON, 0.9),
        ("Okoye", ORGANISATION, 0.6),
        ("U.S.", ORGANISATION, 0.7),
        ("Acme Forge", ORGANISATION, 0.9),
        ("AFC", ORGANISATION, 0.5),
        ("Acme", PERSON, 0.6),
        ("Acme Forge", PERSON, 0.4),
    )
    assert lines["Ada Okoye ×1"] == "the tagger says person 0.90; words beside it say person (1×)"
    assert lines["Okoye ×1"] == "the tagger says organisation 0.60; ends Ada Okoye; person by vote over the article"
    assert lines["U.S. ×1"] == "the tagger says organisation 0.70; a known place"
    assert lines["AFC ×1"] == "the tagger says organisation 0.50; short for Acme Forge"
    assert lines["Acme ×1"].endswith("begins Acme Forge; organisation by vote over the article")
    assert lines["Acme Forge ×3"] == "the tagger says organisation 0.90, person 0.40; 1 found by the name alone"


@pytest.mark.parametrize(
    ("ranked", "detected", "said"),
    [
        ([], ("und", 0.0), "no letter"),
        ([("en", 0.9), ("de", 0.1)], ("en", 0.9), "likeliest of all, by both readers: en 0.900, de 0.100"),
        ([("en", 0.5), ("de", 0.5)], ("und", 0.5), "too close to tell"),
        ([("sv", 0.99), ("de", 0.001)], ("und", 0.0), "none of the configured languages"),
    ],
)
def test_the_language_says_how_it_was_decided(
    ranked: list[tuple[str, float]], detected: tuple[str, float], said: str
) -> None:
    language = DetectedLanguage(code=detected[0], score=detected[1])
    assert said in "\n".join(explain_language(language, ranked, ("en", "de"), None))


def test_sections_say_who_did_what_and_agree_with_the_tags(taggers: Taggers) -> None:
    article = Explainable("Parliament votes", None, "Angela Merkel told parliament that the election was free.", "en")
    [tags] = taggers.tag_articles([article])
    language, media_topics, entities = taggers.explain(article)
    assert [section.title.split(", by ")[0] for section in (language, media_topics, entities)] == [
        "language",
        "media topics",
        "entities",
    ]
    assert media_topics.lines[0].startswith(f"{tags.media_topics[0].score:.2f}  {tags.media_topics[0].label}")
    assert "parliament" in media_topics.lines[0]
    assert any("Angela Merkel" in line for line in entities.lines)
    told = (TagTask.LANGUAGE, TagTask.ENTITIES, TagTask.MEDIA_TOPICS)
    assert {by.version for by in tags.tagged_by if by.task in told} == {
        section.title.split(" ")[-1] for section in taggers.explain(article)
    }


def test_media_topics_of_the_second_level_are_told_below_their_parent(taggers: Taggers) -> None:
    body = "The truce was signed after peace talks led by a mediator. Peacekeepers will watch over the prisoner swap."
    _, media_topics, _ = taggers.explain(Explainable("Rebels and army agree to ceasefire", None, body, "en"))
    assert "conflict, war and peace" in media_topics.lines[0]
    assert "peace process" in media_topics.lines[1]
    assert "truce" in media_topics.lines[1]


def test_what_is_in_another_language_says_that_it_was_not_read(taggers: Taggers) -> None:
    article = Explainable("Der Bundestag stimmt ab", None, "Das Parlament hat am Freitag das Gesetz beschlossen.", None)
    _, media_topics, entities = taggers.explain(article)
    assert media_topics.title == "media topics: not done, as it reads no text in de"
    assert entities.lines == ()
