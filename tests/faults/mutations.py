"""Takes out one guard of the adapter, in a process of the tests alone: the suite must go red without it."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.common.clock import Clock
from services.common.event_log import transform
from services.common.event_log.brake import Brake
from services.common.event_log.kafka import clients, holding
from services.common.event_log.kafka.clients import Brokers
from services.common.event_log.kafka.holding import Holding
from services.common.event_log.kafka.questions import Questions
from services.common.event_log.kafka.restore import restore as restore_tables
from services.common.event_log.kafka.shares import KafkaShare
from services.common.event_log.kafka.transactions import Transactions
from services.common.event_log.port import Record
from services.common.event_log.sqlite.shares import SqliteShare

MUTATION_VARIABLE = "NEWSFLOW_FAULT_MUTATION"
FOR_EVER_SECONDS = 3600.0
Patch = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Mutation:
    """A guard that can be taken out, and the case that must go red then."""

    guard: str
    case: str
    patch: Patch


def apply_mutation(name: str) -> None:
    """Nothing for an empty name."""
    if name:
        MUTATIONS[name].patch()


def _put(owner: object, name: str, value: object) -> None:
    setattr(owner, name, value)


def _records_not_awaited() -> None:
    async def send(self: Transactions, messages: Sequence[dict[str, Any]]) -> None:
        for message in messages:
            future = await self._producer.send(**message)
            future.add_done_callback(lambda sent: sent.cancelled() or sent.exception())

    _put(Transactions, "_send", send)


class _Unfenced(Transactions):
    def __init__(self, brokers: Brokers, transactional_id: str, clock: Clock) -> None:
        super().__init__(brokers, f"{transactional_id}.{uuid.uuid4().hex}", clock)


def _id_of_its_own_at_each_start() -> None:
    _put(holding, "Transactions", _Unfenced)


class _AnsweredBefore(Questions):
    """Questions whose committed offsets were read before the last owner was fenced."""

    def __init__(self, asked: Questions, committed: dict[TopicPartition, int]) -> None:
        self._asked = asked
        self._committed_before = committed

    async def committed(self, group: str, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return self._committed_before

    async def assignment(self, group: str) -> Mapping[str, frozenset[TopicPartition]] | None:
        return await self._asked.assignment(group)


def _position_read_before_fencing() -> None:
    opened = Holding._open

    async def open_with_early_position(self: Holding, clients: AsyncExitStack) -> KafkaShare:
        job = self._job
        early = await job.questions.committed(job.group, [self._source])
        await asyncio.sleep(1.0)  # as long as a rebalance with its callbacks may take
        self._job = replace(job, questions=_AnsweredBefore(job.questions, early))
        try:
            return await opened(self, clients)
        finally:
            self._job = job

    _put(Holding, "_open", open_with_early_position)


def _position_kept() -> None:
    read = Questions.committed
    first: dict[tuple[TopicPartition, ...], dict[TopicPartition, int]] = {}

    async def committed(self: Questions, group: str, asked: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        partitions = tuple(asked)
        if partitions not in first:
            first[partitions] = await read(self, group, partitions)
        return first[partitions]

    _put(Questions, "committed", committed)


def _tables_kept() -> None:
    read = restore_tables
    first: dict[tuple[TopicPartition, ...], dict[str, dict[str, bytes]]] = {}

    async def restore(
        brokers: Brokers, reader: AIOKafkaConsumer, tables: Collection[TopicPartition]
    ) -> dict[str, dict[str, bytes]]:
        if tuple(tables) not in first:
            first[tuple(tables)] = await read(brokers, reader, tables)
        reader.assign(list(tables))
        return first[tuple(tables)]

    _put(holding, "restore", restore)


def _tables_restored_to_the_stable_end() -> None:
    def stable_end(self: AIOKafkaConsumer, partition: TopicPartition) -> int | None:
        end: int | None = self.last_stable_offset(partition)
        return end if end is None or end >= 0 else None

    _put(AIOKafkaConsumer, "highwater", stable_end)


def _producer_kept_after_doubt() -> None:
    _put(Transactions, "is_usable", property(lambda self: True))


def _offsets_apart_from_records() -> None:
    whole = Transactions.commit

    async def commit(
        self: Transactions, records: Sequence[Any], group: str, offsets: Mapping[TopicPartition, int]
    ) -> None:
        await whole(self, records, group, {})
        await asyncio.sleep(0.1)  # as long as a slow broker takes
        await whole(self, [], group, offsets)

    _put(Transactions, "commit", commit)


def _aborted_records_read() -> None:
    class Uncommitted(AIOKafkaConsumer):  # type: ignore[misc]
        def __init__(self, **options: Any) -> None:
            super().__init__(**{**options, "isolation_level": "read_uncommitted"})

    _put(clients, "AIOKafkaConsumer", Uncommitted)


def _commit_without_limit() -> None:
    class Patient(Transactions):
        def __init__(self, brokers: Brokers, transactional_id: str, clock: Clock) -> None:
            patient = replace(brokers.times, commit_seconds=FOR_EVER_SECONDS, request_seconds=FOR_EVER_SECONDS)
            super().__init__(replace(brokers, times=patient), transactional_id, clock)

    _put(holding, "Transactions", Patient)


def _stop_without_limit() -> None:
    async def stop(self: Brokers, client: Any) -> None:
        end: Callable[[], Awaitable[None]] = getattr(client, "stop", None) or client.close
        await end()

    _put(Brokers, "stop", stop)


def _brake_off() -> None:
    def never(self: Brake, refused: Iterable[bool]) -> bool:
        return False

    _put(Brake, "trips_on", never)


def _oversize_sent() -> None:
    _put(transform, "_refuse_oversize", lambda outcome: outcome)


def _embedded_offsets_apart() -> None:
    whole = SqliteShare.commit

    async def commit(self: SqliteShare, records: Sequence[Record], consumed: int | None = None) -> None:
        await whole(self, records)
        await whole(self, [], consumed)

    _put(SqliteShare, "commit", commit)


MUTATIONS = {
    "records-not-awaited": Mutation(
        "every record's future is awaited before the offsets", "refused", _records_not_awaited
    ),
    "id-per-start": Mutation("one transactional id per group and partition", "zombie", _id_of_its_own_at_each_start),
    "position-before-fencing": Mutation("fence first, then read the position", "churn", _position_read_before_fencing),
    "position-kept": Mutation("the position is read anew after an unknown outcome", "held-end", _position_kept),
    "tables-kept": Mutation("tables are restored anew after an unknown outcome", "held-end", _tables_kept),
    "tables-to-stable-end": Mutation(
        "tables are restored to the end behind others' open transactions", "foreign", _tables_restored_to_the_stable_end
    ),
    "producer-kept": Mutation(
        "a producer is replaced after a commit that may have been sent twice", "late-end", _producer_kept_after_doubt
    ),
    "offsets-apart": Mutation("offsets are in the transaction of their records", "killed", _offsets_apart_from_records),
    "aborted-read": Mutation("sources are read with read_committed", "nothing", _aborted_records_read),
    "commit-without-limit": Mutation("a commit has a time limit", "silence", _commit_without_limit),
    "stop-without-limit": Mutation("the stop of a client has a time limit", "silence", _stop_without_limit),
    "brake-off": Mutation("a run of dead letters stops the stage", "brake", _brake_off),
    "embedded-offsets-apart": Mutation(
        "the embedded log commits offsets with their records", "embedded-kill", _embedded_offsets_apart
    ),
    "oversize-sent": Mutation("a record beyond the limit is a dead letter", "poison", _oversize_sent),
}
