"""`newsflow feeds`: what is polled is a compacted topic on the log; these commands write and show it."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import orjson

from schemas.feed import Feed, FeedState
from schemas.topics import FEED_STATE, FEEDS
from services.commands.one_shot import with_log
from services.common.clock import system_clock
from services.common.errors import UsageError
from services.common.event_log.port import EventLog, Record, Start
from services.ingest.feed_list import read_feed_list, sync_feeds


def sync(lists: tuple[Path, ...], log: str | None, *, keep: bool) -> None:
    """Make the log say what the lists say. Raises UsageError for a list that cannot be read."""
    listed = [feed for path in lists for feed in read_feed_list(path)]

    async def act(event_log: EventLog) -> list[Feed]:
        changed = sync_feeds(await known_feeds(event_log), listed, system_clock(), keep_unlisted=keep)
        await write_feeds(event_log, changed)
        return changed

    changed = with_log(log, act)
    removed = sum(feed.removed for feed in changed)
    print(f"{len(listed)} feeds listed: {len(changed) - removed} added or changed, {removed} removed", file=sys.stderr)


def change(names: Iterable[str], log: str | None, update: Mapping[str, bool]) -> None:
    """Set fields of feeds, named by id or address. Raises UsageError if one is not known."""

    async def act(event_log: EventLog) -> list[Feed]:
        now = system_clock()
        chosen = _find(await known_feeds(event_log), names)
        changed = [feed.model_copy(update={**update, "synced_at": now}) for feed in chosen]
        await write_feeds(event_log, changed)
        return changed

    for feed in with_log(log, act):
        print(f"{feed.feed_id}  {_standing(feed, None)}  {feed.url}")


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
        print(f"{feed.feed_id}  purged  {feed.url}")


def show(log: str | None, *, as_json: bool) -> None:
    """Print the feeds and how they stand."""

    async def act(event_log: EventLog) -> tuple[dict[str, Feed], dict[str, FeedState]]:
        states = await _latest(event_log, FEED_STATE.name)
        return await known_feeds(event_log), {
            key: FeedState.model_validate_json(value) for key, value in states.items()
        }

    feeds, states = with_log(log, act)
    if as_json:
        for feed_id, feed in feeds.items():
            state = states.get(feed_id)
            both = {"feed": feed.model_dump(mode="json"), "state": state and state.model_dump(mode="json")}
            print(orjson.dumps(both).decode())
        return
    if not feeds:
        print("no feeds yet: newsflow feeds sync feeds.yaml", file=sys.stderr)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("feed", "stands", "last success", "next poll", "address", box=None, pad_edge=False)
    for feed_id, feed in sorted(feeds.items()):
        state = states.get(feed_id)
        table.add_row(
            feed_id,
            _standing(feed, state),
            f"{state.last_success_at:%Y-%m-%d %H:%M}" if state and state.last_success_at else "never",
            f"{state.next_poll_at:%Y-%m-%d %H:%M}" if state and feed.is_polled else "",
            feed.url,
        )
    Console(markup=False).print(table)


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
        return "new" if feed.is_polled else "paused"
    return f"{state.status} ({state.reason})" if state.reason else str(state.status)
