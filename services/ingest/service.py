"""ingest: feeds in, `news.articles.raw.v1` out, with the state of feeds and articles in the same commits."""

import asyncio
from collections.abc import Container

from schemas.topics import ARTICLE_STATE, FEED_STATE, FEEDS
from services.common.event_log.port import Share
from services.common.runtime import Runtime
from services.common.workers import Workers
from services.ingest.fetch import Fetcher
from services.ingest.partition import PartitionPoller
from services.ingest.poll import Poller
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
        poller = Poller(fetcher, workers, runtime.clock, settings.parse_timeout_seconds)

        async def poll_partition(share: Share) -> None:
            await PartitionPoller(share, poller, settings, slots, watch, only_feeds).run()

        await runtime.log.share_out(FEEDS.name, STAGE, TABLES, poll_partition, runtime.stop)
