"""Polling at scale: polls a second with 64 in flight, and what 1,000 to 10,000 feeds cost one process."""

import asyncio
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from socket import AF_INET, AddressFamily

import structlog
from aiohttp.abc import AbstractResolver, ResolveResult
from prometheus_client import CollectorRegistry

from schemas.article import FeedRef, mint_article_id
from schemas.feed import ArticleState, Feed, FeedState, FeedStatus
from schemas.topics import ARTICLE_STATE, FEED_STATE, FEEDS, LOG_TOPICS
from services.common.batched import batched
from services.common.clock import system_clock
from services.common.event_log.open import open_log
from services.common.event_log.port import Record, Share
from services.common.health import Health
from services.common.metrics import Metrics
from services.common.watch import StageWatch
from services.common.workers import Workers
from services.ingest.fetch import Fetcher
from services.ingest.partition import PartitionPoller
from services.ingest.poll import Poller
from services.ingest.service import TABLES
from services.ingest.settings import FetchSettings, IngestSettings, ScheduleSettings
from services.ingest.settle import STAGE
from services.ingest.watch import IngestWatch

IN_FLIGHT = 64
POLLS = 2_000
SIZES = (1_000, 3_000, 10_000)
ARTICLES_A_FEED = 10
WATCHED_SECONDS = 8.0
POLLS_A_SECOND = 50.0  # offered in the lag measurement: 10,000 feeds at three minutes each
LAG_STEP_SECONDS = 0.005
ETAG = '"bench"'
SETTINGS = IngestSettings(
    fetch=FetchSettings(allow_private_addresses=True, max_connections=2 * IN_FLIGHT),
    schedule=ScheduleSettings(starts_per_second=1_000.0),
    host_gap_seconds=0.0,
)


@dataclass(frozen=True, slots=True)
class PollingRow:
    """One figure: what was measured, its value with unit, and under which conditions."""

    what: str
    value: float
    unit: str
    note: str


class _Loopback(AbstractResolver):
    async def resolve(self, host: str, port: int = 0, family: AddressFamily = AF_INET) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        pass


def polling_rows(sizes: Sequence[int] = SIZES, polls: int = POLLS) -> list[PollingRow]:
    """All figures. The server runs in a process of its own, and each size in a fresh one."""
    with _server() as port:
        rows = asyncio.run(_rates(port, polls))
        for size in sizes:
            rows += _in_process(_measure_feeds, size, port)
    return rows


def polling_table(rows: Sequence[PollingRow]) -> str:
    """Markdown."""
    lines = ["| what | value | |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {row.what} | {row.value:,.1f} {row.unit} | {row.note} |" for row in rows)])


