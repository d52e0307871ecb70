"""The log on Kafka. See the port for what each act means."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Self

from aiokafka import TopicPartition

from schemas.topics import LogTopic
from services.common.clock import Clock
from services.common.errors import LogUnavailable
from services.common.event_log.kafka.clients import Brokers, quieten
from services.common.event_log.kafka.holding import Job
from services.common.event_log.kafka.questions import Questions
from services.common.event_log.kafka.reading import read
from services.common.event_log.kafka.records import place
from services.common.event_log.kafka.settings import Times
from services.common.event_log.kafka.sharing import Sharing
from services.common.event_log.kafka.topics import Topics
from services.common.event_log.kafka.transactions import TransactionFailed, Transactions
from services.common.event_log.limits import refuse_oversize
from services.common.event_log.partitions import refuse_unequal
from services.common.event_log.port import Record, Start, Stop, StoredRecord, Work
from services.common.tasks import first_failure

NEARLY_ALL = 1000  # offsets: from here on `lag` looks whether they are records


class KafkaLog:
    """The adapter for any number of machines."""

    def __init__(self, addresses: Sequence[str], clock: Clock, replication: int, times: Times = Times()) -> None:  # noqa: B008
        self._brokers = Brokers(tuple(addresses), times)
        self._clock = clock
        self._questions = Questions(self._brokers)
        self._topics = Topics(self._brokers, self._questions, replication)
        self._appending = asyncio.Lock()
        self._transactions: Transactions | None = None

    async def __aenter__(self) -> Self:
        quieten()
        try:
            await self.check()
        except BaseException:
            await self._questions.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await asyncio.gather(self._drop_producer(), self._questions.close())

    async def ensure(self, topics: Collection[LogTopic], *, create: bool) -> None:
        await self._topics.ensure(topics, create=create)

    async def append(self, records: Sequence[Record]) -> None:
        refuse_oversize(records)
        placed = place(records, await self._topics.partitions({record.topic for record in records}))
        if not placed:
            return
        async with self._appending:
            transactions = await self._producer()
            try:
                await transactions.commit(placed, "", {})
            except TransactionFailed as error:
                raise LogUnavailable(f"{self._brokers} may have written the records or not: {error}") from error
            finally:
                if not transactions.is_usable:
                    await self._drop_producer()

    async def read(self, topic: str, start: Start, *, follow: bool = True) -> AsyncGenerator[StoredRecord, None]:
        partitions = await self._partitions_of(topic)
        async with aclosing(read(self._brokers, partitions, start, follow=follow)) as records:
            async for record in records:
                yield record

    async def share_out(self, source: str, group: str, tables: Collection[str], work: Work, stop: Stop) -> None:
        partitions = await self._topics.partitions({source, *tables})
        refuse_unequal({topic: partitions[topic] for topic in (source, *tables)})
        job = Job(self._brokers, self._questions, self._topics, self._clock, source, group, tuple(tables), work, stop)
        self._brokers.closing.forget()
        with first_failure():
            await Sharing(job).run()

    async def lag(self, source: str, group: str) -> Mapping[int, int]:
        partitions = await self._partitions_of(source)
        committed = await self._questions.committed(group, partitions)
        ranges = {
            partition: (max(start, committed.get(partition, start)), end)
            for partition, (start, end) in (await self._questions.bounds(partitions)).items()
        }
        # The markers of transactions have offsets too, and a group that has consumed all is not behind by them.
        close = {partition: (at, end) for partition, (at, end) in ranges.items() if 0 < end - at <= NEARLY_ALL}
        consumed = close.keys() - await self._questions.with_records(close)
        return {
            partition.partition: 0 if partition in consumed else max(0, end - at)
            for partition, (at, end) in ranges.items()
        }

    async def check(self) -> None:
        await self._questions.topics()

    async def _partitions_of(self, topic: str) -> list[TopicPartition]:
        count = (await self._topics.partitions({topic}))[topic]
        return [TopicPartition(topic, partition) for partition in range(count)]

    async def _producer(self) -> Transactions:
        """Its id is its own: nobody else writes in its place, so it can be replaced at any time."""
        if self._transactions is None:
            transactions = Transactions(self._brokers, f"newsflow-append-{uuid.uuid4().hex}", self._clock)
            try:
                await transactions.start()
            except BaseException:
                await transactions.close()
                raise
            self._transactions = transactions
        return self._transactions

    async def _drop_producer(self) -> None:
        transactions, self._transactions = self._transactions, None
        if transactions is not None:
            await transactions.close()
