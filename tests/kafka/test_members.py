"""Members of a group come, go, die and stall: partitions move, tables with them, and each record is copied once."""

import asyncio
import random
import signal
import time
from contextlib import ExitStack
from dataclasses import replace

import pytest

from services.common.event_log.kafka.settings import Times
from tests.kafka.members import add, coordinators_view, expect_copied_once, member, prepare, until, until_copied
from tests.support.event_log import KafkaHarness

TAKEOVER_SECONDS = 10.0
SLACK_SECONDS = 5.0  # for a machine that is busy with other tests


async def test_partitions_are_divided_evenly_as_members_come_and_go(kafka: KafkaHarness) -> None:
    async with kafka.open() as log:
        job = await prepare(log, kafka, partitions=6, records=60)
        with member(kafka, job) as one:
            await until(lambda: one.held == {0, 1, 2, 3, 4, 5}, one)
            with member(kafka, job) as two:
                await until(lambda: (len(one.held), len(two.held)) == (3, 3), one, two)
                await add(log, job, 60, 60)
                with member(kafka, job) as three:
                    await until(lambda: len(one.held) == len(two.held) == len(three.held) == 2, one, two, three)
                    assert one.held | two.held | three.held == {0, 1, 2, 3, 4, 5}
                    await add(log, job, 120, 60)
                    await one.leave()
                    await until(lambda: (len(two.held), len(three.held)) == (3, 3), two, three)
                    await until_copied(log, job)
        await expect_copied_once(kafka, job)


async def test_member_keeps_its_partitions_when_another_joins(kafka: KafkaHarness) -> None:
    """Its share goes on: the first member reports each partition it keeps once only."""
    async with kafka.open() as log:
        job = await prepare(log, kafka, partitions=2, records=10)
        with member(kafka, job) as one:
            await until(lambda: one.held == {0, 1}, one)
            with member(kafka, job) as two:
                await until(lambda: len(two.held) == 1, one, two)
                kept = {0, 1} - two.held
                await until(lambda: one.held == kept, one)
                assert not one.refused


async def test_member_without_partitions_takes_over_when_the_other_dies(kafka: KafkaHarness) -> None:
    async with kafka.open() as log:
        job = await prepare(log, kafka, partitions=1, records=10)
        with member(kafka, job) as one:
            await until(lambda: one.held == {0}, one)
            with member(kafka, job) as two:
                await until_copied(log, job)
                one.signal(signal.SIGKILL)
                await add(log, job, 10, 10)
                await until(lambda: two.held == {0}, two)
                await until_copied(log, job)
        await expect_copied_once(kafka, job)


async def test_partitions_of_a_killed_member_are_taken_over_within_ten_seconds(kafka: KafkaHarness) -> None:
    kafka = replace(kafka, times=Times())
    async with kafka.open() as log:
        job = await prepare(log, kafka, partitions=2, records=20)
        with member(kafka, job) as one:
            await until(lambda: one.held == {0, 1}, one)
            with member(kafka, job) as two:
                await until(lambda: len(two.held) == 1, two)
                one.signal(signal.SIGKILL)
                await add(log, job, 20, 20)
                await until(lambda: two.held == {0, 1}, two, seconds=TAKEOVER_SECONDS + SLACK_SECONDS)
                await until_copied(log, job)
        await expect_copied_once(kafka, job)


async def test_member_that_stalls_before_its_commit_is_refused(kafka: KafkaHarness) -> None:
    async with kafka.open() as log:
        job = await prepare(log, kafka, partitions=1, records=10)
        with member(kafka, job, waits_before_commit=True) as stale:
            await until(lambda: stale.polled, stale)
            stale.signal(signal.SIGSTOP)
            with member(kafka, job) as owner:
                await until(lambda: owner.held == {0}, owner)
                await until_copied(log, job)
                stale.go_on()
                stale.signal(signal.SIGCONT)
                await until(lambda: stale.refused, stale, owner)
                await add(log, job, 10, 10)
                await until_copied(log, job)
                while len(await coordinators_view(kafka, job.group)) < 2:
                    pass
                await owner.leave()
                await until(lambda: stale.held == {0}, stale)
        await expect_copied_once(kafka, job)


# A share's opening has ten steps, before and behind each of its requests. In its first commit records are written, the
# offsets are next, they are in, the end is next, it is answered.
@pytest.mark.parametrize("stops_at_step", [2, 13, 16, 18, 19])
async def test_member_that_stalls_within_a_transaction_repeats_nothing(kafka: KafkaHarness, stops_at_step: int) -> None:
    async with kafka.open() as log:
        job = await prepare(log, kafka, partitions=1, records=10)
        with member(kafka, job, stops_at_step=stops_at_step) as stale:
            await until(stale.is_stopped, stale)
            with member(kafka, job) as owner:
                await until_copied(log, job)
                stale.signal(signal.SIGCONT)
                await add(log, job, 10, 10)
                await until_copied(log, job)
                await until(lambda: len(stale.held) + len(owner.held) == 1, stale, owner)
        await expect_copied_once(kafka, job)


async def test_copies_are_exact_while_members_are_killed_and_stalled_at_random(kafka: KafkaHarness) -> None:
    chance = random.Random(7)
    async with kafka.open() as log:
        job = await prepare(log, kafka, partitions=4, records=40)
        with ExitStack() as stack:
            members = [stack.enter_context(member(kafka, job)) for _ in range(3)]
            for round_number in range(1, 6):
                victim = chance.choice(members)
                await asyncio.wait([asyncio.ensure_future(add(log, job, round_number * 200, 200))])
                if chance.random() < 0.5:
                    victim.signal(signal.SIGKILL)
                    members.remove(victim)
                    members.append(stack.enter_context(member(kafka, job)))
                else:
                    victim.signal(signal.SIGSTOP)
                    stalled_until = time.monotonic() + chance.uniform(0.2, 2.5)
                    await until(lambda: time.monotonic() > stalled_until, *members)  # noqa: B023
                    victim.signal(signal.SIGCONT)
            await until_copied(log, job)
        await expect_copied_once(kafka, job)
