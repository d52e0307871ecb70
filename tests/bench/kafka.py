"""The stream on real brokers: articles a second through enrich and publish, and from fetch to a reader."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from deploy.kafka.local_kafka import LocalKafka
from schemas.article import RawArticle
from schemas.enriched import EnrichedArticle
from schemas.feed import Feed
from schemas.samples import SAMPLES
from schemas.topics import ARTICLES, LOG_TOPICS, RAW
from services.commands.feeds import write_feeds
from services.commands.replay import replay_settings
from services.commands.serve import services_of
from services.common.clock import system_clock
from services.common.event_log.open import open_log
from services.common.event_log.port import EventLog, Record, Start
from services.common.health import Health
from services.common.logs import LogFormat, set_up_logs
from services.common.metrics import Metrics
from services.common.runtime import Runtime, run_services
from services.common.watch import StageWatch
from services.enrich.settings import EnrichSettings
from services.fixture_feed.feed import FixtureFeed
from services.fixture_feed.seed import find_seeds
from services.fixture_feed.server import FeedServer
from services.settings import Settings
from tests.bench.plain_log import PlainLog

ROOT = Path(__file__).parents[2]
COUNT = 5_000
BROKERS = (1, 3)
RATES = (200.0, 500.0)
PACED_SECONDS = 15.0
APPENDS_A_SECOND = 20
UNTAGGED = EnrichSettings(entities=False, media_topics=False, signatures=False, batch_records=250)
HOMES = 12


def kafka_table() -> str:
    """Markdown of all figures."""
    set_up_logs("error", LogFormat.CONSOLE)
    lines = [
        "| enrich → publish, tagging off, articles/s | exactly once | plain loop, at least once | ratio |",
        "| --- | --- | --- | --- |",
    ]
    for brokers in BROKERS:
        ours = asyncio.run(_throughput(brokers, transactional=True))
        plain = asyncio.run(_throughput(brokers, transactional=False))
        lines.append(f"| {brokers} broker{'s'[: brokers > 1]} | {ours:,.0f} | {plain:,.0f} | {ours / plain:.2f} |")
    lines += ["", "| to a `read_committed` reader, tagging off, one broker | p50 | p99 |", "| --- | --- | --- |"]
    for rate in RATES:
        lines.append(_delays_row(f"raw record → reader, {rate:,.0f} articles/s", asyncio.run(_after_ingest(rate))))
    for rate in RATES:
        lines.append(_delays_row(f"fetch → reader, whole stream, {rate:,.0f} articles/s", asyncio.run(_whole(rate))))
    return "\n".join(lines)


def _delays_row(name: str, delays: list[float]) -> str:
    ranked = sorted(delays)
    p50, p99 = ranked[len(ranked) // 2], ranked[len(ranked) * 99 // 100]
    return f"| {name} | {p50 * 1000:,.0f} ms | {p99 * 1000:,.0f} ms |"


def _settings(address: str) -> Settings:
    settings = replay_settings(address)
    publish = settings.publish.model_copy(update={"batch_records": 250})
    return settings.model_copy(update={"enrich": UNTAGGED, "publish": publish})


def _runtime(log: Any) -> Runtime:
    health, metrics = Health(), Metrics(CollectorRegistry())
    return Runtime(log, system_clock, asyncio.Event(), health, metrics, StageWatch(health, metrics))


async def _throughput(brokers: int, *, transactional: bool) -> float:
    """Articles a second from the first public record to the last, all raw records being there before."""
    with LocalKafka(brokers) as kafka:
        address = f"kafka://{kafka.bootstrap}"
        settings = _settings(address)
        async with open_log(address, replication=brokers) as log:
            await log.ensure(LOG_TOPICS.values(), create=True)
            await _write_raw(log)
            runtime = _runtime(log if transactional else PlainLog(kafka.bootstrap))
            services = services_of(("enrich", "publish"), settings)
            running = asyncio.create_task(run_services(runtime, services, settings.drain_seconds))
            started, seen = 0.0, 0
            async for _ in log.read(ARTICLES.name, Start.EARLIEST):
                seen += 1
                started = started or time.monotonic()
                if seen == COUNT:
                    break
            seconds = time.monotonic() - started
            runtime.stop.set()
            await running
            return COUNT / seconds


async def _write_raw(log: EventLog) -> None:
    raw = _RawArticles()
    for first in range(0, COUNT, 250):
        await log.append([raw.record(number) for number in range(first, first + 250)])


class _RawArticles:
    """Distinct ones of about 2 KB of text."""

    def __init__(self) -> None:
        self._sample = next(sample for sample in SAMPLES if isinstance(sample, RawArticle))
        (seed,) = find_seeds([ROOT / "seeds"]).seeds
        self._body = "\n\n".join(seed.paragraphs)[:2000]

    def record(self, number: int, fetched_at: datetime | None = None) -> Record:
        changes = {"article_id": f"a1_{number:026d}", "title": f"Article {number}", "body": f"{number} {self._body}"}
        dated = {} if fetched_at is None else {"fetched_at": fetched_at}
        article = self._sample.article.model_copy(update={**changes, **dated})
        return Record(RAW.name, article.article_id, self._sample.model_copy(update={"article": article}).to_json())


@asynccontextmanager
async def _running(names: tuple[str, ...]) -> AsyncIterator[EventLog]:
    """Services at work on a broker of their own, and its log."""
    with LocalKafka() as kafka:
        address = f"kafka://{kafka.bootstrap}"
        settings = _settings(address)
        async with open_log(address) as log:
            await log.ensure(LOG_TOPICS.values(), create=True)
            runtime = _runtime(log)
            running = asyncio.create_task(run_services(runtime, services_of(names, settings), settings.drain_seconds))
            await asyncio.sleep(8)  # the group's first division and the workers' start are not what is measured
            yield log
            runtime.stop.set()
            await running


async def _whole(rate: float) -> list[float]:
    """Seconds from the fetch of its feed to our reader, of each article."""
    count = int(rate * PACED_SECONDS)
    async with _running(("ingest", "enrich", "publish")) as log:
        feed = FixtureFeed(find_seeds([ROOT / "seeds"]).seeds, started_at=system_clock(), count=count, rate=rate)
        async with FeedServer(feed) as server:
            await _offer(log, server)
            return await _read_delays(log, count)


async def _after_ingest(rate: float) -> list[float]:
    """Seconds from the writing of its raw record to our reader, of each article."""
    raw, together = _RawArticles(), round(rate / APPENDS_A_SECOND)
    appends = round(PACED_SECONDS * APPENDS_A_SECOND)
    async with _running(("enrich", "publish")) as log:

        async def write() -> None:
            started = time.monotonic()
            for step in range(appends):
                await asyncio.sleep(max(0.0, started + step / APPENDS_A_SECOND - time.monotonic()))
                now = system_clock()
                await log.append([raw.record(step * together + number, now) for number in range(together)])

        writing = asyncio.create_task(write())
        delays = await _read_delays(log, appends * together)
        await writing
        return delays


async def _offer(log: EventLog, server: FeedServer) -> None:
    feeds = [
        Feed(feed_id=f"f{number}", url=url, home=f"home{number % HOMES}.example", synced_at=system_clock())
        for number, url in enumerate(server.feed_urls)
    ]
    await write_feeds(log, feeds)


async def _read_delays(log: EventLog, count: int) -> list[float]:
    delays: list[float] = []
    async for record in log.read(ARTICLES.name, Start.EARLIEST):
        article = EnrichedArticle.model_validate_json(record.value or b"")
        delays.append((system_clock() - article.stages.fetched).total_seconds())
        if len(delays) == count:
            break
    return delays


if __name__ == "__main__":
    print(kafka_table())
