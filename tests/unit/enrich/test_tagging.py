from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from schemas.article import Category, Publisher
from schemas.enriched import TagTask
from schemas.reasons import Reason
from services.enrich.entities import MAX_TAGGED_CHARS, Span
from services.enrich.known_names import KnownNames
from services.enrich.language import LanguageDetector
from services.enrich.media_topics import MediaTopicTagger
from services.enrich.spacy_tagger import SpacyTagger
from services.enrich.tagging import Taggers, tag_each

SEED = next((Path(__file__).parents[3] / "seeds").glob("*.txt")).read_text().partition("image source from:")[0]
ENGLISH = "The government has approved the budget, the prime minister said in parliament."


@dataclass(frozen=True)
class Text:
    title: str | None = None
    summary: str | None = None
    body: str | None = None
    declared_language: str | None = None
    publisher: Publisher | None = None
    categories: tuple[Category, ...] = ()


class BrokenTagger:
    """Fails on a text that says so."""

    name = "broken"
    version = "1"
    languages = frozenset({"en"})

    def tag(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        if any("fail" in text for text in texts):
            raise RuntimeError("as told")
        return [() for _ in texts]


@pytest.fixture(scope="module")
def detector() -> LanguageDetector:
    return LanguageDetector.load(["en", "fr"])


def test_seed_article(taggers: Taggers) -> None:
    [tags] = taggers.tag_articles([Text(SEED.splitlines()[0], None, SEED)])
    names = {(entity.name, entity.type.value) for entity in tags.entities}
    assert {("Donald Trump", "person"), ("Nayib Bukele", "person"), ("Marco Rubio", "person")} <= names
    assert {("El Salvador", "place"), ("Venezuela", "place")} <= names
    countries = {entity.name: entity.ids.iso_3166_1 for entity in tags.entities if entity.ids.geonames}
    assert countries["El Salvador"] == countries["San Salvador"] == "SV"
    assert {"politics", "crime, law and justice"} <= {it.label for it in tags.media_topics if it.score > 0.5}
    assert tags.language.code == "en"
    assert [it.task for it in tags.tagged_by] == list(TagTask)
    assert tags.problems == ()
    assert not tags.entities_capped


def test_mentions_slice_back_to_their_text_in_every_field(taggers: Taggers) -> None:
    article = Text(
        "😀 Angela Merkel’s “Paris”", "Merkel went to Paris…", "Angela Merkel’s plane landed in Paris.\n\nMerkel left."
    )
    [tags] = taggers.tag_articles([article])
    mentions = [mention for entity in tags.entities for mention in entity.mentions]
    assert {mention.field for mention in mentions} == {"title", "summary", "body"}
    assert all(getattr(article, it.field)[it.start : it.end] == it.text for it in mentions)


def test_article_in_a_language_without_models_has_a_language_and_no_more(taggers: Taggers) -> None:
    [tags] = taggers.tag_articles(
        [Text("Le gouvernement approuve le budget", None, "Le premier ministre est à Paris.")]
    )
    assert tags.language.code == "fr"
    assert (tags.entities, tags.media_topics, tags.problems) == ((), (), ())
    assert [it.task for it in tags.tagged_by] == [TagTask.LANGUAGE, TagTask.SIGNATURE]


@pytest.mark.parametrize(
    ("article", "is_tagged"),
    [
        (Text("Real Madrid 2 Barcelona 1", declared_language="en-GB"), True),
        (Text("Real Madrid 2 Barcelona 1", declared_language="fr"), False),
        (Text("Real Madrid 2 Barcelona 1"), False),
        (Text("Regeringen vill höja skatten på el nästa år, säger ministern", declared_language="en"), False),
        (Text(ENGLISH, declared_language="sv"), True),
    ],
)
def test_declared_language_counts_only_where_the_text_is_too_close_to_tell(
    taggers: Taggers, article: Text, is_tagged: bool
) -> None:
    [tags] = taggers.tag_articles([article])
    assert (TagTask.ENTITIES in {it.task for it in tags.tagged_by}) is is_tagged


def test_article_without_text_passes(taggers: Taggers) -> None:
    [tags] = taggers.tag_articles([Text()])
    assert (tags.language.code, tags.entities, tags.media_topics, tags.problems) == ("und", (), (), ())


def test_no_articles_no_tags(taggers: Taggers) -> None:
    assert taggers.tag_articles([]) == []


def test_very_long_article_is_capped_and_says_so(taggers: Taggers) -> None:
    [tags] = taggers.tag_articles([Text("Long", None, f"Angela Merkel spoke. {ENGLISH} " * 1_500)])
    assert tags.entities_capped
    assert tags.entities
    assert all(mention.end <= MAX_TAGGED_CHARS for entity in tags.entities for mention in entity.mentions)


def test_tasks_can_be_left_out(detector: LanguageDetector) -> None:
    [tags] = Taggers(detector, None, None, KnownNames("")).tag_articles([Text(ENGLISH)])
    assert [it.task for it in tags.tagged_by] == [TagTask.LANGUAGE, TagTask.SIGNATURE]


def test_failing_tagger_costs_one_article_one_kind_of_tag(detector: LanguageDetector) -> None:
    taggers = Taggers(detector, BrokenTagger(), MediaTopicTagger.load(), KnownNames(""))
    good, bad, last = taggers.tag_articles([Text(ENGLISH), Text(ENGLISH + " It will fail."), Text(ENGLISH)])
    assert [(it.task, it.reason) for it in bad.problems] == [(TagTask.ENTITIES, Reason.TAGGER_FAILED)]
    assert [it.task for it in bad.tagged_by] == [TagTask.LANGUAGE, TagTask.MEDIA_TOPICS, TagTask.SIGNATURE]
    assert bad.media_topics
    for tags in (good, last):
        assert tags.problems == ()
        assert [it.task for it in tags.tagged_by] == [task for task in TagTask if task is not TagTask.PLACE_IDS]


def test_tag_each_goes_one_by_one_only_after_a_failure() -> None:
    calls: list[list[int]] = []

    def halve(numbers: Sequence[int]) -> list[float]:
        calls.append(list(numbers))
        return [1 / number for number in numbers]

    assert tag_each([1, 2], halve) == [1.0, 0.5]
    one, zero = tag_each([1, 0], halve)
    assert one == 1.0
    assert isinstance(zero, ZeroDivisionError)
    assert calls == [[1, 2], [1, 0], [1], [0]]


def test_taggers_say_what_they_are(spacy_tagger: SpacyTagger) -> None:
    assert (spacy_tagger.name, spacy_tagger.version, spacy_tagger.languages) == (
        "spacy-en-core-web-sm",
        "3.8.0",
        frozenset({"en"}),
    )
