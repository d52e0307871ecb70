"""ingest: feeds in, `news.articles.raw.v1` out, with the state of feeds and articles in the same commits."""

import asyncio
from collections.abc import Container

from schemas.topics import ARTICLE_STATE, FEED_STATE, FEEDS
from services.common.clock import Clock
from services.common.event_log.port import Share
from services.common.runtime import Runtime
from services.common.workers import Workers
from services.ingest.access import secrets_from
from services.ingest.fetch import Fetcher
from services.ingest.partition import PartitionPoller
from services.ingest.poll import Poller
from services.ingest.robots import Robots
from services.ingest.settings import IngestSettings
from services.ingest.settle import STAGE
from services.ingest.watch import IngestWatch

TABLES = (FEEDS.name, FEED_STATE.name, ARTICLE_STATE.name)


async def run_ingest(runtime: Runtime, settings: IngestSettings, *, only_feeds: Container[str] | None = None) -> None:
    """Poll feeds until the runtime stops; with `only_feeds`, all others on the log are left alone."""
    watch = IngestWatch(runtime.watch, runtime.metrics)
    slots = asyncio.Semaphore(settings.max_polls_at_once)
    async with (
        Fetcher(settings.fetch, clock=runtime.clock) as fetcher,
        Workers(settings.workers, settings.worker_memory_bytes) as workers,
    ):
        poller = poller_of(settings, fetcher, workers, runtime.clock)

        async def poll_partition(share: Share) -> None:
            await PartitionPoller(share, poller, settings, slots, watch, only_feeds).run()

        await runtime.log.share_out(FEEDS.name, STAGE, TABLES, poll_partition, runtime.stop)


def poller_of(settings: IngestSettings, fetcher: Fetcher, workers: Workers, clock: Clock) -> Poller:
    """A poller as the settings want it."""
    robots = None
    if settings.fetch.obey_robots:
        robots = Robots(fetcher, workers, clock, settings.fetch.user_agent, settings.parse_timeout_seconds)
    return Poller(fetcher, workers, clock, settings, secrets_from(settings.fetch.secrets_dir), robots)
