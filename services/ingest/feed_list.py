"""Lists of feeds as people write them (OPML, YAML, lines of text), and what `feeds sync` makes of them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from schemas.feed import Feed, FeedAccess, feed_id_of
from services.common.errors import UsageError
from services.ingest.access import check_access
from services.ingest.charset import decode_body
from services.ingest.fast_xml import read_tree
from services.ingest.hosts import same_feed_key, shown_address
from services.ingest.mend import mended
from services.ingest.urls import canonical_url, home_of

_HOST = re.compile(r"\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]]+")  # without a port


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
        if url[:5].lower() == "feed:":
            url = f"http:{url[5:]}" if url.startswith("//", 5) else url[5:]
        if canonical_url(url) is None:
            raise ValueError(f"{shown_address(url)[:200]!r} is no http or https address")
        return url

    @field_validator("home")
    @classmethod
    def _host(cls, home: str | None) -> str | None:
        if home is None:
            return None
        url = canonical_url(f"https://{home.strip()}/") if _HOST.fullmatch(home.strip()) else None
        if url is None:
            raise ValueError(f"{home[:100]!r} is no name of a host, such as paper.example")
        return urlsplit(url).netloc

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


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something in a list that is no feed; `line` is None where it is the document itself that is cut or broken."""

    line: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class FeedList:
    """What a file lists. Its mistakes cost its other feeds nothing."""

    feeds: tuple[ListedFeed, ...]
    mistakes: tuple[Mistake, ...] = ()


def read_feed_list(path: Path) -> FeedList:
    """The feeds of an OPML file, of a YAML file with a list `feeds` of addresses or mappings, or of a text file with an
    address on each line. Raises UsageError if it cannot be read, or names no feed."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"feed list {path} cannot be read: {error.strerror}") from None
    stated, mistakes = _entries_of(path, content)
    feeds = []
    for line, entry in stated:
        try:
            feeds.append(ListedFeed.model_validate(entry))
        except ValidationError as error:
            mistakes.append(Mistake(line, _reason(error)))
    if not feeds:
        first = f": {where(path, mistakes[0])}" if mistakes else ""
        raise UsageError(f"feed list {path} names no feed{first}")
    return FeedList(tuple(feeds), tuple(mistakes))


def where(path: Path, mistake: Mistake) -> str:
    """One line on `mistake`."""
    return f"{path}{f', line {mistake.line}' if mistake.line else ''}: {mistake.reason}"


_Stated = list[tuple[int, object]]  # the line an entry begins on, and what it says


def _entries_of(path: Path, content: bytes) -> tuple[_Stated, list[Mistake]]:
    if path.suffix in {".yaml", ".yml"}:
        return _read_yaml(path, content), []
    text = decode_body(content, "")
    if text.lstrip().startswith("<"):
        return _read_opml(path, text)
    lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
    return [(number, {"url": line}) for number, line in lines if line and not line.startswith("#")], []


def _read_yaml(path: Path, content: bytes) -> _Stated:
    try:
        document, tree = yaml.safe_load(content), yaml.compose(content, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError) as error:
        raise UsageError(f"feed list {path} is not YAML: {' '.join(str(error).split())}") from None
    nodes = {name.value: value.value for name, value in tree.value} if isinstance(tree, yaml.MappingNode) else {}
    if not isinstance(nodes.get("feeds"), list) or not isinstance(document["feeds"], list):
        raise UsageError(f"feed list {path} has no list `feeds`")
    if unknown := [str(name) for name in document if name != "feeds"]:
        raise UsageError(f"feed list {path}: there is nothing but `feeds` in a list, not {unknown[0][:50]!r}")
    return [
        (node.start_mark.line + 1, {"url": entry} if isinstance(entry, str) else entry)
        for node, entry in zip(nodes["feeds"], document["feeds"], strict=True)
    ]


def _read_opml(path: Path, text: str) -> tuple[_Stated, list[Mistake]]:
    root, problem = read_tree(mended(text))
    if root is None:
        raise UsageError(f"feed list {path} is no OPML: {problem}")
    stated: _Stated = []
    for outline in root.iter("{*}outline"):
        names = {name.lower(): value for name, value in outline.items()}
        if address := names.get("xmlurl", "").strip():
            title = (names.get("title") or names.get("text") or "").strip()
            stated.append((outline.sourceline, {"url": address, "title": title or None}))
    return stated, [Mistake(None, f"the document is broken: {problem}")] if problem else []


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    return ".".join(map(str, first["loc"])) + f": {message}" if first["loc"] else message


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
