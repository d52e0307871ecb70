"""The whole enrichment, as a worker runs it, over the gold set: items in, what it said of them and its scores out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.enriched import EntityType
from schemas.media_topics import MEDIA_TOPIC_BY_CODE
from services.enrich.language import UNDETERMINED
from services.enrich.settings import EnrichSettings
from services.enrich.tagging import Taggers, Tags
from services.publish.settings import PublishSettings
from tests.quality.gold import GoldItem, TypedSpan
from tests.quality.score import Counts, LanguageScores, TopicScores

# What is compared; the first is the default, which `make quality` tells the most of.
SYSTEMS: Final[Mapping[str, EnrichSettings]] = {
    "crf": EnrichSettings(),
    "spacy": EnrichSettings(entity_tagger="spacy"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What enrich said of an item. `ranked` and `routed` are codes of top-level media topics, best first."""

    item: GoldItem
    spans: frozenset[TypedSpan]
    ranked: tuple[str, ...]
    routed: tuple[str, ...]
    language: str


def installed_systems() -> Iterator[tuple[str, Taggers]]:
    """The systems that can be loaded here. One needs an extra that is not installed: it is left out."""
    for name, settings in SYSTEMS.items():
        try:
            yield name, load_taggers(settings)
        except ModuleNotFoundError as error:
            print(f"{name} is left out: {error}")


def load_taggers(settings: EnrichSettings) -> Taggers:
    """As `services.enrich.worker` loads them."""
    return Taggers.load(
        settings.languages,
        entities=settings.entities,
        media_topics=settings.media_topics,
        entity_tagger=settings.entity_tagger,
        signatures=settings.signatures,
    )


def tag_items(taggers: Taggers, items: Sequence[GoldItem]) -> list[Outcome]:
    """In batches, like the service: one tagger may see a batch at once."""
    threshold = PublishSettings().media_topic_threshold
    size = EnrichSettings().batch_records
    outcomes = []
    for start in range(0, len(items), size):
        batch = items[start : start + size]
        tagged = taggers.tag_articles(batch)
        outcomes += [_outcome(item, tags, threshold) for item, tags in zip(batch, tagged, strict=True)]
    return outcomes


def _outcome(item: GoldItem, tags: Tags, threshold: float) -> Outcome:
    spans = frozenset(
        TypedSpan(mention.field, mention.start, mention.end, entity.type)
        for entity in tags.entities
        for mention in entity.mentions
    )
    # The gold set knows the top level only.
    topics = [topic for topic in tags.media_topics if topic.code in MEDIA_TOPIC_BY_CODE]
    ranked = tuple(topic.code for topic in topics)
    routed = tuple(topic.code for topic in topics if topic.score >= threshold)
    return Outcome(item, spans, ranked, routed, tags.language.code)


def span_counts(
    outcomes: Sequence[Outcome], *, kind: EntityType | None = None, field: str | None = None
) -> list[Counts]:
    """One for each article, of spans of one type or in one field if given."""

    def chosen(spans: frozenset[TypedSpan]) -> set[TypedSpan]:
        return {span for span in spans if kind in {None, span.type} and field in {None, span.field}}

    return [Counts.of(chosen(outcome.item.spans), chosen(outcome.spans)) for outcome in outcomes]


def articles(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Without the items that count for language alone."""
    return [outcome for outcome in outcomes if outcome.item.media_topics]


def topic_scores(outcomes: Sequence[Outcome]) -> TopicScores:
    scores = TopicScores()
    for outcome in articles(outcomes):
        scores.add(outcome.item.media_topics, outcome.ranked, outcome.routed)
    return scores


def language_scores(outcomes: Sequence[Outcome], configured: Sequence[str]) -> LanguageScores:
    """`und` is expected of a language that is not configured."""
    scores = LanguageScores()
    for outcome in outcomes:
        gold = outcome.item.language
        scores.add(gold if gold in configured else UNDETERMINED, outcome.language)
    return scores
