"""Feeds: what to poll, how each one stands, what it carried, and what happened to it."""

from enum import StrEnum

from pydantic import Field

from schemas.article import FeedRef
from schemas.contract import Contract, Timestamp, hash_id
from schemas.reasons import Reason


class FeedAccess(Contract):
    """How requests for a feed differ from others. Secrets are named here, never given: ingest alone looks them up."""

    headers: dict[str, str] = Field(default_factory=dict, description="Sent as they are; nothing secret.")
    secret_headers: dict[str, str] = Field(default_factory=dict, description="Header name to name of its secret.")
    credentials: str | None = Field(default=None, description="Name of a secret `user:password`, sent as Basic.")
    proxy: str | None = Field(default=None, description="Name of a secret that is the address of an HTTP proxy.")


class Feed(Contract):
    """The record of `news.feeds.v1`, written by `newsflow feeds sync`. Its home never changes."""

    feed_id: str
    url: str
    home: str = Field(description="Partition key of all tables of ingest.")
    title: str | None = None
    paused: bool = False
    removed: bool = Field(default=False, description="No longer on any list: not polled, but its state is kept.")
    synced_at: Timestamp
    poll_requested_at: Timestamp | None = Field(
        default=None, description="Somebody wants a poll now; each new value asks for one."
    )
    access: FeedAccess | None = None

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
    REMOVED = "removed"


class FeedState(Contract):
    """The record of `news.feed-state.v1`: never ahead of the articles, as both are written in one commit."""

    feed_id: str
    home: str
    url: str = Field(description="The address the validators belong to.")
    status: FeedStatus = FeedStatus.NEW
    reason: Reason | None = None
    detail: str | None = Field(default=None, description="What the last poll was told, if it failed.")
    status_since: Timestamp | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    next_poll_at: Timestamp
    last_poll_at: Timestamp | None = None
    last_success_at: Timestamp | None = None
    last_document_at: Timestamp | None = Field(default=None, description="When a changed document was last read.")
    last_new_article_at: Timestamp | None = None
    failures_in_row: int = Field(default=0, ge=0)
    entries_cut: bool = Field(default=False, description="Whether the last document had more entries than are read.")
    refused_entries: tuple[str, ...] = Field(default=(), description="Hashes of bad entries already dead-lettered.")
    interval_seconds: float | None = Field(default=None, gt=0, description="Wait learned from what the feed publishes.")
    hint_seconds: float | None = Field(default=None, ge=0, description="Wait the last document asked for: ttl or sy.")
    usual_minutes: tuple[int, ...] = Field(
        default=(), description="Minutes of the day, in UTC, at which news came last: a daily feed keeps its hour."
    )
    full_poll_at: Timestamp | None = Field(default=None, description="When a whole document last came (status 200).")
    validators_lied_at: Timestamp | None = Field(
        default=None, description="When validators had stayed the same over a document with new articles."
    )
    poll_requested_at: Timestamp | None = Field(default=None, description="The last request of the feed that was met.")
    redirected_to: str | None = Field(default=None, description="Where permanent redirects lead, each time since:")
    redirected_since: Timestamp | None = None
    redirected_polls: int = Field(default=0, ge=0, description="Successful polls in a row that were led there.")
    moved_to: str | None = Field(default=None, description="Polled instead of the feed's address, after that proof.")


class HostState(Contract):
    """A record beside feed states, with key `host:<host>`: a server that asked for rest, kept over a takeover."""

    host: str = Field(description="Name, with the port if the address states one.")
    home: str
    cooling_until: Timestamp = Field(description="No feed of this host is polled before.")
    strikes: int = Field(ge=1, description="How often in a row it asked; the gap between requests doubles with each.")
    reason: Reason


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
    versions: dict[str, str] = Field(
        default_factory=dict,
        description="By feed_id, fingerprints of feeds in `also_in` that word this revision otherwise, as summaries.",
    )
    guids: tuple[GuidAlias, ...] = ()
    last_seen_at: Timestamp = Field(description="When any feed carried it; written at most once a day.")
    home_seen_at: Timestamp | None = Field(default=None, description="The same, for its home feed alone.")
    published_at: Timestamp | None = Field(default=None, description="The earliest credible date stated for it.")
    title_key: str | None = Field(default=None, description="Hash of its title without names of section and paper.")
    text_key: str | None = Field(default=None, description="Hash of its main text alone.")
    earlier: tuple[str, ...] = Field(default=(), description="Fingerprints of earlier revisions, the latest last.")
    edits: int = Field(default=0, ge=0, description="Revisions since `edits_since`: a day has only so many.")
    returns: int = Field(default=0, ge=0, description="Those of them that went back to an earlier text.")
    edits_since: Timestamp | None = None


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
