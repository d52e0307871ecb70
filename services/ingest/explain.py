"""Poll one address once, with nothing known, and say what would become of each entry, and why."""

from dataclasses import dataclass
from datetime import datetime

from schemas.feed import Feed, FeedAccess, FeedState, feed_id_of
from services.common.clock import Clock
from services.common.workers import Workers
from services.ingest.article_index import ArticleIndex
from services.ingest.fetch import Fetcher
from services.ingest.poll import PollResult
from services.ingest.service import poller_of
from services.ingest.settings import IngestSettings
from services.ingest.settle import Settled, settle
from services.ingest.urls import home_of

MIDDLE = 0.5


@dataclass(frozen=True, slots=True)
class EntryFate:
    """What becomes of one entry: `published`, `duplicate` (of an entry before it) or `refused`."""

    fate: str
    why: str
    title: str | None = None
    url: str | None = None
    article_id: str | None = None
    published_at: datetime | None = None
    date_quality: str | None = None
    truncated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one poll gave, and the state it would leave: `state.reason` is None if the feed was read."""

    result: PollResult
    state: FeedState
    entries: tuple[EntryFate, ...]


async def explain_feed(
    url: str,
    settings: IngestSettings,
    clock: Clock,
    *,
    feed_id: str | None = None,
    home: str | None = None,
    access: FeedAccess | None = None,
) -> Explanation:
    """Fetch, read and match `url` as a first poll would. Writes nothing, and needs no log."""
    feed = Feed(
        feed_id=feed_id or feed_id_of(url), url=url, home=home or home_of(url), synced_at=clock(), access=access
    )
    async with Fetcher(settings.fetch, clock=clock) as fetcher, Workers(1, settings.worker_memory_bytes) as workers:
        result = await poller_of(settings, fetcher, workers, clock).poll(feed, None)
    settled = settle(result, None, ArticleIndex(), _no_feed, _no_host, settings.schedule, MIDDLE)
    return Explanation(result, settled.state, _fates(settled))


def _no_feed(_: str) -> FeedState | None:
    return None


def _no_host(_: str) -> None:
    return None


def _fates(settled: Settled) -> tuple[EntryFate, ...]:
    document = settled.result.document
    if document is None:
        return ()
    # A record carries the very bytes of its entry, so that they tell which entry it came from.
    articles = {id(raw.entry_json): raw.article for raw in settled.raw}
    fates = []
    for entry in document.entries:
        draft = entry.draft
        article = articles.get(id(entry.entry_json))
        if article is None:
            fates.append(
                EntryFate("duplicate", "is the article of an entry before it", title=draft.title, url=draft.url)
            )
            continue
        quality = str(article.date_quality)
        fates.append(
            EntryFate(
                "published",
                f"new; date {quality}" + (f"; cut: {', '.join(article.truncated)}" if article.truncated else ""),
                article.title,
                article.url,
                article.article_id,
                article.published_at,
                quality,
                tuple(article.truncated),
            )
        )
    fates += [EntryFate("refused", f"{refused.reason}: {refused.detail}") for refused in document.refused]
    return tuple(fates)
