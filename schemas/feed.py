"""Feeds: what to poll, how each one stands, what it carried, and what happened to it."""

from enum import StrEnum

from pydantic import Field

from schemas.article import FeedRef
from schemas.contract import Contract, Timestamp, hash_id
from schemas.reasons import Reason


class Feed(Contract):
    """The record of `news.feeds.v1`, written by `newsflow feeds sync`. Its home never changes."""

    feed_id: str
    url: str
    home: str = Field(description="Partition key of all tables of ingest.")
    title: str | None = None
    paused: bool = False
    removed: bool = Field(default=False, description="No longer on any list: not polled, but its state is kept.")
    synced_at: Timestamp

    @property
    def is_polled(self) -> bool:
        return not self.paused and not self.removed


class FeedStatus(StrEnum):
    NEW = "new"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    FAILING = "failing"
    MOVED = "moved"
    BLOCKED = "blocked"
    PAUSED = "paused"


class FeedState(Contract):
    """The record of `news.feed-state.v1`: never ahead of the articles, as both are written in one commit."""

    feed_id: str
    home: str
    url: str = Field(description="The address the validators belong to.")
    status: FeedStatus = FeedStatus.NEW
    reason: Reason | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    next_poll_at: Timestamp
    last_poll_at: Timestamp | None = None
    last_success_at: Timestamp | None = None
    last_document_at: Timestamp | None = Field(default=None, description="When a changed document was last read.")
    last_new_article_at: Timestamp | None = None
    failures_in_row: int = Field(default=0, ge=0)
    refused_entries: tuple[str, ...] = Field(default=(), description="Hashes of bad entries already dead-lettered.")


class GuidAlias(Contract):
    feed_id: str
    guid: str


class ArticleState(Contract):
    """The record of `news.article-state.v1`: what ingest needs to recognise an article and tell an edit."""

    article_id: str
    home: str
    revision: int = Field(ge=1)
    fingerprint: str
    content_key: str | None = Field(default=None, description="Hash of title and body, where they are long enough.")
    url: str | None = None
    feed: FeedRef
    also_in: tuple[FeedRef, ...] = ()
    guids: tuple[GuidAlias, ...] = ()
    last_seen_at: Timestamp = Field(description="When any feed carried it; written at most once a day.")
    home_seen_at: Timestamp | None = Field(default=None, description="The same, for its home feed alone.")


class FeedStatusEvent(Contract):
    """The record of `news.feed-status.v1`: a change of how a feed stands."""

    feed_id: str
    home: str
    status: FeedStatus
    previous: FeedStatus
    reason: Reason | None = None
    detail: str | None = None
    at: Timestamp
    next_poll_at: Timestamp | None = None
    last_success_at: Timestamp | None = None


FEED_ID_RULE = "f1"


def feed_id_of(url: str) -> str:
    """The id of a feed that was given none: a hash of its first address."""
    return hash_id(FEED_ID_RULE, url)
