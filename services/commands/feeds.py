"""`newsflow feeds`: what is polled is a compacted topic on the log; these commands write and show it."""

import asyncio
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import orjson

from schemas.feed import Feed, FeedState, FeedStatus, HostState
from schemas.topics import FEED_STATE, FEEDS
from services.commands.one_shot import with_log
from services.common.clock import system_clock
from services.common.errors import UsageError
from services.common.event_log.port import EventLog, Record, Start
from services.common.logs import set_up_logs
from services.ingest.cool_down import HOST_KEY_PREFIX
from services.ingest.feed_list import read_feed_list, sync_feeds, where
from services.ingest.hosts import shown_address
from services.ingest.urls import canonical_url
from services.settings import load_settings

PROBLEMS = frozenset({FeedStatus.DEGRADED, FeedStatus.FAILING, FeedStatus.BLOCKED, FeedStatus.MOVED})


SOME_LINES_BAD = 3


def sync(lists: tuple[Path, ...], log: str | None, *, keep: bool) -> int:
    """Make the log say what the lists say; the exit code is 0, or SOME_LINES_BAD if not all of them could be read.

    Raises UsageError for a list that names no feed. Nothing is removed while a list has mistakes: what it seems to name
    no longer may be what it names wrongly.
    """
    read = {path: read_feed_list(path) for path in lists}
    listed = [feed for feed_list in read.values() for feed in feed_list.feeds]
    mistakes = [where(path, mistake) for path, feed_list in read.items() for mistake in feed_list.mistakes]

    async def act(event_log: EventLog) -> list[Feed]:
        keep_unlisted = keep or bool(mistakes)
        changed = sync_feeds(await known_feeds(event_log), listed, system_clock(), keep_unlisted=keep_unlisted)
        await write_feeds(event_log, changed)
        return changed

    changed = with_log(log, act)
    removed = sum(feed.removed for feed in changed)
    for mistake in mistakes:
        print(mistake, file=sys.stderr)
    left_out = f", {len(mistakes)} left out, so none removed" if mistakes else f", {removed} removed"
    print(f"{len(listed)} feeds listed: {len(changed) - removed} added or changed{left_out}", file=sys.stderr)
    return SOME_LINES_BAD if mistakes else 0


def change(names: Iterable[str], log: str | None, update: Mapping[str, bool]) -> None:
    """Set fields of feeds, named by id or address. Raises UsageError if one is not known."""
    _change(names, log, lambda _: update)


def request_poll(names: Iterable[str], log: str | None) -> None:
    """Ask ingest to poll feeds now. Raises UsageError if one is not known, or not polled at all."""

    def update(feed: Feed) -> Mapping[str, object]:
        if not feed.is_polled:
            raise UsageError(f"feed {feed.feed_id} is {_standing(feed, None)}; resume it first")
        return {"poll_requested_at": system_clock()}

    _change(names, log, update)


def _change(names: Iterable[str], log: str | None, update_of: Callable[[Feed], Mapping[str, object]]) -> None:
    async def act(event_log: EventLog) -> list[Feed]:
        now = system_clock()
        chosen = _find(await known_feeds(event_log), names)
        changed = [feed.model_copy(update={**update_of(feed), "synced_at": now}) for feed in chosen]
        await write_feeds(event_log, changed)
        return changed

    for feed in with_log(log, act):
        print(f"{feed.feed_id}  {_standing(feed, None)}  {shown_address(feed.url)}")


def purge(names: Iterable[str], log: str | None) -> None:
    """Tombstones for removed feeds; ingest, who owns their state, clears it. Raises UsageError."""

    async def act(event_log: EventLog) -> list[Feed]:
        chosen = _find(await known_feeds(event_log), names)
        for feed in chosen:
            if not feed.removed:
                raise UsageError(f"feed {feed.feed_id} is still listed; remove it first")
        await event_log.append([Record(FEEDS.name, feed.feed_id, None, partition_key=feed.home) for feed in chosen])
        return chosen

    for feed in with_log(log, act):
        print(f"{feed.feed_id}  purged  {shown_address(feed.url)}")


