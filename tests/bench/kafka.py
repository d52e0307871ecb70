"""The stream on one real broker: articles a second through enrich and publish, and from fetch to a reader."""

import asyncio
import time
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
UNTAGGED = EnrichSettings(entities=False, media_topics=False, batch_records=250)
HOMES = 12


def kafka_table(rates: tuple[float, ...] = (200.0,)) -> str:
    """Markdown of all figures."""
    set_up_logs("error", LogFormat.CONSOLE)
    ours, plain = asyncio.run(_throughput(transactional=True)), asyncio.run(_throughput(transactional=False))
    lines = [
        "| enrich → publish, tagging off, one broker | articles/s |",
        "| --- | --- |",
        f"| exactly once, transactions | {ours:,.0f} |",
        f"| plain produce, at least once | {plain:,.0f} |",
        f"| ratio | {ours / plain:.2f} |",
        "",
        "| fetch → `read_committed` reader, whole stream, tagging off | p50 | p99 |",
        "| --- | --- | --- |",
    ]
    for rate in rates:
        delays = sorted(asyncio.run(_latency(rate)))
        p50, p99 = delays[len(delays) // 2], delays[len(delays) * 99 // 100]
        lines.append(f"| at {rate:,.0f} articles/s | {p50 * 1000:,.0f} ms | {p99 * 1000:,.0f} ms |")
    return "\n".join(lines)


def _settings(address: str) -> Settings:
    settings = replay_settings(address)
    publish = settings.publish.model_copy(update={"batch_records": 250})
    return settings.model_copy(update={"enrich": UNTAGGED, "publish": publish})


def _runtime(log: Any) -> Runtime:
    health, metrics = Health(), Metrics(CollectorRegistry())
    return Runtime(log, system_clock, asyncio.Event(), health, metrics, StageWatch(health, metrics))


async def _throughput(*, transactional: bool) -> float:
    """Articles a second from the first public record to the last, all raw records being there before."""
    with LocalKafka() as kafka:
        address = f"kafka://{kafka.bootstrap}"
        settings = _settings(address)
        async with open_log(address) as log:
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
    sample = next(sample for sample in SAMPLES if isinstance(sample, RawArticle))
    (seed,) = find_seeds([ROOT / "seeds"]).seeds
    body = "\n\n".join(seed.paragraphs)[:2000]
    for first in range(0, COUNT, 250):
        records = []
        for number in range(first, first + 250):
            article = sample.article.model_copy(
                update={"article_id": f"a1_{number:026d}", "title": f"Article {number}", "body": f"{number} {body}"}
            )
            raw = sample.model_copy(update={"article": article})
            records.append(Record(RAW.name, article.article_id, raw.to_json()))
        await log.append(records)


async def _latency(rate: float) -> list[float]:
    """Seconds from the fetch of its feed to our reader, of each article of 15 s."""
    count = int(rate * 15)
    with LocalKafka() as kafka:
        address = f"kafka://{kafka.bootstrap}"
        settings = _settings(address)
        async with open_log(address) as log:
            await log.ensure(LOG_TOPICS.values(), create=True)
            runtime = _runtime(log)
            services = services_of(("ingest", "enrich", "publish"), settings)
            running = asyncio.create_task(run_services(runtime, services, settings.drain_seconds))
            await asyncio.sleep(8)  # the group's first division and the workers' start are not what is measured
            feed = FixtureFeed(find_seeds([ROOT / "seeds"]).seeds, started_at=system_clock(), count=count, rate=rate)
            async with FeedServer(feed) as server:
                await _offer(log, server)
                delays = await _read_delays(log, count)
            runtime.stop.set()
            await running
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
