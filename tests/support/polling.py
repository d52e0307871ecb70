"""Ingest as a service over an embedded log, for tests: feeds in, and what stands on the log afterwards."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import CollectorRegistry

from schemas.feed import Feed, FeedState, FeedStatusEvent, HostState
from schemas.topics import FEED_STATE, FEED_STATUS, FEEDS, LOG_TOPICS
from services.common.clock import Clock, system_clock
from services.common.event_log.open import open_log
from services.common.event_log.port import EventLog, Record, Start, StoredRecord
from services.common.health import Health
from services.common.metrics import Metrics
from services.common.runtime import Runtime
from services.common.watch import StageWatch
from services.ingest.cool_down import HOST_KEY_PREFIX
from services.ingest.service import run_ingest
from services.ingest.settings import FetchSettings, IngestSettings, ScheduleSettings

DEADLINE_SECONDS = 120.0  # generous: a busy machine must not fail a test
HOME = "home.example"

# As fast as can be, and on this machine.
QUICK = IngestSettings(
    fetch=FetchSettings(allow_private_addresses=True, total_timeout_seconds=20.0),
    schedule=ScheduleSettings(interval_seconds=3_600.0, starts_per_second=1_000.0),
    host_gap_seconds=0.0,
    unchanged_delay_seconds=0.0,
)


@asynccontextmanager
async def opened_log(folder: Path, clock: Clock = system_clock) -> AsyncIterator[EventLog]:
    """A log with all topics."""
    async with open_log(f"sqlite:///{folder}/log.sqlite", clock) as log:
        await log.ensure(LOG_TOPICS.values(), create=True)
        yield log


def feed(feed_id: str, url: str, **fields: object) -> Feed:
    return Feed(feed_id=feed_id, url=url, home=HOME, synced_at=datetime.now(UTC)).model_copy(update=fields)


async def write(log: EventLog, *feeds: Feed) -> None:
    await log.append([Record(FEEDS.name, each.feed_id, each.to_json(), partition_key=each.home) for each in feeds])


@asynccontextmanager
async def ingest(
    log: EventLog, settings: IngestSettings = QUICK, clock: Clock = system_clock
) -> AsyncIterator[Runtime]:
    """Ingest runs during the block, and has drained at its end."""
    health, metrics = Health(), Metrics(CollectorRegistry())
    runtime = Runtime(log, clock, asyncio.Event(), health, metrics, StageWatch(health, metrics))
    test = asyncio.current_task()
    running = asyncio.create_task(run_ingest(runtime, settings))

    def ended(_: asyncio.Task[None]) -> None:
        """A service that fails must fail the test, which would else wait for what never comes."""
        if test is not None and not runtime.stop.is_set():
            test.cancel()

    running.add_done_callback(ended)
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            yield runtime
    finally:
        runtime.stop.set()
        await asyncio.wait_for(running, DEADLINE_SECONDS)


async def records(log: EventLog, topic: str) -> list[StoredRecord]:
    return [record async for record in log.read(topic, Start.EARLIEST, follow=False)]


async def states(log: EventLog) -> dict[str, FeedState]:
    """The newest state of each feed."""
    found: dict[str, FeedState] = {}
    for record in await records(log, FEED_STATE.name):
        if record.key and record.value and not record.key.startswith(HOST_KEY_PREFIX):
            found[record.key] = FeedState.model_validate_json(record.value)
    return found


async def hosts(log: EventLog) -> dict[str, HostState]:
    found: dict[str, HostState] = {}
    for record in await records(log, FEED_STATE.name):
        if record.key and record.value and record.key.startswith(HOST_KEY_PREFIX):
            host = HostState.model_validate_json(record.value)
            found[host.host] = host
    return found


async def events(log: EventLog) -> list[FeedStatusEvent]:
    return [FeedStatusEvent.model_validate_json(record.value or b"") for record in await records(log, FEED_STATUS.name)]


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Return once the condition holds, which must be before the deadline."""
    ends = time.monotonic() + DEADLINE_SECONDS
    while not await condition():
        assert time.monotonic() < ends, "the condition never came"
        await asyncio.sleep(0.02)


async def until_polled(log: EventLog, feed_ids: Iterable[str]) -> None:
    """Return once each of the feeds has been polled."""
    wanted = set(feed_ids)

    async def polled() -> bool:
        return wanted <= {key for key, state in (await states(log)).items() if state.last_poll_at is not None}

    await until(polled)
