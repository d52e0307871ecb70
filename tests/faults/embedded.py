"""The embedded log under faults: killed at any moment, a full disk, a write-ahead log that lost its end.

What came of it is read with SQLite itself, past our own code.
"""

import asyncio
import json
import sqlite3
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

from services.common.event_log.open import open_log
from services.common.event_log.port import Record
from tests.faults.cases import Case
from tests.faults.checker import Verdict, check
from tests.faults.cluster import fault_topic
from tests.faults.copier import Job
from tests.faults.copiers import GROUP, SOURCE, TABLE, TARGET
from tests.faults.feed import Feed, make_feed
from tests.faults.history import History, Seen
from tests.faults.mutations import MUTATION_VARIABLE
from tests.faults.processes import Worker, supervised
from tests.faults.schedule import nothing
from tests.faults.small_disk import fill, free, small_disk

KILLS = 12
DRAIN_SECONDS = 60.0
DISK_BYTES = 24 * 1024 * 1024
CASE = Case(
    "embedded", "k", "the embedded log", (nothing,), workers=1, records=4000, batch_records=10, step_seconds=0.03
)


_QUERY = """
SELECT partition, records.id & ((1 << 40) - 1), key, headers, value
FROM records JOIN partitions ON partitions.id = records.id >> 40
WHERE topic = ? ORDER BY records.id
"""


async def killed_at_random(seed: int, folder: Path, mutation: str = "") -> Verdict:
    """SIGKILL again and again while it copies."""
    chance = Random(seed)
    path = folder / "log.sqlite"
    async with _copier(seed, path, folder, mutation) as (copier, feed):
        for _ in range(KILLS):
            await _until_copying(copier, path)
            await asyncio.sleep(chance.uniform(0.0, 0.15))
            copier.kill()
        was_hurt = await asyncio.to_thread(_count, path) < feed.expected.count
        return await _finish(copier, feed, path, was_hurt)


async def write_ahead_log_cut(seed: int, folder: Path, mutation: str = "") -> Verdict:
    """Killed, and its write-ahead log loses its end, as when the machine lost power before the disk had all of it."""
    chance = Random(seed)
    path = folder / "log.sqlite"
    async with _copier(seed, path, folder, mutation) as (copier, feed):
        cuts = 0
        for _ in range(KILLS // 3):
            await _until_copying(copier, path)
            await asyncio.sleep(chance.uniform(0.0, 0.5))
            copier.kill()
            ahead = path.with_name(f"{path.name}-wal")
            if ahead.exists() and (size := ahead.stat().st_size):
                with ahead.open("r+b") as file:
                    file.truncate(chance.randrange(size))
                cuts += await asyncio.to_thread(_count, path) < feed.expected.count
        return await _finish(copier, feed, path, cuts > 0)


async def disk_full(seed: int, folder: Path, mutation: str = "") -> Verdict:
    """The disk is full for a while in the middle of the run. Raises CannotRunHere."""
    with small_disk(folder / "disk", DISK_BYTES) as disk:
        path = disk / "log.sqlite"
        async with _copier(seed, path, folder, mutation) as (copier, feed):
            await _until_copying(copier, path)
            await asyncio.to_thread(fill, disk)
            await asyncio.sleep(3.0)
            free(disk)
            return await _finish(copier, feed, path, bool(copier.crashes))


@asynccontextmanager
async def _copier(seed: int, path: Path, folder: Path, mutation: str) -> AsyncIterator[tuple[Worker, Feed]]:
    """A copier that has not yet started, on a log with its whole feed, and that feed."""
    feed = make_feed(CASE, seed)
    async with open_log(f"sqlite:///{path}") as log:
        topics = [fault_topic(SOURCE, CASE.partitions), fault_topic(TARGET, CASE.partitions)]
        await log.ensure([*topics, fault_topic(TABLE, CASE.partitions, compact=True)], create=True)
        pairs = [line.split("\t", 1) for line in feed.lines]
        await log.append([Record(SOURCE, key, value.encode()) for key, value in pairs])
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # so that what is fed survives a cut
    connection.close()
    job = Job(f"sqlite:///{path}", SOURCE, TARGET, TABLE, GROUP, CASE.batch_records, CASE.step_seconds, 1.0)
    command = [sys.executable, "-m", "tests.faults.copier", job.to_json()]
    variables: Mapping[str, str] = {MUTATION_VARIABLE: mutation}
    async with supervised(["copier"], lambda _: (command, variables), folder) as (worker,):
        worker.kill()
        yield worker, feed


async def _finish(copier: Worker, feed: Feed, path: Path, was_hurt: bool) -> Verdict:
    """Let it copy the rest, and judge. A run in which the fault met nothing proves nothing."""
    copier.start()
    history = History()
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while await asyncio.to_thread(_count, path) < feed.expected.count:
                await asyncio.sleep(0.1)
        history.drained = True
    except TimeoutError:
        pass
    seconds = await copier.term(10.0)
    history.committed = await asyncio.to_thread(_read, path)
    verdict = check(feed.expected, history)
    others = [] if was_hurt else ["the fault met no copying"]
    others += [] if seconds < 10 else ["it did not end after SIGTERM"]
    return replace(verdict, other=(*verdict.other, *others))


async def _until_copying(copier: Worker, path: Path) -> None:
    """Start it, and return when it has copied something."""
    before = await asyncio.to_thread(_count, path)
    copier.start()
    async with asyncio.timeout(DRAIN_SECONDS):
        while await asyncio.to_thread(_count, path) == before:
            await asyncio.sleep(0.02)


def _count(path: Path) -> int:
    return len({seen.event_id for seen in _read(path)})


def _read(path: Path) -> list[Seen]:
    """The target as any SQLite reads it."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=DRAIN_SECONDS)
    try:
        rows = connection.execute(_QUERY, (TARGET,)).fetchall()
    finally:
        connection.close()
    return [
        Seen(partition, offset, key.decode(), dict(json.loads(headers))["ce_id"], value.decode())
        for partition, offset, key, headers, value in rows
    ]


EMBEDDED = {"embedded-kill": killed_at_random, "embedded-cut": write_ahead_log_cut, "embedded-full": disk_full}