async def _rates(port: int, polls: int) -> list[PollingRow]:
    rows = []
    async with Fetcher(SETTINGS.fetch, resolver=_Loopback()) as fetcher, Workers(1, 1 << 30) as workers:
        poller = Poller(fetcher, workers, system_clock, SETTINGS, dict[str, str]().get)

        async def rate(path: str, state_of: Callable[[Feed], FeedState | None], number: int) -> tuple[float, float]:
            feeds = iter([_feed(n % IN_FLIGHT, port, path) for n in range(number)])

            async def go() -> None:
                for feed in feeds:
                    result = await poller.poll(feed, state_of(feed))
                    assert result.failure is None, result.failure

            began, cpu = time.perf_counter(), time.process_time()
            await asyncio.gather(*(go() for _ in range(IN_FLIGHT)))
            return number / (time.perf_counter() - began), (time.process_time() - cpu) / number * 1e6

        await rate("/304", _state, 2 * IN_FLIGHT)
        unchanged, cost = await rate("/304", _state, polls)
        note = f"{IN_FLIGHT} in flight over {IN_FLIGHT} hosts, connections kept, server in another process"
        rows.append(PollingRow("polls answered with 304", unchanged, "a second", f"{note}; {cost:.0f} µs of CPU each"))
        await rate("/50k", lambda _: None, 2 * IN_FLIGHT)
        whole, cost = await rate("/50k", lambda _: None, max(200, polls // 10))
        note = "the same, each read by one worker process"
        rows.append(PollingRow("polls of 50 KB feeds", whole, "a second", f"{note}; {cost:.0f} µs of CPU here each"))
    return rows


def _measure_feeds(size: int, port: int) -> list[PollingRow]:
    """In a fresh process: what so many feeds, restored from a log, cost."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_run_feeds(size, port, Path(folder)))


async def _run_feeds(size: int, port: int, folder: Path) -> list[PollingRow]:
    async with open_log(f"sqlite:///{folder}/log.sqlite", system_clock) as log:
        await log.ensure(LOG_TOPICS.values(), create=True)
        for records in batched(_stored(size, port), 5_000):
            await log.append(records)
    empty = _resident()
    async with (
        open_log(f"sqlite:///{folder}/log.sqlite", system_clock) as log,
        Fetcher(SETTINGS.fetch, resolver=_Loopback()) as fetcher,
        Workers(1, 1 << 30) as workers,
    ):
        poller = Poller(fetcher, workers, system_clock, SETTINGS, dict[str, str]().get)
        metrics = Metrics(CollectorRegistry())
        watch = _Watch(metrics)
        slots = asyncio.Semaphore(IN_FLIGHT)
        stop = asyncio.Event()

        async def work(share: Share) -> None:
            await PartitionPoller(share, poller, SETTINGS, slots, watch, None).run()

        lags: list[float] = []
        began = time.perf_counter()
        running = asyncio.create_task(log.share_out(FEEDS.name, STAGE, TABLES, work, stop))
        await asyncio.wait_for(watch.all_restored.wait(), 120)
        restored = time.perf_counter() - began
        lag = asyncio.create_task(_watch_lag(lags))
        cpu = time.process_time()
        await asyncio.sleep(WATCHED_SECONDS)
        cpu = time.process_time() - cpu
        lag.cancel()
        stop.set()
        await running
    lags.sort()
    note = f"{size:,} feeds, {ARTICLES_A_FEED * size:,} known articles"
    return [
        PollingRow("restored", restored, "s", note),
        PollingRow("resident memory", _resident() / 1e6, "MB", f"{note}; {empty / 1e6:.0f} MB before them"),
        PollingRow("event-loop lag p99", lags[int(len(lags) * 0.99)] * 1e3, "ms", f"{note}; {watch.polled} polls"),
        PollingRow("CPU while polling", cpu / WATCHED_SECONDS * 100, "% of a core", f"{note}; first polls of a start"),
    ]


class _Watch(IngestWatch):
    """Knows when every partition has been restored."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__(StageWatch(Health(), metrics), metrics)
        self.all_restored = asyncio.Event()
        self.polled = 0
        self._restored: set[int] = set()

    def stand(self, partition: int, standings: object) -> None:
        self._restored.add(partition)
        if len(self._restored) == FEEDS_PARTITIONS:
            self.all_restored.set()

    def poll_started(self, late_seconds: float) -> None:
        self.polled += 1
        super().poll_started(late_seconds)


FEEDS_PARTITIONS = LOG_TOPICS[FEEDS.name].partitions


async def _watch_lag(lags: list[float]) -> None:
    """How late the loop comes back to a task that wanted to be woken."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(LAG_STEP_SECONDS)
        lags.append(max(0.0, time.perf_counter() - began - LAG_STEP_SECONDS))


def _feed(number: int, port: int, path: str) -> Feed:
    home = f"publisher{number}.example"
    url = f"http://www.{home}:{port}{path}"
    return Feed(feed_id=f"feed{number}", url=url, home=home, title=f"Publisher {number}", synced_at=_NOW)


_NOW = datetime.now(UTC)


def _state(feed: Feed, due: datetime = _NOW) -> FeedState:
    return FeedState(
        feed_id=feed.feed_id,
        home=feed.home,
        url=feed.url,
        status=FeedStatus.HEALTHY,
        etag=ETAG,
        last_modified="Sat, 31 Jan 2026 12:00:00 GMT",
        body_hash="0" * 32,
        next_poll_at=due,
        last_poll_at=_NOW,
        last_success_at=_NOW,
        last_document_at=_NOW,
        last_new_article_at=_NOW,
        full_poll_at=_NOW + timedelta(days=1),
        interval_seconds=600.0,
    )


def _stored(size: int, port: int) -> Iterator[Record]:
    """Feeds that have been polled before, as the log holds them, due at an even rate from soon on."""
    for number in range(size):
        feed = _feed(number, port, "/304")
        due = _NOW + timedelta(seconds=20 + number / POLLS_A_SECOND) if number >= _DUE_NOW else _NOW
        yield Record(FEEDS.name, feed.feed_id, feed.to_json(), partition_key=feed.home)
        yield Record(FEED_STATE.name, feed.feed_id, _state(feed, due).to_json(), partition_key=feed.home)
        ref = FeedRef(feed_id=feed.feed_id, title=feed.title, link=f"https://www.{feed.home}/")
        for item in range(ARTICLES_A_FEED):
            url = f"https://www.{feed.home}/2026/01/31/a-headline-of-some-length-{item}"
            state = ArticleState(
                article_id=mint_article_id(feed.home, "url", url),
                home=feed.home,
                revision=1,
                fingerprint="f" * 26,
                content_key="c" * 26 + str(item),
                url=url,
                feed=ref,
                last_seen_at=_NOW,
                home_seen_at=_NOW,
            )
            yield Record(ARTICLE_STATE.name, state.article_id, state.to_json(), partition_key=feed.home)


_DUE_NOW = int(WATCHED_SECONDS * POLLS_A_SECOND)


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize()


@contextmanager
def _server() -> Iterator[int]:
    """A server of its own process; yields its port."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.kill()
        process.join()


def _serve(pipe: Connection) -> None:
    item = "<item><guid>{0}</guid><title>Story number {0}</title><link>https://a.example/{0}</link><description>{1}</description></item>"
    items = "".join(item.format(number, "Some words of text. " * 48) for number in range(46))
    body = f"<?xml version='1.0'?><rss version='2.0'><channel><title>T</title>{items}</channel></rss>".encode()
    same = f"HTTP/1.1 304 Not Modified\r\nETag: {ETAG}\r\n\r\n".encode()
    whole = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(same if head.startswith(b"GET /304") else whole)
                await writer.drain()
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def _in_process(work: Callable[[int, int], list[PollingRow]], size: int, port: int) -> list[PollingRow]:
    """What `work` returns, done in a fresh process: memory of one size must not count for the next."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_send, args=(theirs, work, size, port))
    process.start()
    try:
        theirs.close()
        rows: list[PollingRow] = ours.recv()
    finally:
        process.join()
    return rows


def _send(pipe: Connection, work: Callable[[int, int], list[PollingRow]], size: int, port: int) -> None:
    pipe.send(work(size, port))


if __name__ == "__main__":
    print(polling_table(polling_rows()))
