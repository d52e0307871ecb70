"""After an outage of an hour: no burst of polls, true ages, a drained backlog, bounded memory."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry

from schemas.article import RawArticle
from schemas.feed import Feed, FeedState
from schemas.samples import SAMPLES
from schemas.topics import ARTICLES, ENRICHED, FEED_STATE, LOG_TOPICS, RAW
from services.commands.feeds import write_feeds
from services.common.clock import system_clock
from services.common.event_log.open import open_log
from services.common.event_log.port import EventLog, Record, Start
from services.common.health import Health
from services.common.metrics import Metrics
from services.common.runtime import Runtime
from services.common.watch import StageWatch
from services.fixture_feed.feed import ENTRIES_PER_DOCUMENT, FixtureFeed
from services.fixture_feed.seed import parse_seed
from services.fixture_feed.server import FeedServer
from services.ingest.service import run_ingest
from services.ingest.settings import FetchSettings, IngestSettings, ScheduleSettings
from tests.e2e.commands import running
from tests.support.kafka import running_kafka

OUTAGE = timedelta(hours=1)
FEEDS_COUNT = 10
INTERVAL_SECONDS = 300.0  # so that each feed has missed a dozen polls
MEBIBYTE = 2**20
# Enough batches on each of 12 partitions that what a backlog costs would show, were it kept.
BACKLOG = 10_000
MEMORY_SLACK_BYTES = 64 * MEBIBYTE


class MovableClock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def ingest_settings() -> IngestSettings:
    return IngestSettings(
        fetch=FetchSettings(allow_private_addresses=True),
        schedule=ScheduleSettings(interval_seconds=INTERVAL_SECONDS, max_interval_seconds=INTERVAL_SECONDS),
        host_gap_seconds=0.0,
        unchanged_delay_seconds=0.05,
    )


@asynccontextmanager
async def polling(log: EventLog, clock: MovableClock) -> AsyncIterator[Metrics]:
    metrics, health = Metrics(CollectorRegistry()), Health()
    runtime = Runtime(log, clock, asyncio.Event(), health, metrics, StageWatch(health, metrics))
    running = asyncio.create_task(run_ingest(runtime, ingest_settings()))
    try:
        yield metrics
    finally:
        runtime.stop.set()
        await asyncio.wait_for(running, 20)


async def until_settled(log: EventLog, clock: MovableClock) -> None:
    """Every feed has been polled, and when it is polled next is on the log."""
    async with asyncio.timeout(60):
        while len(polls := await next_polls(log)) < FEEDS_COUNT or min(polls) <= clock():
            await asyncio.sleep(0.05)


async def next_polls(log: EventLog) -> list[datetime]:
    states = {r.key: r.value async for r in log.read(FEED_STATE.name, Start.EARLIEST, follow=False)}
    return [FeedState.model_validate_json(value).next_poll_at for value in states.values() if value is not None]


async def test_missed_polls_are_dropped_and_the_next_ones_are_spread(tmp_path: Path) -> None:
    clock = MovableClock(datetime(2026, 1, 31, 12, tzinfo=UTC))
    feed = FixtureFeed([parse_seed("a", "A.\n\nB.\n")], started_at=clock(), count=FEEDS_COUNT * ENTRIES_PER_DOCUMENT)
    async with open_log(f"sqlite:///{tmp_path}/log.sqlite", clock) as log, FeedServer(feed, clock=clock) as server:
        await log.ensure(LOG_TOPICS.values(), create=True)
        listed = [
            Feed(feed_id=f"f{number}", url=url, home=f"home{number}.example", synced_at=clock())
            for number, url in enumerate(server.feed_urls)
        ]
        await write_feeds(log, listed)
        async with polling(log, clock):
            await until_settled(log, clock)
        server.served.clear()

        clock.now += OUTAGE
        async with polling(log, clock) as metrics:
            await until_settled(log, clock)
        assert set(Counter(served.path for served in server.served).values()) == {1}

        late = samples(metrics.registry, "newsflow_poll_lateness_seconds")
        assert late["count"] == FEEDS_COUNT
        assert late["le 900.0"] == 0
        assert late["le 21600.0"] == FEEDS_COUNT
        waits = [(at - clock()).total_seconds() for at in await next_polls(log)]
        assert min(waits) >= 0.9 * INTERVAL_SECONDS
        assert max(waits) <= 1.1 * INTERVAL_SECONDS
        assert max(waits) - min(waits) > 0.05 * INTERVAL_SECONDS  # ten draws from 0.2 of it


def samples(registry: CollectorRegistry, name: str) -> dict[str, float]:
    found = {}
    for metric in registry.collect():
        if metric.name == name:
            for sample in metric.samples:
                found[f"le {sample.labels['le']}" if "le" in sample.labels else sample.name.rpartition("_")[2]] = (
                    sample.value
                )
    return found


@contextmanager
def kafka_log() -> Iterator[str]:
    with running_kafka() as kafka:
        yield f"kafka://{kafka.bootstrap}"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "kafka"])
async def test_backlog_is_drained_within_bounded_memory(kind: str, tmp_path: Path) -> None:
    with kafka_log() if kind == "kafka" else sqlite_log(tmp_path) as address:
        async with open_log(address) as log:
            await log.ensure(LOG_TOPICS.values(), create=True)
            await write_backlog(log, system_clock() - OUTAGE)
        variables = {
            "NEWSFLOW_LOG": address,
            "NEWSFLOW_HTTP_PORT": "0",
            "NEWSFLOW_LOG_FORMAT": "json",
            "NEWSFLOW_ENRICH__ENTITIES": "false",
            "NEWSFLOW_ENRICH__MEDIA_TOPICS": "false",
            "NEWSFLOW_ENRICH__SIGNATURES": "false",
        }
        output = tmp_path / "services"
        with running("run", log=output, variables=variables) as services:
            early, late, page = 0, 0, ""
            async with asyncio.timeout(180), httpx.AsyncClient() as client, open_log(address) as log:
                while await behind(log) or any(lags(page)) or not lags(page):
                    await asyncio.sleep(0.2)
                    if port := re.search(r'"http_port":(\d+)', output.read_text("utf-8")):
                        page = (await client.get(f"http://127.0.0.1:{port[1]}/metrics")).text
                    late = max(late, memory_bytes(services.pid))
                    if published(page) < BACKLOG / 4:
                        early = late
            assert late - early < MEMORY_SLACK_BYTES
            assert len(lags(page)) == RAW.partitions + ENRICHED.partitions
            assert_true_ages(page)
            services.terminate()
            assert await asyncio.to_thread(services.wait, 15) == 0
        async with open_log(address) as log:
            keys = Counter([record.key async for record in log.read(ARTICLES.name, Start.EARLIEST, follow=False)])
        assert len(keys) == keys.total() == BACKLOG


@contextmanager
def sqlite_log(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder}/log.sqlite"


async def write_backlog(log: EventLog, fetched_at: datetime) -> None:
    sample = next(sample for sample in SAMPLES if isinstance(sample, RawArticle))
    for first in range(0, BACKLOG, 500):
        records = []
        for number in range(first, first + 500):
            changes = {"article_id": f"a1_{number:026d}", "body": f"{number} {'news ' * 600}", "fetched_at": fetched_at}
            article = sample.article.model_copy(update={**changes, "published_at": fetched_at})
            records.append(
                Record(RAW.name, article.article_id, sample.model_copy(update={"article": article}).to_json())
            )
        await log.append(records)


async def behind(log: EventLog) -> int:
    """First enrich: what it has done by then, publish is behind by if it has not."""
    return sum((await log.lag(RAW.name, "enrich")).values()) + sum((await log.lag(ENRICHED.name, "publish")).values())


def published(page: str) -> float:
    found = re.search(r'^newsflow_records_total{stage="publish"} (\S+)', page, re.MULTILINE)
    return float(found[1]) if found else 0.0


def lags(page: str) -> list[float]:
    return [float(value) for value in re.findall(r"^newsflow_lag_offsets{.*} (\S+)", page, re.MULTILINE)]


def assert_true_ages(page: str) -> None:
    """All articles are as old as the outage was long. A batch that was done again counts twice."""
    for name in ("newsflow_fetch_to_publish_seconds", "newsflow_publication_delay_seconds"):
        buckets = dict(re.findall(rf'^{name}_bucket{{le="(\S+)"}} (\S+)', page, re.MULTILINE))
        assert float(buckets["900.0"]) == 0
        assert BACKLOG <= float(buckets["21600.0"]) == float(buckets["+Inf"])


def memory_bytes(pid: int) -> int:
    """Proportional set size of a process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    total = 0
    for each in (str(pid), *children):
        rollup = Path(f"/proc/{each}/smaps_rollup").read_text()
        total += int(re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)[1]) * 1024  # type: ignore[index]
    return total
