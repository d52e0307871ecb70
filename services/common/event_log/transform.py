"""The loop of a stateless stage: a batch in, outcomes out, one commit. The only place where outcomes take effect.

A record has three outcomes: done, dead letter (bad record), or the whole batch is tried again (bad world: the step
raises TryAgain). Any other error stops the service, and its supervisor starts it anew.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from schemas.reasons import Reason
from schemas.topics import MAX_RECORD_BYTES
from services.common.backoff import backoff_seconds
from services.common.clock import Clock
from services.common.errors import TryAgain
from services.common.event_log.brake import Brake
from services.common.event_log.dead_letters import dead_letter, refused_record
from services.common.event_log.port import Batch, EventLog, Record, Share, Stop, StoredRecord

POLL_WAIT_SECONDS = 1.0  # how often an idle loop shows that it lives
BRAKE_RETRY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Done:
    """What a record became."""

    records: tuple[Record, ...] = ()


@dataclass(frozen=True, slots=True)
class Dead:
    """Why a record was refused."""

    reason: Reason
    detail: str


Outcome = Done | Dead
Result = TypeVar("Result")
Step = Callable[[Sequence[StoredRecord]], Awaitable[Sequence[Outcome]]]


@dataclass(frozen=True, slots=True)
class BatchDone:
    """A committed batch, for logs and metrics."""

    stage: str
    partition: int
    records: int
    written: int
    dead: dict[Reason, int]
    step_seconds: float
    commit_seconds: float


class Observer:
    """What a stage tells of itself. Does nothing here; the runtime listens."""

    def moved(self, stage: str) -> None:
        """The stage's loop went round."""

    def batch_done(self, batch: BatchDone) -> None:
        """A batch was committed."""

    def lag(self, stage: str, partition: int, offsets: int | None) -> None:
        """How far the stage is behind the end of its source; None once the partition is not this process's."""

    def trying_again(self, stage: str, partition: int, error: TryAgain, wait_seconds: float) -> None:
        """A partition waits for a better world."""

    def going_on(self, stage: str, partition: int) -> None:
        """A partition that waited goes on."""

    def brake(self, stage: str, partition: int, *, is_on: bool) -> None:
        """The brake on dead letters holds the partition, or no longer."""


@dataclass(slots=True)
class Stage:
    """A stateless stage: reads `source` as the consumer group `name` and does `step` to each batch."""

    name: str
    source: str
    step: Step
    clock: Clock
    max_records: int = 100
    observer: Observer = field(default_factory=Observer)
    brake: Brake = field(default_factory=Brake)

    async def run(self, log: EventLog, stop: Stop) -> None:
        """Work on all partitions this process holds until `stop`; returns when the last batch is committed."""
        await log.share_out(self.source, self.name, (), self._work, stop)

    async def _work(self, share: Share) -> None:
        try:
            while not share.stopping:
                batch = await self._until_possible(share, partial(share.poll, self.max_records, POLL_WAIT_SECONDS))
                self.observer.moved(self.name)
                if batch is not None:
                    self.observer.lag(self.name, share.partition, batch.behind + len(batch.records))
                    if batch.records:
                        await self._handle(share, batch)
        finally:
            self.observer.lag(self.name, share.partition, None)

    async def _handle(self, share: Share, batch: Batch) -> None:
        started = time.monotonic()
        outcomes = await self._outcomes(share, batch.records)
        if outcomes is None:
            return
        stepped = time.monotonic()
        refused = [isinstance(outcome, Dead) for outcome in outcomes]
        written = self._written(batch.records, outcomes)
        if await self._until_possible(share, partial(_commit, share, written, batch.next_offset)) is None:
            return
        self.observer.lag(self.name, share.partition, batch.behind)
        self.brake.note(refused)
        dead: dict[Reason, int] = {}
        for outcome in outcomes:
            if isinstance(outcome, Dead):
                dead[outcome.reason] = dead.get(outcome.reason, 0) + 1
        self.observer.batch_done(
            BatchDone(
                stage=self.name,
                partition=share.partition,
                records=len(batch.records),
                written=len(written),
                dead=dead,
                step_seconds=stepped - started,
                commit_seconds=time.monotonic() - stepped,
            )
        )

    async def _outcomes(self, share: Share, records: Sequence[StoredRecord]) -> Sequence[Outcome] | None:
        """What the step makes of the batch; None if the share is to be given up first."""
        is_held = False
        while (found := await self._until_possible(share, partial(self.step, records))) is not None:
            outcomes = [_refuse_oversize(outcome) for outcome in found]
            if not self.brake.trips_on(isinstance(outcome, Dead) for outcome in outcomes):
                if is_held:
                    self.observer.brake(self.name, share.partition, is_on=False)
                return outcomes
            # Not committed: once the cause is mended the same records pass.
            is_held = True
            self.observer.brake(self.name, share.partition, is_on=True)
            if await _stops_within(share, BRAKE_RETRY_SECONDS, lambda: self.observer.moved(self.name)):
                break
        return None

    async def _until_possible(self, share: Share, act: Callable[[], Awaitable[Result]]) -> Result | None:
        """The act's result, tried until the world allows it; None if the share is to be given up first."""
        attempt = 0
        while True:
            try:
                result = await act()
            except TryAgain as error:
                wait_seconds = backoff_seconds(attempt)
                attempt += 1
                self.observer.trying_again(self.name, share.partition, error, wait_seconds)
                if await _stops_within(share, wait_seconds, lambda: self.observer.moved(self.name)):
                    return None
            else:
                if attempt:
                    self.observer.going_on(self.name, share.partition)
                return result

    def _written(self, records: Sequence[StoredRecord], outcomes: Sequence[Outcome]) -> list[Record]:
        written: list[Record] = []
        for record, outcome in zip(records, outcomes, strict=True):
            if isinstance(outcome, Done):
                written += outcome.records
            else:
                refused = refused_record(record, outcome.reason, outcome.detail)
                written.append(dead_letter(refused, self.name, self.clock()))
        return written


async def _commit(share: Share, records: Sequence[Record], consumed: int) -> bool:
    await share.commit(records, consumed)
    return True


def _refuse_oversize(outcome: Outcome) -> Outcome:
    if isinstance(outcome, Done):
        for record in outcome.records:
            if record.size > MAX_RECORD_BYTES:
                detail = f"record for {record.topic} would have {record.size} bytes, the limit is {MAX_RECORD_BYTES}"
                return Dead(Reason.RECORD_TOO_LARGE, detail)
    return outcome


async def _stops_within(share: Share, seconds: float, moved: Callable[[], None]) -> bool:
    """Wait, showing that the loop lives; true as soon as the share is to be given up."""
    deadline = time.monotonic() + seconds
    while not share.stopping and (left := deadline - time.monotonic()) > 0:
        with suppress(TimeoutError):
            await asyncio.wait_for(share.wait_stopping(), min(left, POLL_WAIT_SECONDS))
        moved()
    return share.stopping
