"""Members of a consumer group, each a process of its own that copies a topic and tells what it holds."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from aiokafka import TopicPartition

from services.common.errors import OwnershipLost
from services.common.event_log.kafka.clients import Brokers
from services.common.event_log.kafka.questions import Questions
from services.common.event_log.port import EventLog, Record, Share
from tests.support.event_log import DEADLINE_SECONDS, KafkaHarness, read_all, within
from tests.support.event_log_processes import PROCESSES, CopyJob, copies
from tests.support.kafka import kcat_read

KEYS = [f"key-{number}" for number in range(8)]
LOOK_SECONDS = 0.02


class Member:
    """Seen from the test: what the process has told so far."""

    def __init__(self, process: BaseProcess, pipe: Connection) -> None:
        self.process = process
        self._pipe = pipe
        self.held: set[int] = set()
        self.polled = False
        self.refused = False

    def update(self) -> None:
        """Take note of what it has told. A killed process just falls silent."""
        try:
            while self._pipe.poll():
                what, partition = self._pipe.recv()
                if what == "held":
                    self.held.add(partition)
                elif what == "left":
                    self.held.discard(partition)
                elif what == "polled":
                    self.polled = True
                else:
                    self.refused = True
        except (EOFError, OSError):
            self.held.clear()

    def go_on(self) -> None:
        """Let a member commit that waits with what it has polled."""
        self._pipe.send("go on")

    def signal(self, number: signal.Signals) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    def is_stopped(self) -> bool:
        """Whether SIGSTOP has taken effect."""
        status = Path(f"/proc/{self.process.pid}/stat").read_text()
        return status.rpartition(")")[2].split()[0] == "T"

    async def leave(self) -> None:
        """Stop it as a service is stopped, and see it end well."""
        self.signal(signal.SIGTERM)
        await asyncio.to_thread(self.process.join, DEADLINE_SECONDS)
        assert self.process.exitcode == 0


@contextmanager
def member(
    kafka: KafkaHarness, job: CopyJob, *, waits_before_commit: bool = False, stops_at_step: int | None = None
) -> Iterator[Member]:
    """A member that joins now and is killed at the end of the block."""
    ours, theirs = PROCESSES.Pipe()
    process = PROCESSES.Process(target=_copy, args=(kafka, job, theirs, waits_before_commit, stops_at_step))
    process.start()
    theirs.close()
    try:
        yield Member(process, ours)
    finally:
        process.kill()
        process.join()
        ours.close()


def _copy(
    kafka: KafkaHarness, job: CopyJob, pipe: Connection, waits_before_commit: bool, stops_at_step: int | None
) -> None:
    steps = 0

    def step() -> None:
        nonlocal steps
        if steps == stops_at_step:
            os.kill(os.getpid(), signal.SIGSTOP)
        steps += 1

    async def work(share: Share) -> None:
        pipe.send(("held", share.partition))
        try:
            while not share.stopping:
                batch = await share.poll(job.batch_size, 0.5)
                if not batch.records:
                    continue
                pipe.send(("polled", share.partition))
                if waits_before_commit:
                    await asyncio.to_thread(pipe.recv)
                await share.commit(copies(job, share, batch.records), batch.next_offset)
        except OwnershipLost:
            pipe.send(("refused", share.partition))
            raise
        finally:
            pipe.send(("left", share.partition))

    async def run() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        async with kafka.open() as log:
            if stops_at_step is not None:
                kafka.on_each_write_step(log, step)
            await log.share_out(job.source, job.group, (job.table,), work, stop)

    asyncio.run(run())


async def until(fact: Callable[[], bool], *members: Member, seconds: float = DEADLINE_SECONDS) -> None:
    """Return once it is true. The members are asked again before each look."""
    deadline = time.monotonic() + seconds
    while True:
        for each in members:
            each.update()
        if fact():
            return
        assert time.monotonic() < deadline, f"not within {seconds} s; held: {[each.held for each in members]}"
        await asyncio.sleep(LOOK_SECONDS)


async def prepare(log: EventLog, kafka: KafkaHarness, *, partitions: int, records: int, batch_size: int = 3) -> CopyJob:
    """Make the topics and fill the source."""
    source, target = kafka.topic("source", partitions), kafka.topic("target", partitions)
    table = kafka.topic("table", partitions, compact=True)
    await log.ensure([source, target, table], create=True)
    job = CopyJob(source.name, target.name, table.name, kafka.group("copier"), batch_size)
    await add(log, job, 0, records)
    return job


async def add(log: EventLog, job: CopyJob, first: int, count: int) -> None:
    await log.append([Record(job.source, KEYS[n % len(KEYS)], str(n).encode()) for n in range(first, first + count)])


async def until_copied(log: EventLog, job: CopyJob, seconds: float = DEADLINE_SECONDS) -> None:
    await read_all(log, job.source)  # a commit returns before its markers are written, and until then nothing is behind
    deadline = time.monotonic() + seconds
    while any((await log.lag(job.source, job.group)).values()):
        assert time.monotonic() < deadline, f"not copied within {seconds} s: {await log.lag(job.source, job.group)}"
        await asyncio.sleep(LOOK_SECONDS)


async def coordinators_view(kafka: KafkaHarness, group: str) -> Mapping[str, frozenset[TopicPartition]]:
    """Partitions by member, once the group is settled."""
    questions = Questions(Brokers([kafka.bootstrap], kafka.times))
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while (view := await questions.assignment(group)) is None:
                await asyncio.sleep(LOOK_SECONDS)
            return view
    finally:
        await questions.close()


async def expect_copied_once(kafka: KafkaHarness, job: CopyJob) -> None:
    """As a client sees it that is not ours: each record once, in the order of its key, and the table counts them."""
    topics = (job.source, job.target, job.table)
    async with kafka.open() as log:
        await asyncio.gather(*(read_all(log, topic) for topic in topics))  # to their ends, behind all open transactions
    originals, copied, counts = await asyncio.gather(*(asyncio.to_thread(by_key, kafka, topic) for topic in topics))
    assert copied == originals
    assert {key: int(values[-1] or 0) for key, values in counts.items()} == {
        key: len(values) for key, values in originals.items()
    }


def by_key(kafka: KafkaHarness, topic: str) -> dict[bytes | None, list[bytes | None]]:
    values: dict[bytes | None, list[bytes | None]] = {}
    for record in kcat_read(kafka.bootstrap, topic):
        values.setdefault(record.key, []).append(record.value)
    return values


@asynccontextmanager
async def copying(log: EventLog, job: CopyJob) -> AsyncIterator[list[Share]]:
    """A member in this process that copies during the block; the shares it has worked on so far."""
    shares: list[Share] = []
    stop = asyncio.Event()

    async def work(share: Share) -> None:
        shares.append(share)
        while not share.stopping:
            batch = await share.poll(job.batch_size, 0.5)
            if batch.records:
                await share.commit(copies(job, share, batch.records), batch.next_offset)

    sharing = asyncio.create_task(log.share_out(job.source, job.group, (job.table,), work, stop))
    try:
        yield shares
    finally:
        stop.set()
        await within(sharing)
