"""A transactional id and its producer: whole transactions, and no doubt about what became of the last one."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.client import ConnectionGroup, CoordinationType
from aiokafka.errors import MessageSizeTooLargeError, ProducerFenced, for_code
from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.structs import RecordMetadata

from services.common.clock import Clock
from services.common.errors import RecordTooLarge
from services.common.event_log.kafka.clients import FAILURES, Brokers, one_line
from services.common.event_log.kafka.records import Placed, milliseconds
from services.common.event_log.kafka.settings import RETRY_BACKOFF_SECONDS
from services.common.event_log.port import Record

ABORT_SECONDS = 1.0


class TransactionFailed(Exception):
    """The producer must not be used again; its text says why. The transaction may be committed or not."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a group has consumed of its source, None if nothing yet, and the offset behind all that is in each table."""

    consumed: int | None
    ends: Mapping[TopicPartition, int]


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
        await self._run(records, group, offsets, self._producer.commit_transaction)

    async def standing(self, group: str, source: TopicPartition, tables: Collection[TopicPartition]) -> Standing:
        """How far everything is that earlier producers of this id have committed. Raises TransactionFailed.

        A broker that was silent beyond its session takes itself for coordinator and leader for a while once it is back,
        and answers with what it knew before; but no write of it is ever complete, since nobody follows it. So each
        place that will be asked has to take a write of ours first, in a transaction that is aborted.
        """
        marks = [Placed(Record(table.topic, "", None), table.partition) for table in tables]
        written = await self._run(marks, group, {source: 0}, self._producer.abort_transaction)
        if not self._is_usable:
            raise TransactionFailed("the end of its first transaction may have been sent twice")
        if any(mark.offset < 0 for mark in written):  # aiokafka's word for a record that was there already
            raise TransactionFailed("where its first transaction was written is not known")
        with _failing():
            async with asyncio.timeout(self._brokers.times.commit_seconds):
                consumed = await self._consumed(group, source)
        return Standing(consumed, {table: mark.offset + 1 for table, mark in zip(tables, written, strict=True)})

    async def close(self) -> None:
        await self._brokers.stop(self._producer)

    async def _run(
        self,
        records: Sequence[Placed],
        group: str,
        offsets: Mapping[TopicPartition, int],
        end: Callable[[], Awaitable[None]],
    ) -> list[RecordMetadata]:
        """One transaction, from its begin to its `end` → where each record is."""
        self._is_usable = False
        timestamp_ms = milliseconds(self._clock())
        cuts = self._cuts
        may_abort = True
        with _failing():
            try:
                async with asyncio.timeout(self._brokers.times.commit_seconds):
                    await self._producer.begin_transaction()
                    written = await self._send([placed.arguments(timestamp_ms) for placed in records])
                    started = time.monotonic()
                    if offsets:
                        await self._producer.send_offsets_to_transaction(dict(offsets), group)
                    may_abort = False
                    await end()
            except BaseException as error:
                await self._abort(may_abort and not isinstance(error, ProducerFenced))
                raise
        # aiokafka sends a request again after a cut connection and a pause. The first may still come late, and
        # would then touch the next transaction of this producer, so there must not be one.
        sent_again = time.monotonic() - started >= RETRY_BACKOFF_SECONDS and self._cuts > cuts
        self._is_usable = not sent_again
        return written

    async def _consumed(self, group: str, source: TopicPartition) -> int | None:
        """What the coordinator says that took our last offsets: any other may be one that is none."""
        node = self._producer._sender._coordinators[CoordinationType.GROUP]
        question = OffsetFetchRequest(group, [(source.topic, [source.partition])])
        answer = await self._producer.client.send(node, question, group=ConnectionGroup.COORDINATION)
        if answer.error_code:
            raise for_code(answer.error_code)(group)
        ((_, ((_, offset, _, error_code),)),) = answer.topics
        if error_code:
            raise for_code(error_code)(group)
        return None if offset < 0 else int(offset)

    async def _send(self, messages: Sequence[dict[str, Any]]) -> list[RecordMetadata]:
        """Return once all are written, where: aiokafka commits a transaction without the records that failed in it."""
        sent: list[asyncio.Future[Any]] = []
        try:
            for message in messages:
                sent.append(await self._producer.send(**message))
            return list(await asyncio.gather(*sent))
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


@contextmanager
def _failing() -> Iterator[None]:
    """aiokafka's errors in our words."""
    try:
        yield
    except MessageSizeTooLargeError as error:
        raise RecordTooLarge(one_line(error)) from error
    except TimeoutError as error:
        raise TransactionFailed("Kafka did not answer in time") from error
    except ProducerFenced as error:
        raise TransactionFailed("another process has it now") from error
    except FAILURES as error:
        raise TransactionFailed(one_line(error)) from error
