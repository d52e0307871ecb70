"""enrich with real worker processes: one article that kills or hangs its worker costs its neighbours nothing."""

import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry

from schemas.article import RawArticle
from schemas.enriched import DetectedLanguage, EnrichedArticle, TagTask
from schemas.reasons import Reason
from schemas.samples import SAMPLES
from schemas.topics import ENRICHED, RAW
from services.common.clock import Clock, FixedClock
from services.common.event_log.port import StoredRecord
from services.common.event_log.transform import Dead, Done, Outcome
from services.common.metrics import Metrics
from services.common.workers import Workers
from services.enrich.service import BatchTagger
from services.enrich.settings import EnrichSettings
from services.enrich.tagging import Tags
from services.enrich.worker import Enriched, decode_raw, enriched

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
RAW_ARTICLE = next(sample for sample in SAMPLES if isinstance(sample, RawArticle))


def work(values: Sequence[bytes | None], clock: Clock) -> list[Enriched | Dead]:
    """Stands in for taggers that die, hang or eat memory on a text."""
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


def record(offset: int, title: str) -> StoredRecord:
    article = RAW_ARTICLE.article.model_copy(update={"title": title, "article_id": f"a1_{offset}"})
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
    assert failures("newsflow_worker_failures_total", {"stage": "enrich", "reason": "worker_timed_out"}) == 1
    assert failures("newsflow_tag_problems_total", {"task": "entities", "reason": "worker_died"}) == 1


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
