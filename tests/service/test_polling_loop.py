"""The polling loop of ingest on a real embedded log, with a scripted poller instead of the web."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from schemas.feed import Feed, FeedState
from schemas.reasons import Reason
from schemas.topics import ARTICLE_STATE, DEAD_LETTERS, FEED_STATE, FEEDS, LOG_TOPICS, RAW
from services.common.clock import system_clock
from services.common.event_log.open import open_log
from services.common.event_log.port import EventLog, Record, Share, Start
from services.common.health import Health
from services.common.metrics import Metrics
from services.common.watch import StageWatch
from services.ingest.fetch import Response
from services.ingest.normalise import FeedContext
from services.ingest.partition import PartitionPoller
from services.ingest.poll import Failure, PollResult
from services.ingest.read import read_document
from services.ingest.service import TABLES
from services.ingest.settings import IngestSettings, ScheduleSettings
from services.ingest.settle import STAGE
from services.ingest.watch import IngestWatch

HOME = "harbour.example"
NOW = system_clock()
FEED = Feed(feed_id="f", url=f"https://{HOME}/feed", home=HOME, synced_at=NOW)
SETTINGS = IngestSettings(
    host_gap_seconds=0,
    unchanged_delay_seconds=3600,
    schedule=ScheduleSettings(interval_seconds=0.1, jitter_share=0),
)


def document(*titles: str) -> bytes:
    items = "".join(f"<item><guid>{title}</guid><title>{title}</title></item>" for title in titles)
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>T</title>{items}</channel></rss>'.encode()


def changed(feed: Feed, etag: str, *titles: str) -> PollResult:
    now = system_clock()
    headers = {"etag": etag, "content-type": "application/rss+xml"}
    response = Response(200, headers, document(*titles), feed.url, None, now)
    read = read_document(response.body, headers, feed.url, FeedContext(feed.feed_id, feed.home, feed.url), now)
    return PollResult(feed, feed.url, now, 0.01, response, etag, read)


def unchanged(feed: Feed) -> PollResult:
    now = system_clock()
    return PollResult(feed, feed.url, now, 0.01, Response(304, {}, b"", feed.url, None, now))


@dataclass
class ScriptedPoller:
    """Answers each poll of a feed by the script; the loop stops when it is through."""

    script: list[Callable[[Feed], PollResult]]
    stop: asyncio.Event
    polled: list[Feed] = field(default_factory=list)
    clock: Callable[[], datetime] = system_clock

    async def poll(self, feed: Feed, state: FeedState | None) -> PollResult:
        self.polled.append(feed)
        answer = self.script.pop(0)
        if not self.script:
            self.stop.set()
        return answer(feed)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[EventLog]:
    async with open_log(f"sqlite:///{tmp_path}/log.sqlite") as log:
        await log.ensure(LOG_TOPICS.values(), create=True)
        yield log


async def offer(log: EventLog, feed: Feed) -> None:
    await log.append([Record(FEEDS.name, feed.feed_id, feed.to_json(), partition_key=feed.home)])


async def poll(log: EventLog, poller: ScriptedPoller) -> None:
    metrics = Metrics(CollectorRegistry())
    watch = IngestWatch(StageWatch(Health(), metrics), metrics)

    async def work(share: Share) -> None:
        slots = asyncio.Semaphore(4)
        await PartitionPoller(share, poller, SETTINGS, slots, watch, None).run()  # type: ignore[arg-type]

    async with asyncio.timeout(20):
        await log.share_out(FEEDS.name, STAGE, TABLES, work, poller.stop)


async def raw_titles(log: EventLog) -> Counter[str]:
    import json

    records = [r async for r in log.read(RAW.name, Start.EARLIEST, follow=False)]
    return Counter(json.loads(record.value or b"")["article"]["title"] for record in records)


async def feed_state(log: EventLog) -> FeedState | None:
    states = [r async for r in log.read(FEED_STATE.name, Start.EARLIEST, follow=False) if r.value is not None]
    return FeedState.model_validate_json(states[-1].value or b"") if states else None


async def test_a_schedule_that_waits_never_undoes_a_newer_state(log: EventLog) -> None:
    await offer(log, FEED)
    script: list[Callable[[Feed], PollResult]] = [
        lambda feed: changed(feed, '"1"', "A"),
        unchanged,
        lambda feed: changed(feed, '"2"', "A", "B"),
    ]
    await poll(log, ScriptedPoller(script, asyncio.Event()))
    state = await feed_state(log)
    assert state is not None
    assert state.etag == '"2"'
    assert await raw_titles(log) == {"A": 1, "B": 1}


async def test_a_feed_that_fails_at_its_new_address_backs_off_there(log: EventLog) -> None:
    await offer(log, FEED)
    first: list[Callable[[Feed], PollResult]] = [lambda feed: changed(feed, '"1"', "A")]
    await poll(log, ScriptedPoller(first, asyncio.Event()))
    await offer(log, FEED.model_copy(update={"url": f"https://{HOME}/new"}))

    def refuse(feed: Feed) -> PollResult:
        return PollResult(feed, feed.url, system_clock(), 0.01, failure=Failure(Reason.RATE_LIMITED, "429", "3600"))

    stop = asyncio.Event()
    poller = ScriptedPoller([refuse, refuse, refuse], stop)
    asyncio.get_running_loop().call_later(1.5, stop.set)
    await poll(log, poller)
    assert len(poller.polled) == 1, "the server asked for an hour of peace"
    state = await feed_state(log)
    assert state is not None
    assert (state.url, state.etag, state.failures_in_row) == (f"https://{HOME}/new", None, 1)


async def test_a_feed_that_is_purged_while_it_is_polled_stays_forgotten(log: EventLog) -> None:
    await offer(log, FEED)
    stop = asyncio.Event()
    poller = ScriptedPoller([lambda feed: changed(feed, '"1"', "A")] * 2, stop)
    begun, go_on = asyncio.Event(), asyncio.Event()
    answer_at_once = poller.poll

    async def answer_when_told(feed: Feed, state: FeedState | None) -> PollResult:
        begun.set()
        await go_on.wait()
        return await answer_at_once(feed, state)

    poller.poll = answer_when_told  # type: ignore[method-assign]
    polling = asyncio.create_task(poll(log, poller))
    await begun.wait()
    await log.append([Record(FEEDS.name, FEED.feed_id, None, partition_key=HOME)])
    async with asyncio.timeout(10):
        while sum((await log.lag(FEEDS.name, STAGE)).values()):
            await asyncio.sleep(0.02)
    go_on.set()
    asyncio.get_running_loop().call_later(0.5, stop.set)
    await polling
    assert await raw_titles(log) == {}
    assert await feed_state(log) is None


async def test_a_damaged_record_of_a_table_is_told_and_does_not_stop_ingest(log: EventLog) -> None:
    await offer(log, FEED)
    await log.append(
        [
            Record(FEED_STATE.name, FEED.feed_id, b"{nope", partition_key=HOME),
            Record(ARTICLE_STATE.name, "a1_x", b"{nope", partition_key=HOME),
        ]
    )
    script: list[Callable[[Feed], PollResult]] = [lambda feed: changed(feed, '"1"', "A")]
    await poll(log, ScriptedPoller(script, asyncio.Event()))
    assert await raw_titles(log) == {"A": 1}
    letters = [r async for r in log.read(DEAD_LETTERS.name, Start.EARLIEST, follow=False)]
    assert {letter.key for letter in letters} == {FEED.feed_id, "a1_x"}


async def test_no_more_polls_are_started_than_there_are_slots(log: EventLog) -> None:
    feeds = [FEED.model_copy(update={"feed_id": f"f{n}", "url": f"https://h{n}.{HOME}/feed"}) for n in range(40)]
    for feed in feeds:
        await offer(log, feed)
    stop = asyncio.Event()
    at_once, most = 0, 0
    poller = ScriptedPoller([], stop)

    async def slow(feed: Feed, state: FeedState | None) -> PollResult:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        poller.polled.append(feed)
        await asyncio.sleep(0.01)
        at_once -= 1
        if len({each.feed_id for each in poller.polled}) == len(feeds):
            stop.set()
        return replace(unchanged(feed), feed=feed)

    poller.poll = slow  # type: ignore[method-assign]
    await poll(log, poller)
    assert most == 4
