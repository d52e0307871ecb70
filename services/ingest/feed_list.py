"""Lists of feeds as people write them (OPML, YAML), and what `feeds sync` makes of them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Self

import listparser
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from schemas.feed import Feed, FeedAccess, feed_id_of
from services.common.errors import UsageError
from services.ingest.access import check_access
from services.ingest.hosts import same_feed_key, shown_address
from services.ingest.urls import canonical_url, home_of


class ListedFeed(BaseModel):
    """One feed of a YAML list. Only `url` is needed."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    url: str
    feed_id: str | None = Field(default=None, alias="id", min_length=1, max_length=200)
    home: str | None = Field(default=None, min_length=1, max_length=253)
    title: str | None = None
    paused: bool | None = None  # None leaves a feed as `feeds pause` and `feeds resume` have it
    headers: dict[str, str] = Field(default_factory=dict)
    secret_headers: dict[str, str] = Field(default_factory=dict)
    credentials: str | None = None
    proxy: str | None = None

    @field_validator("url")
    @classmethod
    def _web_address(cls, url: str) -> str:
        """What readers exchange as `feed:` is a web address (draft-obasanjo-feed-URI-scheme)."""
        url = url.strip()
        if url[:5].lower() != "feed:":
            return url
        rest = url[5:]
        return f"http:{rest}" if rest.startswith("//") else rest

    @model_validator(mode="after")
    def _can_be_sent(self) -> Self:
        check_access(self.headers, self.secret_headers, (self.credentials, self.proxy))
        return self

    @property
    def access(self) -> FeedAccess | None:
        stated = FeedAccess(
            headers=self.headers,
            secret_headers=self.secret_headers,
            credentials=self.credentials,
            proxy=self.proxy,
        )
        return None if stated == FeedAccess() else stated


class _FeedList(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    feeds: tuple[ListedFeed | str, ...]


def read_feed_list(path: Path) -> tuple[ListedFeed, ...]:
    """The feeds of an OPML file, or of a YAML file with a list `feeds` of addresses or mappings. Raises UsageError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"feed list {path} cannot be read: {error.strerror}") from None
    feeds = _read_yaml(path, content) if path.suffix in {".yaml", ".yml"} else _read_opml(path, content)
    if not feeds:
        raise UsageError(f"feed list {path} names no feed")
    for feed in feeds:
        if canonical_url(feed.url, feed.url) is None:
            raise UsageError(f"feed list {path}: {shown_address(feed.url)!r} is no http or https address")
    return feeds


def _read_yaml(path: Path, content: bytes) -> tuple[ListedFeed, ...]:
    try:
        document = yaml.safe_load(content)
        if not isinstance(document, dict) or not isinstance(document.get("feeds"), list):
            raise UsageError(f"feed list {path} has no list `feeds`")
        listed = _FeedList.model_validate(document).feeds
    except yaml.YAMLError as error:
        raise UsageError(f"feed list {path} is not YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        # A list takes addresses or mappings: the names of these two are of no use to people.
        place = ".".join(part for part in map(str, first["loc"]) if part != "str" and "ListedFeed" not in part)
        raise UsageError(f"feed list {path}: {place or 'document'}: {first['msg']}") from None
    return tuple(ListedFeed(url=feed) if isinstance(feed, str) else feed for feed in listed)


def _read_opml(path: Path, content: bytes) -> tuple[ListedFeed, ...]:
    parsed = listparser.parse(content)
    if not parsed.feeds and parsed.bozo:
        raise UsageError(f"feed list {path} is neither OPML nor named .yaml: {parsed.bozo_exception}")
    return tuple(ListedFeed(url=feed.url, title=feed.title or None) for feed in parsed.feeds)


def sync_feeds(
    known: Mapping[str, Feed], listed: Iterable[ListedFeed], now: datetime, *, keep_unlisted: bool = False
) -> list[Feed]:
    """The feeds to write so that the log says what the list says; those it no longer names are marked removed.

    A feed keeps its id while its entry has the same `id`, or the same address; it keeps its home for ever. Addresses
    that differ in scheme, case of the host, default port or fragment alone are one feed, the first of them: otherwise
    its publisher would be asked twice.
    """
    by_url = {feed.url: feed for feed in known.values()}
    by_key = {same_feed_key(feed.url): feed for feed in known.values()}
    wanted: dict[str, Feed] = {}
    keys: set[str] = set()
    for entry in listed:
        key = same_feed_key(entry.url)
        if key in keys and entry.feed_id is None:
            continue
        keys.add(key)
        before = (
            known.get(entry.feed_id)
            if entry.feed_id
            else by_url.get(entry.url) or by_key.get(key) or known.get(feed_id_of(entry.url))
        )
        if entry.feed_id in wanted and same_feed_key(wanted[entry.feed_id].url) != key:
            raise UsageError(f"feed list: id {entry.feed_id} stands for two addresses")
        feed_id = entry.feed_id or (before.feed_id if before else feed_id_of(entry.url))
        wanted[feed_id] = Feed(
            feed_id=feed_id,
            url=entry.url,
            home=before.home if before else entry.home or home_of(entry.url),
            title=entry.title,
            paused=(before is not None and before.paused) if entry.paused is None else entry.paused,
            synced_at=now,
            poll_requested_at=before.poll_requested_at if before else None,
            access=entry.access,
        )
    if not keep_unlisted:
        for feed in known.values():
            if feed.feed_id not in wanted:
                wanted[feed.feed_id] = feed.model_copy(update={"removed": True, "synced_at": now})
    return [feed for feed in wanted.values() if not _says_the_same(feed, known.get(feed.feed_id))]


def _says_the_same(feed: Feed, before: Feed | None) -> bool:
    return before is not None and feed.model_copy(update={"synced_at": before.synced_at}) == before
