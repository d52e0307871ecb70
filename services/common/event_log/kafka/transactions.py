"""A transactional id and its producer: whole transactions, and no doubt about what became of the last one."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import MessageSizeTooLargeError, ProducerFenced

from services.common.clock import Clock
from services.common.errors import RecordTooLarge
from services.common.event_log.kafka.clients import FAILURES, Brokers, one_line
from services.common.event_log.kafka.records import Placed, milliseconds
from services.common.event_log.kafka.settings import RETRY_BACKOFF_SECONDS

ABORT_SECONDS = 1.0


class TransactionFailed(Exception):
    """The producer must not be used again; its text says why. The transaction may be committed or not."""


class Transactions:
    """One transaction at a time: a caller must not start a second one before the first has ended."""

    def __init__(self, brokers: Brokers, transactional_id: str, clock: Clock) -> None:
        self._brokers = brokers
        self._clock = clock
        self._producer: AIOKafkaProducer = brokers.producer(transactional_id)
        self._is_usable = False
        self._cuts = 0
        self._count_cuts()

    @property
    def is_usable(self) -> bool:
        """False before the start, after a failure, and after a commit that may have been sent twice."""
        return self._is_usable

    async def start(self) -> None:
        """Fence every earlier producer of this id and end its transaction. Raises LogUnavailable."""
        async with self._brokers.limited(self._brokers.times.start_seconds, "starting a producer"):
            await self._producer.start()
        self._is_usable = True

    async def commit(self, records: Sequence[Placed], group: str, offsets: Mapping[TopicPartition, int]) -> None:
        """Write `records` and the group's `offsets` as one. Raises TransactionFailed, or RecordTooLarge."""
        self._is_usable = False
        timestamp_ms = milliseconds(self._clock())
        cuts = self._cuts
        may_abort = True
        try:
            async with asyncio.timeout(self._brokers.times.commit_seconds):
                await self._producer.begin_transaction()
                await self._send([placed.arguments(timestamp_ms) for placed in records])
                started = time.monotonic()
                if offsets:
                    await self._producer.send_offsets_to_transaction(dict(offsets), group)
                may_abort = False
                await self._producer.commit_transaction()
        except BaseException as error:
            await self._abort(may_abort and not isinstance(error, ProducerFenced))
            if isinstance(error, MessageSizeTooLargeError):
                raise RecordTooLarge(one_line(error)) from error
            if isinstance(error, TimeoutError):
                raise TransactionFailed("Kafka did not answer in time") from error
            if isinstance(error, ProducerFenced):
                raise TransactionFailed("another process has it now") from error
            if isinstance(error, FAILURES):
                raise TransactionFailed(one_line(error)) from error
            raise
        # aiokafka sends a request again after a cut connection and a pause. The first may still come late, and
        # would then touch the next transaction of this producer, so there must not be one.
        sent_again = time.monotonic() - started >= RETRY_BACKOFF_SECONDS and self._cuts > cuts
        self._is_usable = not sent_again

    async def close(self) -> None:
        await self._brokers.stop(self._producer)

    async def _send(self, messages: Sequence[dict[str, Any]]) -> None:
        """Return once all are written. aiokafka commits a transaction without the records that failed in it."""
        sent: list[asyncio.Future[Any]] = []
        try:
            for message in messages:
                sent.append(await self._producer.send(**message))
            await asyncio.gather(*sent)
        finally:
            for future in sent:
                if not future.cancel() and not future.cancelled():
                    future.exception()  # an error that nobody has seen, asyncio would print

    async def _abort(self, may_abort: bool) -> None:
        """Spare readers the wait for the transaction's time-out, where that is possible."""
        if may_abort:
            aborting = asyncio.ensure_future(self._producer.abort_transaction())
            await asyncio.wait({aborting}, timeout=ABORT_SECONDS)
            aborting.cancel()
            await asyncio.gather(aborting, return_exceptions=True)

    def _count_cuts(self) -> None:
        """aiokafka's client is told of each connection that ends."""
        client = self._producer.client
        told = client._on_connection_closed

        def closed(connection: object, reason: object) -> None:
            self._cuts += 1
            told(connection, reason)

        client._on_connection_closed = closed
