"""A copying process is killed at every step and at random moments: nothing is lost, nothing is repeated."""

import asyncio
import random
import signal

from services.common.event_log.port import EventLog, Record
from tests.support.event_log import Harness, no_lag, read_all
from tests.support.event_log_processes import CopyJob, copy_until_killed, ended, process

KEYS = [f"key-{number}" for number in range(5)]


async def test_kill_before_each_step_loses_and_repeats_nothing(harness: Harness) -> None:
    async with harness.open() as log:
        job = await prepare(log, harness, records=60)
        for step in harness.kill_steps:
            with process(copy_until_killed, harness, job, step) as child:
                exit_code = await ended(child)
            if exit_code == 0:
                break
            assert exit_code == -signal.SIGKILL
        await expect_finished(log, harness, job)


async def test_kill_at_random_moments_loses_and_repeats_nothing(harness: Harness) -> None:
    chance = random.Random(20)
    async with harness.open() as log:
        job = await prepare(log, harness, records=2000)
        for _ in range(harness.random_kills):
            with process(copy_until_killed, harness, job, None) as child:
                await asyncio.to_thread(child.join, chance.uniform(0, harness.longest_life_seconds))
                child.kill()
                await ended(child)
        await expect_finished(log, harness, job)


async def prepare(log: EventLog, harness: Harness, *, records: int) -> CopyJob:
    source, target = harness.topic("source", 2), harness.topic("target", 2)
    table = harness.topic("table", 2, compact=True)
    await log.ensure([source, target, table], create=True)
    await log.append([Record(source.name, KEYS[n % len(KEYS)], str(n).encode()) for n in range(records)])
    return CopyJob(source.name, target.name, table.name, harness.group("copier"))


async def expect_finished(log: EventLog, harness: Harness, job: CopyJob) -> None:
    """A process that is left alone copies what is left; then each is there once, in order, and counted in the table.

    That is enough to look at: records without their offset come twice, an offset without its records loses them, and
    a table that missed a commit never catches up.
    """
    with process(copy_until_killed, harness, job, None) as child:
        assert await ended(child) == 0
    await no_lag(log, job.source, job.group)
    originals, copied, counts = [await values_by_key(log, topic) for topic in (job.source, job.target, job.table)]
    assert copied == originals
    assert {key: int(values[-1] or 0) for key, values in counts.items()} == {
        key: len(values) for key, values in originals.items()
    }


async def values_by_key(log: EventLog, topic: str) -> dict[str | None, list[bytes | None]]:
    values: dict[str | None, list[bytes | None]] = {}
    for record in await read_all(log, topic):
        values.setdefault(record.key, []).append(record.value)
    return values
