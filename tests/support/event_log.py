"""The event log under test: a fresh log of each adapter, its share held for a block, other processes that use it."""

import asyncio
import multiprocessing
import os
import signal
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol, TypeVar

import pytest
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

# Processes of their own, begun in milliseconds: a server that has imported everything forks them.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])


class Harness(Protocol):
    """A log that no other test uses. It travels to other processes by pickling."""

    @property
    def random_kills(self) -> int:
        """How many the suite can afford: where a dead member is noticed late, each costs seconds."""

    @property
    def kill_steps(self) -> int:
        """Before how many of its first steps a process is killed: more than one whole commit has."""

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
    kill_steps: int = 1000
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
    kill_steps: int = 20
    longest_life_seconds: float = 3.0
    times: Times = QUICK

    def open(self, clock: Clock = system_clock) -> EventLog:
        return KafkaLog(self.bootstrap.split(","), clock, 1, self.times)

    def topic(self, name: str, partitions: int = 1, *, compact: bool = False) -> LogTopic:
        return registered(f"{self.prefix}.{name}", partitions, compact=compact)

    def group(self, name: str) -> str:
        return f"{self.prefix}.{name}"

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


@contextmanager
def process(target: Callable[..., None], *args: object) -> Iterator[multiprocessing.process.BaseProcess]:
    """`target(*args)` in a process of its own, killed at the end of the block if it still runs."""
    child = PROCESSES.Process(target=target, args=args)
    child.start()
    try:
        yield child
    finally:
        child.kill()
        child.join()


async def ended(child: multiprocessing.process.BaseProcess) -> int | None:
    """Its exit code, once it has ended by itself."""
    await asyncio.to_thread(child.join, DEADLINE_SECONDS)
    return child.exitcode


def append_batches(harness: Harness, topic: str, writer: str, batches: int, batch_size: int) -> None:
    """What a writing process does: values `writer:number`, a batch an append."""

    async def run() -> None:
        async with harness.open() as log:
            for batch in range(batches):
                numbers = range(batch * batch_size, (batch + 1) * batch_size)
                await log.append([Record(topic, writer, f"{writer}:{number}".encode()) for number in numbers])

    asyncio.run(run())


@dataclass(frozen=True)
class CopyJob:
    """Copy `source` to `target`, counting the copies of each key in `table`, in batches of a few records."""

    source: str
    target: str
    table: str
    group: str
    batch_size: int = 3


def copy_until_killed(harness: Harness, job: CopyJob, die_at_step: int | None) -> None:
    """What a copying process does. It kills itself before the given step, or ends when nothing is left to copy."""
    steps = 0

    def step() -> None:
        nonlocal steps
        if steps == die_at_step:
            os.kill(os.getpid(), signal.SIGKILL)
        steps += 1

    async def work(share: Share) -> None:
        while True:
            step()
            batch = await share.poll(job.batch_size, 0.5)
            step()
            if not batch.records and (await log.lag(job.source, job.group))[share.partition] == 0:
                return
            await share.commit(copies(job, share, batch.records), batch.next_offset)
            step()

    log = harness.open()

    async def run() -> None:
        async with log:
            harness.on_each_write_step(log, step)
            await log.share_out(job.source, job.group, (job.table,), work, asyncio.Event())

    asyncio.run(run())


def copies(job: CopyJob, share: Share, records: Sequence[StoredRecord]) -> list[Record]:
    written: list[Record] = []
    counts = {key: int(count) for key, count in share.tables[job.table].items()}
    for record in records:
        assert record.key is not None
        counts[record.key] = counts.get(record.key, 0) + 1
        written.append(Record(job.target, record.key, record.value))
        written.append(Record(job.table, record.key, str(counts[record.key]).encode()))
    return written
