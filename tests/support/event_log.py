"""The event log under test: a fresh log of each adapter, and its share held for a block."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol, TypeVar

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import (
    AddOffsetsToTxnRequest,
    AddPartitionsToTxnRequest,
    EndTxnRequest,
    TxnOffsetCommitRequest,
)

from schemas.contract import Contract
from schemas.topics import Cleanup, LogTopic
from services.common.clock import Clock, system_clock
from services.common.event_log.kafka.clients import Brokers
from services.common.event_log.kafka.log import KafkaLog
from services.common.event_log.kafka.settings import Times
from services.common.event_log.open import open_log
from services.common.event_log.port import Batch, EventLog, Record, Share, Start, StoredRecord

Result = TypeVar("Result")
DEADLINE_SECONDS = 30.0  # generous: a busy machine must not fail a test


class Harness(Protocol):
    """A log that no other test uses. It travels to other processes by pickling."""

    @property
    def random_kills(self) -> int:
        """How many the suite can afford: where a dead member is noticed late, each costs seconds."""

    @property
    def kill_steps(self) -> range:
        """Before which of its steps a process is killed: to behind its first whole commit."""

    @property
    def longest_life_seconds(self) -> float:
        """Within which a copying process has started and copied something."""

    def open(self, clock: Clock = system_clock) -> EventLog:
        """A client of the log, not yet entered."""

    def topic(self, name: str, partitions: int = 1, *, compact: bool = False) -> LogTopic:
        """A topic of this test, not yet made."""

    def group(self, name: str) -> str:
        """The name of a consumer group of this test."""

    async def depose(self, source: str, group: str, partition: int) -> None:
        """Give the partition to another owner, unnoticed by the one that holds it."""

    def on_each_write_step(self, log: EventLog, step: Callable[[], None]) -> None:
        """Call `step` between the steps of each write, where the adapter has any that can be told apart."""


@dataclass(frozen=True)
class SqliteHarness:
    path: Path
    random_kills: int = 12
    kill_steps: range = range(1000)
    longest_life_seconds: float = 0.25

    def open(self, clock: Clock = system_clock) -> EventLog:
        return open_log(f"sqlite:///{self.path}", clock)

    def topic(self, name: str, partitions: int = 1, *, compact: bool = False) -> LogTopic:
        return registered(name, partitions, compact=compact)

    def group(self, name: str) -> str:
        return name

    async def depose(self, source: str, group: str, partition: int) -> None:
        # As if the lock had not held, as on a network disk: the next member gets a file of its own to lock.
        self.path.with_name(f"{self.path.name}-{group}.lock").unlink()
        async with self.open() as log, held(log, source, group):
            pass

    def on_each_write_step(self, log: EventLog, step: Callable[[], None]) -> None:
        connection = log._file.writer._connection  # type: ignore[attr-defined]
        connection.set_trace_callback(lambda _statement: step())


TRANSACTION_REQUESTS = (
    AddPartitionsToTxnRequest,
    ProduceRequest,
    AddOffsetsToTxnRequest,
    TxnOffsetCommitRequest,
    EndTxnRequest,
)
# Short, so that a killed member is missed soon; the broker's own limit is a second.
QUICK = Times(session_seconds=1.0, heartbeat_seconds=0.3, grace_seconds=0.5, silence_seconds=10.0)


@dataclass(frozen=True)
class KafkaHarness:
    """Topics and groups of one test on a broker that all share."""

    bootstrap: str
    prefix: str
    random_kills: int = 4
    # Two shares are opened side by side, in five requests each, and commit in as many; a step is before and behind a
    # request, and behind one is as good as before the next.
    kill_steps: range = range(0, 46, 2)
    longest_life_seconds: float = 3.0
    times: Times = QUICK

    def open(self, clock: Clock = system_clock) -> EventLog:
        return KafkaLog(self.bootstrap.split(","), clock, 1, self.times)

    def topic(self, name: str, partitions: int = 1, *, compact: bool = False) -> LogTopic:
        return registered(f"{self.prefix}.{name}", partitions, compact=compact)

    def group(self, name: str) -> str:
        return f"{self.prefix}.{name}"

    async def make_topic(self, name: str, configs: dict[str, str]) -> None:
        """A topic of one partition, made by somebody else."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(name, 1, 1, topic_configs=configs)])
        finally:
            await admin.close()

    async def depose(self, source: str, group: str, partition: int) -> None:
        # As the next owner begins: a producer of the same id fences the one before.
        next_owner = Brokers(self.bootstrap.split(","), self.times).producer(f"{group}.{source}.{partition}")
        await next_owner.start()
        await next_owner.stop()

    def on_each_write_step(self, log: EventLog, step: Callable[[], None]) -> None:
        send = AIOKafkaClient.send

        async def stepping_send(client: AIOKafkaClient, node: object, request: object, **options: object) -> object:
            is_of_a_transaction = isinstance(request, TRANSACTION_REQUESTS)
            if is_of_a_transaction:
                step()
            response = await send(client, node, request, **options)
            if is_of_a_transaction:
                step()
            return response

        AIOKafkaClient.send = stepping_send


