"""The polling loop of one share: polls what is due, settles what came back, and commits whole polls together."""

import asyncio
import gc
import random
import time
from collections.abc import Awaitable, Callable, Container
from contextlib import suppress
from functools import partial
from typing import TypeVar

from pydantic import ValidationError

from schemas.dead_letter import Origin
from schemas.feed import Feed
from schemas.topics import ARTICLE_STATE, FEED_STATE, FEEDS
from services.common.backoff import backoff_seconds
from services.common.batched import batched
from services.common.decode import dead_record
from services.common.errors import LogUnavailable
from services.common.event_log.dead_letters import Refused, dead_letter, refused_record
from services.common.event_log.port import Batch, Record, Share, StoredRecord
from services.common.event_log.transform import POLL_WAIT_SECONDS
from services.ingest.article_index import ArticleIndex, is_forgettable
from services.ingest.deferred import Deferred
from services.ingest.pace import Pace
from services.ingest.poll import Poller, PollResult
from services.ingest.roster import Roster
from services.ingest.settings import IngestSettings
from services.ingest.settle import STAGE, Settled, forget_record, purge_records, settle
from services.ingest.watch import IngestWatch

Result = TypeVar("Result")
MAX_FEEDS_TOGETHER = 500
FORGET_EVERY_SECONDS = 3600.0
MAX_STATES_TOGETHER = 100  # about 2 ms of parsing, as all partitions may be at it; then others may run


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
        self._clock = poller.clock
        self._roster = Roster(settings, only_feeds, time.monotonic())
        self._pace = Pace(settings.schedule.starts_per_second, time.monotonic())
        self._index = ArticleIndex()
        self._polls: set[asyncio.Task[None]] = set()
        self._results: list[PollResult] = []
        self._changes: list[Batch] = []
        self._happened = asyncio.Event()
        self._unchanged = Deferred(settings.unchanged_delay_seconds)
        self._to_check: list[str] = []
        # Not all partitions of a start at the same time.
        self._check_again_at = time.monotonic() + FORGET_EVERY_SECONDS * random.uniform(0.1, 1.0)
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
            self._watch.stand(self._share.partition, {})
        await self._commit_ready(closing=True)

    async def _restore(self) -> None:
        damaged: list[Record] = []
        for table, take in (
            (ARTICLE_STATE.name, lambda key, value: self._index.apply({key: value})),
            (FEED_STATE.name, self._roster.restore_state),
        ):
            for states in batched(self._share.tables[table].items(), MAX_STATES_TOGETHER):
                for key, value in states:
                    try:
                        take(key, value)
                    except ValidationError as error:
                        damaged.append(self._give_up(table, key, value, error))
                await asyncio.sleep(0)
        await self._commit(damaged, None)
        for feeds in batched(self._share.tables[FEEDS.name].values(), MAX_STATES_TOGETHER):
            self._roster.restore_feeds(feeds, self._clock())
            await asyncio.sleep(0)
        # What was restored is no garbage: a full collection over all of it would hold the loop for long.
        gc.freeze()
        self._watch.stand(self._share.partition, self._roster.standings)

    def _give_up(self, table: str, key: str, value: bytes, error: ValidationError) -> Record:
        """A dead letter for a record of a table that does not decode: what it said of its key is lost, no more."""
        dead = dead_record(error)
        self._watch.refused(dead.reason)
        origin = Origin(topic=table, partition=self._share.partition)
        # The tombstone would need the home, which is lost too; the next state of this key replaces the record.
        return dead_letter(Refused(dead.reason, dead.detail, origin, key, value), STAGE, self._clock())

    async def _follow_feeds(self) -> None:
        """Changes of the feed list, as `feeds sync` writes them."""
        while not self._share.stopping:
            batch = await self._until_available(partial(self._share.poll, MAX_FEEDS_TOGETHER, POLL_WAIT_SECONDS))
            if batch.records:
                self._changes.append(batch)
                self._happened.set()

    async def _start_due(self) -> None:
        agenda, pace = self._roster.agenda, self._pace
        while not self._slots.locked() and not pace.seconds_to_next(time.monotonic()):
            due = agenda.take(self._clock(), time.monotonic())
            if due is None:
                return
            await self._slots.acquire()  # at once, as one is free: only so the next look sees it taken
            pace.begin()
            feed_id, host = due
            poll = asyncio.create_task(self._poll(self._roster.begin(feed_id), host))
            self._polls.add(poll)
            poll.add_done_callback(self._poll_ended)

    async def _poll(self, feed: Feed, host: str) -> None:
        state = self._roster.states.get(feed.feed_id)
        if state is not None:
            self._watch.poll_started(late_seconds=(self._clock() - state.next_poll_at).total_seconds())
        try:
            result = await self._poller.poll(feed, state)
        finally:
            self._slots.release()
            self._roster.agenda.finished(host, time.monotonic())
        self._results.append(result)
        self._happened.set()

    def _poll_ended(self, poll: asyncio.Task[None]) -> None:
        self._polls.discard(poll)
        if not poll.cancelled() and (error := poll.exception()) is not None:
            self._broken = error
            self._happened.set()

    async def _wait(self, following: asyncio.Task[None]) -> None:
        """Until something happened, or the next feed is due."""
        seconds = self._roster.agenda.seconds_to_next(self._clock(), time.monotonic())
        timeout = POLL_WAIT_SECONDS
        if seconds is not None and not self._slots.locked():
            timeout = min(max(seconds, self._pace.seconds_to_next(time.monotonic())), POLL_WAIT_SECONDS)
        happened = asyncio.ensure_future(self._happened.wait())
        await asyncio.wait((happened, following), timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        happened.cancel()
        self._happened.clear()
        if following.done():
            following.result()
        if self._broken is not None:
            raise self._broken

    async def _commit_ready(self, *, closing: bool = False) -> None:
        while self._changes or self._results or self._unchanged.is_due(closing=closing):
            records: list[Record] = []
            changes, self._changes = self._changes, []
            for batch in changes:
                for record in batch.records:
                    records += self._change_feed(record)
            settled = [done for result in self._take_results() if (done := await self._settle(result)) is not None]
            for each in settled:
                if each.is_unchanged:
                    self._unchanged.add(each.records[0])
                else:
                    self._unchanged.drop(each.state.feed_id)
                    records += each.records
            if records or self._unchanged.is_due(closing=closing):
                records += self._unchanged.take()
            started = time.monotonic()
            await self._commit(records, changes[-1].next_offset if changes else None)
            self._watch.committed(settled, len(records), self._share.partition, time.monotonic() - started)
            self._watch.stand(self._share.partition, self._roster.standings)

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
        gone = [state for state in known if is_forgettable(state, self._roster.states, now)]
        self._index.apply({state.article_id: None for state in gone})
        forgotten = [forget_record(state.home, state.article_id) for state in gone]
        await self._commit(forgotten + self._roster.forget_hosts(now), None)

    def _take_results(self) -> list[PollResult]:
        """Results in the order they came, up to about the size of one commit."""
        taken: list[PollResult] = []
        articles = 0
        while self._results and articles < self._settings.max_commit_articles:
            result = self._results.pop(0)
            articles += len(result.document.entries) if result.document else 0
            taken.append(result)
        return taken

    async def _settle(self, result: PollResult) -> Settled | None:
        """None for a feed that was purged while it was polled: nothing of it is kept."""
        feed_id, roster = result.feed.feed_id, self._roster
        if feed_id not in roster.feeds:
            roster.abandoned(feed_id)
            return None
        settled = settle(
            result,
            roster.states.get(feed_id),
            self._index,
            roster.states.get,
            roster.hosts.get,
            self._settings.schedule,
            random.random(),
        )
        roster.settled(settled, self._clock())
        await asyncio.sleep(0)  # a document of 2,000 entries takes tens of milliseconds: let others run in between
        return settled

    def _change_feed(self, record: StoredRecord) -> list[Record]:
        feed_id = record.key or ""
        if record.value is not None:
            try:
                changed = self._roster.change(Feed.model_validate_json(record.value), self._clock())
            except ValidationError as error:
                dead = dead_record(error)
                self._watch.refused(dead.reason)
                refused = refused_record(record, dead.reason, dead.detail)
                return [dead_letter(refused, STAGE, self._clock())]
            if changed:
                self._unchanged.drop(feed_id)
            return changed
        self._unchanged.drop(feed_id)
        state = self._roster.purge(feed_id)
        return [] if state is None else purge_records(state, self._index)

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
