"""`newsflow feed-server`: the fixture feed over HTTP, until stopped."""

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path

from services.common.clock import system_clock
from services.common.errors import UsageError
from services.common.runtime import stop_on_signals
from services.fixture_feed.feed import FixtureFeed
from services.fixture_feed.seed import Seed, find_seeds
from services.fixture_feed.server import FeedServer


@dataclass(frozen=True, slots=True)
class FeedServerOptions:
    paths: tuple[Path, ...]
    host: str
    port: int
    count: int | None
    rate: float | None
    revise: float
    revise_after_seconds: float
    misbehave: tuple[str, ...]


def run_feed_server(options: FeedServerOptions) -> None:
    """Raises UsageError for bad seeds, a wrong fault or a port that is taken."""
    asyncio.run(_serve(options))


async def _serve(options: FeedServerOptions) -> None:
    feed = FixtureFeed(
        good_seeds(options.paths),
        started_at=system_clock(),
        count=options.count,
        rate=options.rate,
        revise=options.revise,
        revise_after=options.revise_after_seconds,
    )
    stop = asyncio.Event()
    misbehave = dict(_share_of(fault) for fault in options.misbehave)
    async with FeedServer(feed, options.host, options.port, misbehave=misbehave) as server:
        print(f"{len(feed)} articles in {feed.documents} feeds; all listed at {server.url}/feeds.opml", flush=True)
        with stop_on_signals(stop):
            await stop.wait()


def good_seeds(paths: tuple[Path, ...]) -> tuple[Seed, ...]:
    """The seeds that can be read; each bad one is one line on standard error. Raises UsageError if none is good."""
    found = find_seeds(paths)
    if not found.seeds:
        raise UsageError("; ".join(map(str, found.problems)))
    for problem in found.problems:
        print(f"newsflow: {problem}", file=sys.stderr)
    return found.seeds


def _share_of(fault: str) -> tuple[str, float]:
    name, _, share = fault.rpartition("=")
    try:
        return name, float(share)
    except ValueError:
        raise UsageError(f"--misbehave {fault!r} should be FAULT=SHARE, such as status:503=0.1") from None
