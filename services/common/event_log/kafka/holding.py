"""A partition assigned to this member: its share is opened, worked on, and opened again after every doubt."""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.common.backoff import backoff_seconds
from services.common.clock import Clock
from services.common.errors import LogUnavailable, OwnershipLost
from services.common.event_log.kafka.clients import Brokers
from services.common.event_log.kafka.membership import Membership
from services.common.event_log.kafka.questions import Questions
from services.common.event_log.kafka.restore import restore
from services.common.event_log.kafka.shares import KafkaShare
from services.common.event_log.kafka.topics import Topics
from services.common.event_log.kafka.transactions import TransactionFailed, Transactions
from services.common.event_log.port import Stop, Work
from services.common.tasks import first_failure

Result = TypeVar("Result")
SETTLED_SECONDS = 30.0  # a share that lived this long was no failed attempt


@dataclass(frozen=True, slots=True)
class Job:
    """What one call of `share_out` is about."""

    brokers: Brokers
    questions: Questions
    topics: Topics
    clock: Clock
    source: str
    group: str
    tables: tuple[str, ...]
    work: Work
    stop: Stop


class Holding:
    """From the assignment of a partition until its work has returned, it is lost, or the member stops."""

    def __init__(self, job: Job, membership: Membership, partition: int) -> None:
        self._job = job
        self._membership = membership
        self._source = TopicPartition(job.source, partition)
        self._ending = asyncio.Event()
        self._losing = asyncio.Event()
        self._share: KafkaShare | None = None
        self._log = structlog.get_logger().bind(group=job.group, partition=partition)

    @property
    def is_lost(self) -> bool:
        return self._losing.is_set()

    def lose(self) -> None:
        """The partition is somebody else's. Its work is cancelled if it does not end soon."""
        self._losing.set()
        self.end()

    def end(self) -> None:
        """The partition is to be given up. Its work ends by itself."""
        self._ending.set()
        if self._share is not None:
            self._share.give_up()

    async def run(self) -> None:
        """Raises what work raises, but for OwnershipLost."""
        attempt = 0
        while not self._ending.is_set():
            began = time.monotonic()
            try:
                async with AsyncExitStack() as clients:
                    self._share = await self._unless_ending(self._open(clients))
                    if self._share is not None:
                        await self._work_on(self._share)
            except OwnershipLost as error:
                attempt = 0 if time.monotonic() - began > SETTLED_SECONDS else attempt + 1
                self._log.warning("event_log.share_lost", detail=str(error), attempt=attempt)
                self._share = None
                await self._unless_ending(self._wait_until_ours(attempt))
            else:
                return

    async def _open(self, clients: AsyncExitStack) -> KafkaShare:
        """In this order: fence the last owner, then read what it has committed, then its tables."""
        job, source = self._job, self._source
        transactional_id = f"{job.group}.{source.topic}.{source.partition}"
        transactions = Transactions(job.brokers, transactional_id, job.clock)
        reader = job.brokers.reader(None)
        clients.push_async_callback(_close, job.brokers, reader, transactions)
        try:
            with first_failure():
                async with asyncio.TaskGroup() as starting:
                    starting.create_task(transactions.start())
                    starting.create_task(self._start(reader))
            tables = [TopicPartition(table, source.partition) for table in job.tables]
            standing = await transactions.standing(job.group, source, tables)
            values = await restore(job.brokers, reader, standing.ends) if tables else {}
            position = await self._seek(reader, standing.consumed)
        except (LogUnavailable, TransactionFailed) as error:
            raise OwnershipLost(str(error)) from error
        share = KafkaShare(job.brokers, job.topics, job.group, source, reader, transactions, values, position, job.stop)
        clients.callback(share.close)
        return share

    async def _start(self, reader: AIOKafkaConsumer) -> None:
        async with self._job.brokers.limited(self._job.brokers.times.start_seconds, "starting a reader"):
            await reader.start()

    async def _seek(self, reader: AIOKafkaConsumer, consumed: int | None) -> int:
        """To the first record that is not consumed. A reader that falls out of the log must never begin anew by itself:
        to a broker that lags behind, a position that others have written is beyond the end."""
        async with self._job.brokers.limited(self._job.brokers.times.call_seconds, "looking for the first record"):
            first = int((await reader.beginning_offsets([self._source]))[self._source])
        if (consumed or 0) < first:
            self._log.warning("event_log.records_expired", consumed=consumed, first=first)
        position = max(first, consumed or 0)
        reader.assign([self._source])
        reader.seek(self._source, position)
        return position

    async def _work_on(self, share: KafkaShare) -> None:
        """Return once work has. Raises OwnershipLost when the share was lost before."""
        if self._ending.is_set():
            share.give_up()
        working = asyncio.ensure_future(self._job.work(share))
        losing = asyncio.ensure_future(self._losing.wait())
        try:
            await asyncio.wait({working, losing}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({working}, timeout=self._job.brokers.times.grace_seconds)
        finally:
            losing.cancel()
            working.cancel()
            await asyncio.wait({working})
        if working.cancelled():
            raise OwnershipLost(f"{self._source.topic} partition {self._source.partition} is another member's")
        working.result()
        share.refuse_when_lost()

    async def _wait_until_ours(self, attempt: int) -> None:
        """A fenced producer must not be started again while its partition is another member's: that would fence it."""
        await asyncio.sleep(backoff_seconds(attempt))
        while True:
            try:
                if await self._membership.confirm(self._source.partition):
                    return
            except LogUnavailable as error:
                attempt += 1
                self._log.warning("event_log.unavailable", detail=str(error))
            await asyncio.sleep(backoff_seconds(attempt))

    async def _unless_ending(self, act: Coroutine[Any, Any, Result]) -> Result | None:
        """The result of `act`, which is cancelled when the partition is to be given up before."""
        acting = asyncio.ensure_future(act)
        ending = asyncio.ensure_future(self._ending.wait())
        try:
            await asyncio.wait({acting, ending}, return_when=asyncio.FIRST_COMPLETED)
            return acting.result() if acting.done() else None
        finally:
            ending.cancel()
            acting.cancel()
            await asyncio.wait({acting})


async def _close(brokers: Brokers, reader: AIOKafkaConsumer, transactions: Transactions) -> None:
    await asyncio.gather(brokers.stop(reader), transactions.close())
