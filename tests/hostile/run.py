"""The hostile run: one server on loopback plays every case, ingest polls them all beside good feeds, once."""

import asyncio
import resource
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from socket import AF_INET, AddressFamily

from aiohttp.abc import AbstractResolver, ResolveResult
from prometheus_client import CollectorRegistry

from schemas.article import RawArticle
from schemas.feed import FeedState
from schemas.topics import FEEDS, RAW
from services.common.clock import system_clock
from services.common.event_log.port import Share
from services.common.health import Health
from services.common.metrics import Metrics
from services.common.watch import StageWatch
from services.common.workers import Workers
from services.ingest.addresses import Address
from services.ingest.fetch import Fetcher
from services.ingest.partition import PartitionPoller
from services.ingest.poll import Poller
from services.ingest.service import TABLES
from services.ingest.settings import FetchSettings, IngestSettings, ScheduleSettings
from services.ingest.settle import STAGE
from services.ingest.watch import IngestWatch
from tests.hostile.case import FORBIDDEN_NAME, Case, answer, rss
from tests.support.polling import feed, opened_log, records, states, until, write

ALLOWED, FORBIDDEN = "127.0.0.1", "127.0.0.2"
GOOD_FEEDS = 20
GOOD_ARTICLES = 5
MEBIBYTE = 1024 * 1024
SLOTS = 24
SETTINGS = IngestSettings(
    fetch=FetchSettings(
        connect_timeout_seconds=8.0, read_timeout_seconds=8.0, total_timeout_seconds=8.0, max_body_bytes=8 * MEBIBYTE
    ),
    schedule=ScheduleSettings(interval_seconds=3_600.0, min_interval_seconds=3_600.0, starts_per_second=1_000.0),
    max_polls_at_once=SLOTS,
    host_gap_seconds=0.0,
    unchanged_delay_seconds=0.0,
    workers=2,
    worker_memory_bytes=1024 * MEBIBYTE,
    parse_timeout_seconds=10.0,
)


@dataclass
class Outcome:
    """What the run left behind. `forbidden` are connections that must not have been made."""

    states: dict[str, FeedState] = field(default_factory=dict)
    articles: Counter[str] = field(default_factory=Counter)
    forbidden: int = 0
    grown_bytes: int = 0
    error: BaseException | None = None


class _Names(AbstractResolver):
    """Every name is this machine, but the forbidden one is at its forbidden address."""

    async def resolve(self, host: str, port: int = 0, family: AddressFamily = AF_INET) -> list[ResolveResult]:
        address = FORBIDDEN if host == FORBIDDEN_NAME else ALLOWED
        return [ResolveResult(hostname=host, host=address, port=port, family=AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        pass


def is_ours(address: Address) -> bool:
    return address == ip_address(ALLOWED)


def run_cases(cases: Sequence[Case], folder: Path) -> Outcome:
    """Poll each case once, and good feeds beside them."""
    outcome = Outcome()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    asyncio.run(_run(cases, folder, outcome))
    outcome.grown_bytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    return outcome


async def _run(cases: Sequence[Case], folder: Path, outcome: Outcome) -> None:
    by_path = {_path(number, case): case for number, case in enumerate(cases)}
    talks: set[asyncio.Task[None]] = set()

    def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.create_task(play(reader, writer))
        talks.add(talk)
        talk.add_done_callback(talks.discard)

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await say(reader, writer)
        finally:
            writer.transport.abort()

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            case = by_path.get(path.rstrip("x"))
            if case is None:
                writer.write(_good(path))
            elif case.say is not None:
                await case.say(writer, path)
            else:
                # In a thread: the server shares its loop with the poller that is to be seen at work.
                reply = case.reply if isinstance(case.reply, bytes) else await asyncio.to_thread(case.reply)
                writer.write(reply.replace(b"{port}", str(port).encode()))
            await writer.drain()
            writer.close()
            await writer.wait_closed()

    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        outcome.forbidden += 1
        writer.close()

    server = await asyncio.start_server(converse, ALLOWED, 0)
    port = server.sockets[0].getsockname()[1]
    forbidden = await asyncio.start_server(refuse, FORBIDDEN, port)
    names = {f"case{number}": f"http://case{number}.example:{port}{path}" for number, path in enumerate(by_path)}
    names |= {f"good{number}": f"http://good{number}.example:{port}/good{number}" for number in range(GOOD_FEEDS)}
    async with server, forbidden, opened_log(folder) as log:
        await write(log, *(feed(name, url) for name, url in names.items()))
        settings = SETTINGS.model_copy(
            update={"fetch": SETTINGS.fetch.model_copy(update={"allowed_ports": (80, 443, port)})}
        )
        fetcher = Fetcher(settings.fetch, resolver=_Names(), is_allowed=is_ours)
        async with fetcher, Workers(settings.workers, settings.worker_memory_bytes) as workers:
            poller = Poller(fetcher, workers, system_clock, settings, dict[str, str]().get)
            metrics = Metrics(CollectorRegistry())
            watch = IngestWatch(StageWatch(Health(), metrics), metrics)

            async def work(share: Share) -> None:
                await PartitionPoller(share, poller, settings, asyncio.Semaphore(SLOTS), watch, None).run()

            stop = asyncio.Event()
            running = asyncio.create_task(log.share_out(FEEDS.name, STAGE, TABLES, work, stop))

            async def all_polled() -> bool:
                if running.done():
                    running.result()
                return len(await states(log)) == len(names)

            await until(all_polled)
            stop.set()
            await running
        outcome.states = await states(log)
        for record in await records(log, RAW.name):
            outcome.articles[RawArticle.model_validate_json(record.value or b"").article.feed.feed_id] += 1
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


def _path(number: int, case: Case) -> str:
    return case.path or f"/case{number}"


def _good(path: str) -> bytes:
    name = path.strip("/")
    items = (
        f"<item><guid>{name}-{number}</guid><title>{name} number {number}</title>"
        f"<link>https://{name}.example/{number}</link></item>"
        for number in range(GOOD_ARTICLES)
    )
    return answer(rss(*items), ("Content-Type", "application/rss+xml"))
