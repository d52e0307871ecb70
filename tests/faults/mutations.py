"""Takes out one guard of the adapter, in a process of the tests alone: the suite must go red without it."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import RecordMetadata

from services.common.clock import Clock
from services.common.event_log import transform
from services.common.event_log.brake import Brake
from services.common.event_log.kafka import clients, holding
from services.common.event_log.kafka.clients import Brokers
from services.common.event_log.kafka.holding import Holding
from services.common.event_log.kafka.restore import restore as restore_tables
from services.common.event_log.kafka.shares import KafkaShare
from services.common.event_log.kafka.transactions import Standing, Transactions
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
    awaited = Transactions._send

    async def send(self: Transactions, messages: Sequence[dict[str, Any]]) -> list[RecordMetadata]:
        if all(message["value"] is None for message in messages):  # the marks of an aborted transaction
            return await awaited(self, messages)
        for message in messages:
            future = await self._producer.send(**message)
            future.add_done_callback(lambda sent: sent.cancelled() or sent.exception())
        return []

    _put(Transactions, "_send", send)


class _Unfenced(Transactions):
    def __init__(self, brokers: Brokers, transactional_id: str, clock: Clock) -> None:
        super().__init__(brokers, f"{transactional_id}.{uuid.uuid4().hex}", clock)


def _id_of_its_own_at_each_start() -> None:
    _put(holding, "Transactions", _Unfenced)


def _position_read_before_fencing() -> None:
    opened, standing = Holding._open, Transactions.standing
    early: dict[TopicPartition, int | None] = {}

    async def open_with_early_position(self: Holding, clients: AsyncExitStack) -> KafkaShare:
        committed = await self._job.questions.committed(self._job.group, [self._source])
        early[self._source] = committed.get(self._source)
        await asyncio.sleep(1.0)  # as long as a rebalance with its callbacks may take
        return await opened(self, clients)

    async def standing_before(
        self: Transactions, group: str, source: TopicPartition, tables: Collection[TopicPartition]
    ) -> Standing:
        return replace(await standing(self, group, source, tables), consumed=early[source])

    _put(Holding, "_open", open_with_early_position)
    _put(Transactions, "standing", standing_before)


def _position_kept() -> None:
    standing = Transactions.standing
    first: dict[TopicPartition, int | None] = {}

    async def kept(
        self: Transactions, group: str, source: TopicPartition, tables: Collection[TopicPartition]
    ) -> Standing:
        now = await standing(self, group, source, tables)
        return replace(now, consumed=first.setdefault(source, now.consumed))

    _put(Transactions, "standing", kept)


def _tables_kept() -> None:
    read = restore_tables
    first: dict[tuple[TopicPartition, ...], dict[str, dict[str, bytes]]] = {}

    async def restore(
        brokers: Brokers, reader: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]
    ) -> dict[str, dict[str, bytes]]:
        if tuple(ends) not in first:
            first[tuple(ends)] = await read(brokers, reader, ends)
        return first[tuple(ends)]

    _put(holding, "restore", restore)


def _tables_restored_to_the_stable_end() -> None:
    read = restore_tables

    async def restore(
        brokers: Brokers, reader: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]
    ) -> dict[str, dict[str, bytes]]:
        return await read(brokers, reader, await reader.end_offsets(list(ends)))

    _put(holding, "restore", restore)


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
