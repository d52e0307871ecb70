"""The polling loop of one share: polls what is due, settles what came back, and commits whole polls together."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Container
from contextlib import suppress
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

from pydantic import ValidationError

from schemas.dead_letter import Origin
from schemas.feed import Feed, FeedState
from schemas.topics import ARTICLE_STATE, FEED_STATE, FEEDS
from services.common.backoff import backoff_seconds
from services.common.batched import batched
from services.common.decode import dead_record
from services.common.errors import LogUnavailable
from services.common.event_log.dead_letters import Refused, dead_letter, refused_record
from services.common.event_log.port import Batch, Record, Share, StoredRecord
from services.common.event_log.transform import POLL_WAIT_SECONDS
from services.ingest.agenda import Agenda
from services.ingest.article_index import ArticleIndex, is_forgettable
from services.ingest.poll import Poller, PollResult
from services.ingest.settings import IngestSettings
from services.ingest.settle import STAGE, Settled, forget_record, purge_records, settle
from services.ingest.watch import IngestWatch

Result = TypeVar("Result")
MAX_FEEDS_TOGETHER = 500
FORGET_EVERY_SECONDS = 3600.0
MAX_STATES_TOGETHER = 500  # about 10 ms of parsing; then others may run


class PartitionPoller:
    """All state is of this share and dies with it: a new owner reads it again from the log."""

    def __init__(
        self,
        share: Share,
        poller: Poller,
        settings: IngestSettings,
        slots: asyncio.Semaphore,
        watch: IngestWatch,
        only_feeds: Container[str] | None,
    ) -> None:
        self._share = share
        self._poller = poller
        self._settings = settings
        self._slots = slots
        self._watch = watch
        self._only_feeds = only_feeds
        self._clock = poller.clock
        self._feeds: dict[str, Feed] = {}
        self._states: dict[str, FeedState] = {}
        self._index = ArticleIndex()
        self._agenda = Agenda(settings.host_gap_seconds, time.monotonic())
        self._polls: set[asyncio.Task[None]] = set()
        self._results: list[PollResult] = []
        self._changes: list[Batch] = []
        self._happened = asyncio.Event()
        self._unchanged: dict[str, Record] = {}
        self._unchanged_since = 0.0
        self._to_check: list[str] = []
        self._check_again_at = time.monotonic()
        self._broken: BaseException | None = None  # a poll never raises, so this is a defect that stops the service

    async def run(self) -> None:
        """Poll until the share is to be given up; what is ready by then is committed. Raises OwnershipLost."""
        await self._restore()
        following = asyncio.create_task(self._follow_feeds())
        try:
            while not self._share.stopping:
                self._watch.moved()
                await self._start_due()
                await self._commit_ready()
                await self._forget_some()
                await self._wait(following)
        finally:
            following.cancel()
            for poll in self._polls:
                poll.cancel()
            await asyncio.gather(following, *self._polls, return_exceptions=True)
        await self._commit_ready(closing=True)

    async def _restore(self) -> None:
        damaged: list[Record] = []
        for articles in batched(self._share.tables[ARTICLE_STATE.name].items(), MAX_STATES_TOGETHER):
            for article_id, value in articles:
                try:
                    self._index.apply({article_id: value})
                except ValidationError as error:
                    damaged += self._give_up(ARTICLE_STATE.name, article_id, value, error)
            await asyncio.sleep(0)
        for feed_id, value in self._share.tables[FEED_STATE.name].items():
            try:
                self._states[feed_id] = FeedState.model_validate_json(value)
            except ValidationError as error:
                damaged += self._give_up(FEED_STATE.name, feed_id, value, error)
        await self._commit(damaged, None)
        for value in self._share.tables[FEEDS.name].values():
            # A feed that does not decode was refused when it was read from the topic.
            with suppress(ValidationError):
                self._plan(Feed.model_validate_json(value))

    def _give_up(self, table: str, key: str, value: bytes, error: ValidationError) -> list[Record]:
        """A dead letter for a record of a table that does not decode: what it said of its key is lost, no more."""
        dead = dead_record(error)
        self._watch.refused(dead.reason)
        origin = Origin(topic=table, partition=self._share.partition)
        # The tombstone would need the home, which is lost too; the next state of this key replaces the record.
        return [dead_letter(Refused(dead.reason, dead.detail, origin, key, value), STAGE, self._clock())]

    def _plan(self, feed: Feed) -> None:
        if self._only_feeds is not None and feed.feed_id not in self._only_feeds:
            return
        self._feeds[feed.feed_id] = feed
        if not feed.is_polled:
            self._agenda.drop(feed.feed_id)
            return
        state = self._states.get(feed.feed_id)
        # A new address says nothing of when the old one was polled.
        is_known = state is not None and state.url == feed.url
        self._agenda.plan(feed.feed_id, host_of(feed.url), state.next_poll_at if state and is_known else self._clock())

    async def _follow_feeds(self) -> None:
        """Changes of the feed list, as `feeds sync` writes them."""
        while not self._share.stopping:
            batch = await self._until_available(partial(self._share.poll, MAX_FEEDS_TOGETHER, POLL_WAIT_SECONDS))
            if batch.records:
                self._changes.append(batch)
                self._happened.set()

    async def _start_due(self) -> None:
        while not self._slots.locked() and (feed_id := self._agenda.take(self._clock(), time.monotonic())) is not None:
            await self._slots.acquire()  # at once, as one is free: only so the next look sees it taken
            poll = asyncio.create_task(self._poll(self._feeds[feed_id]))
            self._polls.add(poll)
            poll.add_done_callback(self._poll_ended)

    async def _poll(self, feed: Feed) -> None:
        state = self._states.get(feed.feed_id)
        if state is not None:
            self._watch.poll_started(late_seconds=(self._clock() - state.next_poll_at).total_seconds())
        try:
            result = await self._poller.poll(feed, state)
        finally:
            self._slots.release()
            self._agenda.finished(host_of(feed.url), time.monotonic())
        self._results.append(result)
        self._happened.set()

    def _poll_ended(self, poll: asyncio.Task[None]) -> None:
        self._polls.discard(poll)
        if not poll.cancelled() and (error := poll.exception()) is not None:
            self._broken = error
            self._happened.set()

    async def _wait(self, following: asyncio.Task[None]) -> None:
        """Until something happened, or the next feed is due."""
        seconds = self._agenda.seconds_to_next(self._clock(), time.monotonic())
        timeout = POLL_WAIT_SECONDS if seconds is None or self._slots.locked() else min(seconds, POLL_WAIT_SECONDS)
        happened = asyncio.ensure_future(self._happened.wait())
        await asyncio.wait((happened, following), timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        happened.cancel()
        self._happened.clear()
        if following.done():
            following.result()
        if self._broken is not None:
            raise self._broken

    async def _commit_ready(self, *, closing: bool = False) -> None:
        while self._changes or self._results or self._unchanged_is_due(closing=closing):
            records: list[Record] = []
            changes, self._changes = self._changes, []
            for batch in changes:
                for record in batch.records:
                    records += self._change_feed(record)
            settled = [await self._settle(result) for result in self._take_results()]
            for each in settled:
                if each.is_unchanged:
                    self._defer(each.records[0])
                else:
                    self._unchanged.pop(each.state.feed_id, None)  # a schedule that waited must not undo this
                    records += each.records
            if records or self._unchanged_is_due(closing=closing):
                records += self._unchanged.values()
                self._unchanged.clear()
            started = time.monotonic()
            await self._commit(records, changes[-1].next_offset if changes else None)
            self._watch.committed(settled, len(records), self._share.partition, time.monotonic() - started)

    async def _forget_some(self) -> None:
        """Forget articles that left their feeds long ago; each hour the whole table is gone through in small steps."""
        if not self._to_check:
            if time.monotonic() < self._check_again_at:
                return
            self._check_again_at = time.monotonic() + FORGET_EVERY_SECONDS
            self._to_check = list(self._share.tables[ARTICLE_STATE.name])
        checked, self._to_check = self._to_check[:MAX_STATES_TOGETHER], self._to_check[MAX_STATES_TOGETHER:]
        now = self._clock()
        known = [state for article_id in checked if (state := self._index.state(article_id)) is not None]
        gone = [state for state in known if is_forgettable(state, self._states, now)]
        self._index.apply({state.article_id: None for state in gone})
        await self._commit([forget_record(state.home, state.article_id) for state in gone], None)

    def _take_results(self) -> list[PollResult]:
        """Results in the order they came, up to about the size of one commit."""
        taken: list[PollResult] = []
        articles = 0
        while self._results and articles < self._settings.max_commit_articles:
            result = self._results.pop(0)
            if result.feed.feed_id not in self._feeds:
                continue  # purged while it was polled: to settle it would bring back what was forgotten
            articles += len(result.document.entries) if result.document else 0
            taken.append(result)
        return taken

    async def _settle(self, result: PollResult) -> Settled:
        feed = result.feed
        state = self._states.get(feed.feed_id)
        settled = settle(result, state, self._index, self._states.get, self._settings.schedule, random.random())
        self._states[feed.feed_id] = settled.state
        if (current := self._feeds.get(feed.feed_id)) is not None:
            self._plan(current)
        await asyncio.sleep(0)  # a document of 2,000 entries takes tens of milliseconds: let others run in between
        return settled

    def _change_feed(self, record: StoredRecord) -> list[Record]:
        feed_id = record.key or ""
        if record.value is not None:
            try:
                self._plan(Feed.model_validate_json(record.value))
            except ValidationError as error:
                dead = dead_record(error)
                self._watch.refused(dead.reason)
                refused = refused_record(record, dead.reason, dead.detail)
                return [dead_letter(refused, STAGE, self._clock())]
            return []
        self._agenda.drop(feed_id)
        self._feeds.pop(feed_id, None)
        self._unchanged.pop(feed_id, None)
        state = self._states.pop(feed_id, None)
        return [] if state is None else purge_records(state, self._index)

    def _defer(self, record: Record) -> None:
        if not self._unchanged:
            self._unchanged_since = time.monotonic()
        self._unchanged[record.key] = record

    def _unchanged_is_due(self, *, closing: bool) -> bool:
        waited = time.monotonic() - self._unchanged_since
        return bool(self._unchanged) and (closing or waited >= self._settings.unchanged_delay_seconds)

    async def _commit(self, records: list[Record], consumed: int | None) -> None:
        if not records and consumed is None:
            return
        await self._until_available(partial(self._share.commit, records, consumed))

    async def _until_available(self, act: Callable[[], Awaitable[Result]]) -> Result:
        """The act's result, tried until the log is available. Raises LogUnavailable if a stop comes first."""
        attempt = 0
        while True:
            try:
                result = await act()
            except LogUnavailable as error:
                if self._share.stopping:
                    raise
                wait_seconds = backoff_seconds(attempt)
                attempt += 1
                self._watch.delayed(self._share.partition, error, wait_seconds)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._share.wait_stopping(), wait_seconds)
            else:
                if attempt:
                    self._watch.going_on(self._share.partition)
                return result


def host_of(url: str) -> str:
    """The host and port that see our requests."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()
