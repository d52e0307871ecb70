"""enrich with real worker processes: one article that kills or hangs its worker costs its neighbours nothing."""

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry

from schemas.article import RawArticle
from schemas.enriched import DetectedLanguage, EnrichedArticle, EntityType, TagTask
from schemas.reasons import Reason
from schemas.samples import SAMPLES
from schemas.topics import ENRICHED, RAW
from services.common.clock import Clock, FixedClock
from services.common.event_log.port import StoredRecord
from services.common.event_log.transform import Dead, Done, Outcome
from services.common.metrics import Metrics
from services.common.workers import Workers
from services.enrich import worker
from services.enrich.entities import Span
from services.enrich.known_names import KnownNames
from services.enrich.language import LanguageDetector
from services.enrich.media_topics import MediaTopicTagger
from services.enrich.service import BatchTagger
from services.enrich.settings import EnrichSettings
from services.enrich.tagging import Taggers, Tags
from services.enrich.worker import Enriched, decode_raw, enriched, load_taggers

MEMORY = 1024**3
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
RAW_ARTICLE = next(sample for sample in SAMPLES if isinstance(sample, RawArticle))


def work(values: Sequence[bytes | None], clock: Clock, without: Mapping[TagTask, Reason]) -> list[Enriched | Dead]:
    """Stands in for taggers that die or hang on a text, whatever is left out."""
    outcomes: list[Enriched | Dead] = []
    for value in values:
        raw = decode_raw(value)
        if isinstance(raw, Dead):
            outcomes.append(raw)
            continue
        if raw.article.title == "kills":
            os._exit(1)
        while raw.article.title == "hangs":
            time.sleep(1)
        outcomes.append(enriched(raw, Tags(DetectedLanguage(code="en", score=1.0)), clock()))
    return outcomes


def record(offset: int, title: str, body: str = "Ada said so.") -> StoredRecord:
    update = {"title": title, "summary": None, "body": body, "article_id": f"a1_{offset}"}
    article = RAW_ARTICLE.article.model_copy(update=update)
    value = RAW_ARTICLE.model_copy(update={"article": article}).to_json()
    return StoredRecord(RAW.name, 0, offset, NOW, f"a1_{offset}", value, ())


async def tag(*records: StoredRecord) -> tuple[list[Outcome], Metrics]:
    metrics = Metrics(CollectorRegistry())
    settings = EnrichSettings(batch_timeout_seconds=3.0, article_timeout_seconds=0.5)
    async with Workers(1, settings.worker_memory_bytes) as workers:
        tagger = BatchTagger(metrics, FixedClock(NOW), workers, settings, work)
        return await tagger.step(records), metrics


def article_of(outcome: Outcome) -> EnrichedArticle:
    assert isinstance(outcome, Done)
    (written,) = outcome.records
    assert written.topic == ENRICHED.name
    return EnrichedArticle.model_validate_json(written.value or b"")


async def test_articles_that_kill_or_hang_their_worker_pass_without_tags_and_their_neighbours_keep_theirs() -> None:
    titles = ["good", "kills", "also good", "hangs", "last"]
    outcomes, metrics = await tag(*(record(offset, title) for offset, title in enumerate(titles)))
    articles = [article_of(outcome) for outcome in outcomes]
    assert [article.title for article in articles] == titles
    assert [article.language.code for article in articles] == ["en", "und", "en", "und", "en"]
    assert {problem.reason for problem in articles[1].tag_problems} == {Reason.WORKER_DIED}
    assert {problem.reason for problem in articles[3].tag_problems} == {Reason.WORKER_TIMED_OUT}
    assert {problem.task for problem in articles[1].tag_problems} == set(TagTask)
    assert articles[0].tag_problems == ()
    failures = metrics.registry.get_sample_value
    assert failures("newsflow_worker_failures_total", {"stage": "enrich", "reason": "worker_timed_out"}) == 3
    assert failures("newsflow_tag_problems_total", {"task": "entities", "reason": "worker_died"}) == 1


