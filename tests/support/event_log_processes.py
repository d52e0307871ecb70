"""Other processes that use the event log under test: they write, copy, and are killed."""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from services.common.event_log.port import Record, Share, StoredRecord
from tests.support.event_log import DEADLINE_SECONDS, Harness

# Begun in milliseconds: a server that has imported everything forks them.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])


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
