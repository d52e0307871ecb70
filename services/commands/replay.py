"""`newsflow replay`: the whole stream over a fixture feed, in this process, until every article is public."""

import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry

from schemas.article import mint_article_id
from schemas.enriched import EnrichedArticle
from schemas.feed import Feed
from schemas.topics import ARTICLES
from services.commands.feed_server import good_seeds
from services.commands.feeds import known_feeds, write_feeds
from services.commands.replay_view import Progress, show_result
from services.commands.serve import services_of
from services.common.clock import FixedClock, system_clock
from services.common.errors import UsageError
from services.common.event_log.port import EventLog, Start, StoredRecord
from services.common.health import Health
from services.common.logs import set_up_logs
from services.common.metrics import Metrics
from services.common.runtime import KILLED_EXIT_CODE, Runtime, ready_log, run_services, stop_on_signals
from services.common.watch import StageWatch
from services.fixture_feed.feed import FixtureFeed
from services.fixture_feed.server import FeedServer
from services.settings import Settings, load_settings

HOME = "seeds.example"
POLL_SECONDS = 0.5
STALLED_SECONDS = 60.0  # no article for this long: something is wrong, and waiting does not mend it
SERVICES = ("ingest", "enrich", "publish")


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    paths: tuple[Path, ...]
    count: int | None
    rate: float | None
    log: str | None
    as_json: bool
    now: datetime | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the public topic holds of the replayed articles, each record in the order of the log."""

    records: tuple[StoredRecord, ...]
    missing: tuple[str, ...]
    repeated: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        return not self.missing and not self.repeated


def run_replay(options: ReplayOptions) -> int:
    """The exit code: 0 if each seed article is exactly once on the public topic. Raises UsageError."""
    if options.now is not None and options.rate is not None:
        raise UsageError("--rate needs a clock that runs; leave out --now or --rate")
    with tempfile.TemporaryDirectory(prefix="newsflow-") as folder:
        settings = replay_settings(options.log or f"sqlite:///{folder}/log.sqlite")
        set_up_logs(settings.log_level, settings.log_format)
        return asyncio.run(_replay(options, settings))


def replay_settings(log: str) -> Settings:
    """The user's settings, made impatient: the server is our own, so it may be asked at once and often."""
    settings = load_settings(log=log)
    fetch = settings.ingest.fetch.model_copy(update={"allow_private_addresses": True})
    schedule = settings.ingest.schedule.model_copy(
        update={"interval_seconds": POLL_SECONDS, "max_interval_seconds": POLL_SECONDS, "jitter_share": 0.0}
    )
    ingest = settings.ingest.model_copy(
        update={"fetch": fetch, "schedule": schedule, "host_gap_seconds": 0.0, "unchanged_delay_seconds": 1.0}
    )
    level = settings.log_level if "log_level" in settings.model_fields_set else "error"
    return settings.model_copy(update={"ingest": ingest, "create_topics": True, "log_level": level})


async def _replay(options: ReplayOptions, settings: Settings) -> int:
    clock = system_clock if options.now is None else FixedClock(options.now)
    feed = FixtureFeed(good_seeds(options.paths), started_at=clock(), count=options.count, rate=options.rate)
    expected = {mint_article_id(HOME, "url", link): link for link in feed.links}
    # Between two articles nothing is due, so waiting for the next one is no stall.
    patience = STALLED_SECONDS + (1 / options.rate if options.rate else 0.0)
    started = time.monotonic()
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(FeedServer(feed, clock=clock))
        log = await stack.enter_async_context(ready_log(settings, clock))
        feeds = [
            Feed(
                feed_id=f"{HOME}{path}", url=f"{server.url}{path}", home=HOME, title="Seed articles", synced_at=clock()
            )
            for path in feed.paths
        ]
        await _offer(log, feeds)
        stop = asyncio.Event()
        stack.enter_context(stop_on_signals(stop))
        health, metrics = Health(), Metrics(CollectorRegistry())
        runtime = Runtime(log, clock, stop, health, metrics, StageWatch(health, metrics))
        progress = stack.enter_context(Progress(len(expected), metrics, hidden=options.as_json))
        only = frozenset(feed.feed_id for feed in feeds)
        services = services_of(SERVICES, settings, only_feeds=only)
        running = asyncio.create_task(run_services(runtime, services, settings.drain_seconds))
        waiting = asyncio.create_task(_until_public(log, set(expected), stop, progress, patience))
        await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
        seconds = time.monotonic() - started
        was_interrupted = stop.is_set()
        stop.set()
        await asyncio.gather(running, waiting)
        outcome = await _look(log, expected)
    if was_interrupted:
        print("newsflow: interrupted", file=sys.stderr)
        return KILLED_EXIT_CODE
    if options.as_json:
        for record in outcome.records:
            print((record.value or b"").decode())
    else:
        show_result(outcome.records, progress.stages(), seconds)
    return _judge(outcome, expected)


async def _offer(log: EventLog, feeds: Sequence[Feed]) -> None:
    """Put the feeds of this replay on the log, and take those of an earlier, larger one off it."""
    known = await known_feeds(log)
    ours = {feed.feed_id for feed in feeds}
    stale = [
        feed.model_copy(update={"removed": True})
        for feed in known.values()
        if feed.home == HOME and feed.feed_id not in ours and not feed.removed
    ]
    await write_feeds(log, [*feeds, *stale])


async def _until_public(
    log: EventLog, missing: set[str], stop: asyncio.Event, progress: Progress, patience_seconds: float
) -> None:
    """Return when each expected article has been on the public topic, on `stop`, or when nothing comes any more."""
    stopped = asyncio.create_task(stop.wait())
    records = log.read(ARTICLES.name, Start.EARLIEST)
    try:
        while missing and not stop.is_set():
            following = asyncio.ensure_future(anext(records))
            await asyncio.wait((following, stopped), timeout=patience_seconds, return_when=asyncio.FIRST_COMPLETED)
            if not following.done():
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
                return
            missing.discard(following.result().key or "")
            progress.public(len(missing))
    finally:
        stopped.cancel()
        await records.aclose()


async def _look(log: EventLog, expected: dict[str, str]) -> Outcome:
    """Read the whole public topic once more, now that nobody writes to it."""
    records = [r async for r in log.read(ARTICLES.name, Start.EARLIEST, follow=False) if r.key in expected]
    records.sort(key=lambda record: (record.partition, record.offset))
    events = Counter(EnrichedArticle.model_validate_json(record.value or b"").event_id for record in records)
    missing = expected.keys() - {record.key for record in records}
    return Outcome(
        records=tuple(records),
        missing=tuple(sorted(expected[article_id] for article_id in missing)),
        repeated=tuple(sorted(event_id for event_id, times in events.items() if times > 1)),
    )


def _judge(outcome: Outcome, expected: dict[str, str]) -> int:
    if outcome.is_right:
        return 0
    for what, names in (("missing", outcome.missing), ("repeated", outcome.repeated)):
        if names:
            shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
            print(f"newsflow: {len(names)} of {len(expected)} articles {what}: {shown}", file=sys.stderr)
    return 1