def show(log: str | None, *, as_json: bool, problems: bool = False) -> None:
    """Print the feeds and how they stand; with `problems`, those that want looking at, whoever polls them."""
    feeds, states, hosts = with_log(log, _standings)
    chosen = {feed_id: feed for feed_id, feed in feeds.items() if not problems or is_problem(feed, states.get(feed_id))}
    if as_json:
        for feed_id, feed in chosen.items():
            state = states.get(feed_id)
            both = {"feed": feed.model_dump(mode="json"), "state": state and state.model_dump(mode="json")}
            print(orjson.dumps(both).decode())
        return
    if not feeds:
        print("no feeds yet: newsflow feeds sync feeds.yaml", file=sys.stderr)
        return
    from services.commands.feeds_view import print_feeds, print_hosts, print_problems

    rows = [(feed, states.get(feed_id), _standing(feed, states.get(feed_id))) for feed_id, feed in chosen.items()]
    if problems:
        print_problems(rows, len(feeds))
        print_hosts([host for host in hosts if host.cooling_until > system_clock()])
    else:
        print_feeds(rows)


async def _standings(event_log: EventLog) -> tuple[dict[str, Feed], dict[str, FeedState], list[HostState]]:
    states: dict[str, FeedState] = {}
    hosts: list[HostState] = []
    for key, value in (await _latest(event_log, FEED_STATE.name)).items():
        if key.startswith(HOST_KEY_PREFIX):
            hosts.append(HostState.model_validate_json(value))
        else:
            states[key] = FeedState.model_validate_json(value)
    return await known_feeds(event_log), states, hosts


def explain(url: str, *, as_json: bool) -> int:
    """Poll `url` once and say what becomes of each entry; the exit code is 0 if the feed could be read.

    Raises UsageError if `url` is no web address.
    """
    from services.commands.feeds_view import explanation_json, print_explanation
    from services.ingest.explain import explain_feed

    if canonical_url(url) is None:
        raise UsageError(f"{shown_address(url)!r} is no http or https address")
    settings = load_settings()
    set_up_logs("error", settings.log_format)
    explanation = asyncio.run(explain_feed(url, settings.ingest, system_clock))
    if as_json:
        print(explanation_json(explanation))
    else:
        print_explanation(explanation)
    return 0 if explanation.state.reason is None else 1


def is_problem(feed: Feed, state: FeedState | None) -> bool:
    """Whether somebody should look at the feed: it does not answer as it should, or answers elsewhere."""
    return feed.is_polled and state is not None and state.status in PROBLEMS


async def known_feeds(event_log: EventLog) -> dict[str, Feed]:
    """All feeds on the log by id."""
    return {key: Feed.model_validate_json(value) for key, value in (await _latest(event_log, FEEDS.name)).items()}


async def write_feeds(event_log: EventLog, feeds: Iterable[Feed]) -> None:
    await event_log.append(
        [Record(FEEDS.name, feed.feed_id, feed.to_json(), partition_key=feed.home) for feed in feeds]
    )


async def _latest(event_log: EventLog, topic: str) -> dict[str, bytes]:
    latest: dict[str, bytes] = {}
    async for record in event_log.read(topic, Start.EARLIEST, follow=False):
        if record.key is None:
            continue
        if record.value is None:
            latest.pop(record.key, None)
        else:
            latest[record.key] = record.value
    return latest


def _find(known: Mapping[str, Feed], names: Iterable[str]) -> list[Feed]:
    by_url = {feed.url: feed for feed in known.values()}
    found = []
    for name in names:
        feed = known.get(name) or by_url.get(name)
        if feed is None:
            raise UsageError(f"there is no feed {name}; `newsflow feeds list` shows them all")
        found.append(feed)
    return found


def _standing(feed: Feed, state: FeedState | None) -> str:
    if feed.removed:
        return "removed"
    if feed.paused:
        return "paused"
    if state is None:
        return "new"
    return f"{state.status} ({state.reason})" if state.reason else str(state.status)