class BadTagger:
    """An entity tagger with a flaw for each of some words, and none otherwise."""

    name, version, languages = "bad", "1", frozenset({"en"})

    def tag(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        return [self._spans(text) for text in texts]

    def _spans(self, text: str) -> tuple[Span, ...]:
        if "raises" in text:
            raise ValueError("no such word")
        if "eats" in text:
            return (Span(0, len(bytearray(8 * MEMORY)), EntityType.PERSON),)
        if "dies" in text:
            os._exit(1)
        while "hangs" in text:
            time.sleep(1)
        return (Span(0, 3, EntityType.PERSON),)


def load_bad_taggers() -> None:
    detector = LanguageDetector.load(("en", "de"))
    worker._taggers = Taggers(detector, BadTagger(), MediaTopicTagger.load(), KnownNames.load())


async def test_a_tagger_that_raises_hangs_dies_or_eats_memory_loses_its_own_tag_and_no_other() -> None:
    flaws = ["raises", "eats", "dies", "hangs"]
    titles = ["Ada is at the election", *(f"Ada {flaw} at the election in parliament" for flaw in flaws), "Ada votes"]
    metrics = Metrics(CollectorRegistry())
    settings = EnrichSettings(batch_timeout_seconds=5.0, article_timeout_seconds=2.0)
    async with Workers(1, MEMORY, load_bad_taggers) as workers:
        await workers.ready(60.0)
        tagger = BatchTagger(metrics, FixedClock(NOW), workers, settings)
        outcomes = await tagger.step([record(offset, title) for offset, title in enumerate(titles)])
    articles = [article_of(outcome) for outcome in outcomes]
    lost = [[(problem.task, problem.reason) for problem in article.tag_problems] for article in articles]
    assert lost == [
        [],
        [(TagTask.ENTITIES, Reason.TAGGER_FAILED)],
        [(TagTask.ENTITIES, Reason.TAGGER_FAILED)],
        [(TagTask.ENTITIES, Reason.WORKER_DIED)],
        [(TagTask.ENTITIES, Reason.WORKER_TIMED_OUT)],
        [],
    ]
    for article, problems in zip(articles, lost, strict=True):
        assert article.language.code == "en"
        assert {tag.label for tag in article.media_topics} >= {"politics"}
        assert bool(article.entities) is not bool(problems)
        assert [by.task for by in article.tagged_by] == [
            TagTask.LANGUAGE, *([] if problems else [TagTask.ENTITIES]), TagTask.MEDIA_TOPICS, TagTask.SIGNATURE
        ]  # fmt: skip
    counted = metrics.registry.get_sample_value
    assert counted("newsflow_tag_problems_total", {"task": "entities", "reason": "tagger_failed"}) == 2
    assert counted("newsflow_tag_problems_total", {"task": "entities", "reason": "worker_timed_out"}) == 1


async def test_a_batch_never_holds_the_event_loop() -> None:
    """In CPU time of its thread, which a busy machine does not change; the batch is as large as articles get."""
    long_article = "Angela Merkel met Emmanuel Macron of the European Council in Berlin on Monday. " * 400
    records = [record(offset, f"Summit {offset}", long_article) for offset in range(32)]
    settings = EnrichSettings()
    held: list[float] = []
    async with Workers(1, settings.worker_memory_bytes, load_taggers, (settings,)) as workers:
        await workers.ready(60.0)
        tagging = asyncio.create_task(
            BatchTagger(Metrics(CollectorRegistry()), FixedClock(NOW), workers, settings).step(records)
        )
        while not tagging.done():
            started = time.thread_time()
            await asyncio.sleep(0.001)
            held.append(time.thread_time() - started)
        assert len(await tagging) == len(records)
    assert max(held) < 0.02


async def test_records_that_do_not_decode_are_refused_alone() -> None:
    bad = [
        StoredRecord(RAW.name, 0, 1, NOW, "k", b"{", ()),
        StoredRecord(RAW.name, 0, 2, NOW, "k", b'{"article": 5}', ()),
        StoredRecord(RAW.name, 0, 3, NOW, "k", None, ()),
    ]
    outcomes, _ = await tag(record(0, "good"), *bad)
    assert article_of(outcomes[0]).title == "good"
    assert [outcome.reason for outcome in outcomes[1:] if isinstance(outcome, Dead)] == [
        Reason.RECORD_UNDECODABLE,
        Reason.RECORD_INVALID,
        Reason.RECORD_INVALID,
    ]