@pytest.fixture
def kafka(kafka_broker: str) -> KafkaHarness:
    """Topics and groups of one test on the broker of the session."""
    return KafkaHarness(kafka_broker, f"t{uuid.uuid4().hex[:12]}")


@pytest.fixture(params=["sqlite", "kafka"])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Harness:
    if request.param == "sqlite":
        return SqliteHarness(tmp_path / "log.sqlite")
    kafka_harness: KafkaHarness = request.getfixturevalue("kafka")
    return kafka_harness


def registered(name: str, partitions: int, *, compact: bool) -> LogTopic:
    cleanup, retention = (Cleanup.COMPACT, None) if compact else (Cleanup.DELETE, timedelta(days=1))
    return LogTopic(name, Contract, "key", partitions, cleanup, retention, public=False, about="A topic of a test.")


async def within(awaitable: Awaitable[Result]) -> Result:
    """Its result, which must come before the deadline."""
    return await asyncio.wait_for(awaitable, DEADLINE_SECONDS)


async def read_all(log: EventLog, topic: str) -> list[StoredRecord]:
    """The committed records of a topic up to its end now."""
    async with asyncio.timeout(DEADLINE_SECONDS), aclosing(log.read(topic, Start.EARLIEST, follow=False)) as records:
        return [record async for record in records]


async def read_values(log: EventLog, topic: str) -> list[bytes | None]:
    return [record.value for record in await read_all(log, topic)]


async def lag_until(
    log: EventLog, source: str, group: str, fact: Callable[[Mapping[int, int]], bool]
) -> Mapping[int, int]:
    """The lag once `fact` is true of it: what was just committed may not be counted yet."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not fact(lag := await log.lag(source, group)):
            await asyncio.sleep(0.01)
        return lag


async def no_lag(log: EventLog, source: str, group: str) -> None:
    """Return once the group has consumed all."""
    await lag_until(log, source, group, lambda lag: not any(lag.values()))


@asynccontextmanager
async def held_all(
    log: EventLog, source: str, group: str, partitions: int, tables: Collection[str] = ()
) -> AsyncIterator[list[Share]]:
    """The shares of all partitions, in their order. At the end of the block the member stops and leaves."""
    stop = asyncio.Event()
    shares: dict[int, Share] = {}
    complete = asyncio.Event()

    async def work(share: Share) -> None:
        shares[share.partition] = share
        if len(shares) == partitions:
            complete.set()
        await share.wait_stopping()

    running = asyncio.create_task(log.share_out(source, group, tables, work, stop))
    waiting = asyncio.create_task(complete.wait())
    try:
        await within(asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED))
        if complete.is_set():
            yield [shares[partition] for partition in range(partitions)]
    finally:
        stop.set()
        waiting.cancel()
        await within(running)


@asynccontextmanager
async def held(log: EventLog, source: str, group: str, tables: Collection[str] = ()) -> AsyncIterator[Share]:
    """The share of a topic with one partition."""
    async with held_all(log, source, group, 1, tables) as shares:
        yield shares[0]


async def poll_records(share: Share, max_records: int = 100) -> tuple[StoredRecord, ...]:
    """The next records, of which there must be some before the deadline."""
    return (await poll_some(share, max_records)).records


async def poll_some(share: Share, max_records: int = 100) -> Batch:
    """The next batch that has records."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            batch = await share.poll(max_records, DEADLINE_SECONDS)
            if batch.records:
                return batch


async def append_numbers(log: EventLog, topic: str, count: int, prefix: bytes = b"") -> None:
    """Values of `prefix` and 0 upwards, all of one key, in one append."""
    await log.append([Record(topic, "key", prefix + str(number).encode()) for number in range(count)])


async def return_at_once(_share: Share) -> None:
    """Work that is done with its partition."""
