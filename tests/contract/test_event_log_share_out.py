"""`share_out` of any event log: partitions and groups, how shares stop, end and are lost."""

import asyncio

import pytest

from services.common.errors import OwnershipLost, UsageError
from services.common.event_log.partitions import partition_of
from services.common.event_log.port import Record, Share
from tests.support.event_log import (
    DEADLINE_SECONDS,
    Harness,
    append_numbers,
    held,
    held_all,
    lag_until,
    no_lag,
    poll_records,
    poll_some,
    read_values,
    return_at_once,
    within,
)


async def test_stop_between_poll_and_commit_moves_nothing(harness: Harness) -> None:
    source, group = harness.topic("source"), harness.group("group")
    stop = asyncio.Event()
    polled = []

    async def work(share: Share) -> None:
        polled.append([record.value for record in await poll_records(share)])
        stop.set()

    async with harness.open() as log:
        await log.ensure([source], create=True)
        await append_numbers(log, source.name, 2)
        await within(log.share_out(source.name, group, (), work, stop))
        async with held(log, source.name, group) as share:
            polled.append([record.value for record in await poll_records(share)])

    assert polled == [[b"0", b"1"]] * 2


async def test_stop_ends_a_waiting_poll_at_once(harness: Harness) -> None:
    source, group = harness.topic("source"), harness.group("group")
    stop, polling = asyncio.Event(), asyncio.Event()
    batches = []

    async def work(share: Share) -> None:
        assert not share.stopping
        polling.set()
        for _ in range(2):
            batches.append(await share.poll(10, 10 * DEADLINE_SECONDS))
        await share.wait_stopping()
        assert share.stopping

    async with harness.open() as log:
        await log.ensure([source], create=True)
        sharing = asyncio.create_task(log.share_out(source.name, group, (), work, stop))
        await within(polling.wait())
        stop.set()
        await within(sharing)

    assert [batch.records for batch in batches] == [(), ()]


async def test_stopping_work_can_commit_what_is_done(harness: Harness) -> None:
    source, target, group = harness.topic("source"), harness.topic("target"), harness.group("group")
    stop = asyncio.Event()

    async def work(share: Share) -> None:
        batch = await poll_some(share)
        stop.set()
        await share.wait_stopping()
        await share.commit([Record(target.name, "key", b"last")], batch.next_offset)

    async with harness.open() as log:
        await log.ensure([source, target], create=True)
        await append_numbers(log, source.name, 2)
        await within(log.share_out(source.name, group, (), work, stop))

        assert await read_values(log, target.name) == [b"last"]
        await no_lag(log, source.name, group)


async def test_partitions_run_concurrently(harness: Harness) -> None:
    source, group = harness.topic("source", 3), harness.group("group")
    meeting = asyncio.Barrier(3)
    met = []

    async def work(share: Share) -> None:
        await meeting.wait()
        met.append(share.partition)

    async with harness.open() as log:
        await log.ensure([source], create=True)
        await within(log.share_out(source.name, group, (), work, asyncio.Event()))

    assert sorted(met) == [0, 1, 2]


async def test_each_share_has_its_own_partition_in_order(harness: Harness) -> None:
    source, group = harness.topic("source", 3), harness.group("group")
    keys = [f"key-{number}" for number in range(9)]
    async with harness.open() as log:
        await log.ensure([source], create=True)
        for round_number in range(5):
            await log.append([Record(source.name, key, str(round_number).encode()) for key in keys])
        async with held_all(log, source.name, group, 3) as shares:
            for share in shares:
                expected = {key for key in keys if partition_of(key, 3) == share.partition}
                polled: dict[str | None, list[bytes | None]] = {}
                while sum(map(len, polled.values())) < 5 * len(expected):
                    for record in await poll_records(share, 4):
                        polled.setdefault(record.key, []).append(record.value)
                assert polled == {key: [b"0", b"1", b"2", b"3", b"4"] for key in expected}


async def test_groups_are_independent(harness: Harness) -> None:
    source, one, two = harness.topic("source"), harness.group("one"), harness.group("two")
    async with harness.open() as log:
        await log.ensure([source], create=True)
        await append_numbers(log, source.name, 2)
        async with held(log, source.name, one) as mine, held(log, source.name, two) as theirs:
            batch = await poll_some(mine)
            await mine.commit([], batch.next_offset)
            assert await poll_records(theirs) == batch.records
        await no_lag(log, source.name, one)
        assert (await log.lag(source.name, two))[0] > 0


async def test_table_with_other_partitions_than_the_source_is_refused(harness: Harness) -> None:
    source, table, group = harness.topic("source", 2), harness.topic("table", 3, compact=True), harness.group("group")
    async with harness.open() as log:
        await log.ensure([source, table], create=True)
        with pytest.raises(UsageError, match="as many partitions"):
            await within(log.share_out(source.name, group, (table.name,), return_at_once, asyncio.Event()))


async def test_source_that_is_not_there_is_refused(harness: Harness) -> None:
    async with harness.open() as log:
        with pytest.raises(UsageError, match="no topic"):
            await within(
                log.share_out(harness.topic("no").name, harness.group("g"), (), return_at_once, asyncio.Event())
            )


async def test_error_of_work_stops_all_and_is_raised(harness: Harness) -> None:
    source, group = harness.topic("source", 2), harness.group("group")
    both_run = asyncio.Barrier(2)
    ended = []

    async def work(share: Share) -> None:
        await both_run.wait()
        if share.partition == 0:
            raise ZeroDivisionError("a defect")
        try:
            await share.wait_stopping()
        finally:
            ended.append(share.partition)

    async with harness.open() as log:
        await log.ensure([source], create=True)
        with pytest.raises(ZeroDivisionError, match="a defect"):
            await within(log.share_out(source.name, group, (), work, asyncio.Event()))
        assert ended == [1]
        await within(log.share_out(source.name, group, (), return_at_once, asyncio.Event()))


async def test_work_that_returns_early_leaves_the_others_running(harness: Harness) -> None:
    source, group = harness.topic("source", 2), harness.group("group")
    first_ended, stop = asyncio.Event(), asyncio.Event()

    async def work(share: Share) -> None:
        if share.partition == 0:
            first_ended.set()
        else:
            await share.wait_stopping()

    async with harness.open() as log:
        await log.ensure([source], create=True)
        sharing = asyncio.create_task(log.share_out(source.name, group, (), work, stop))
        await within(first_ended.wait())
        await asyncio.wait({sharing}, timeout=0.1)
        assert not sharing.done()
        stop.set()
        await within(sharing)


async def test_share_is_over_with_its_member(harness: Harness) -> None:
    source, group = harness.topic("source"), harness.group("group")
    async with harness.open() as log:
        await log.ensure([source], create=True)
        async with held(log, source.name, group) as share:
            pass
        with pytest.raises(OwnershipLost):
            await within(share.poll(1, DEADLINE_SECONDS))
        with pytest.raises(OwnershipLost):
            await within(share.commit([Record(source.name, "key", b"late")]))
        assert await read_values(log, source.name) == []


async def test_deposed_owner_cannot_commit(harness: Harness) -> None:
    source, target, group = harness.topic("source"), harness.topic("target"), harness.group("group")
    attempted, stop = asyncio.Event(), asyncio.Event()
    refused: list[OwnershipLost] = []

    async def work(share: Share) -> None:
        if refused:
            return
        (record,) = await poll_records(share)
        await within(harness.depose(source.name, group, 0))
        try:
            await share.commit([Record(target.name, "key", b"stale")], record.offset + 1)
        except OwnershipLost as error:
            refused.append(error)
            raise
        finally:
            attempted.set()

    async with harness.open() as log:
        await log.ensure([source, target], create=True)
        await append_numbers(log, source.name, 1)
        sharing = asyncio.create_task(log.share_out(source.name, group, (), work, stop))
        await within(attempted.wait())
        stop.set()
        (ending,) = await within(asyncio.gather(sharing, return_exceptions=True))

        assert len(refused) == 1
        assert not isinstance(ending, OwnershipLost), "share_out has to deal with it"
        assert await read_values(log, target.name) == []
        assert (await log.lag(source.name, group))[0] > 0


async def test_lag_is_what_a_group_has_not_consumed(harness: Harness) -> None:
    source, group = harness.topic("source", 2), harness.group("group")
    async with harness.open() as log:
        await log.ensure([source], create=True)
        assert await log.lag(source.name, group) == {0: 0, 1: 0}

        await append_numbers(log, source.name, 5)
        partition = partition_of("key", 2)
        behind = await lag_until(log, source.name, group, lambda lag: lag[partition] >= 5)
        assert behind[1 - partition] == 0

        async with held_all(log, source.name, group, 2) as shares:
            share, last = shares[partition], behind[partition]
            for _ in range(2):
                await share.commit([], (await poll_some(share, 2)).next_offset)
                last = (await lag_until(log, source.name, group, lambda lag: lag[partition] < last))[partition]  # noqa: B023
                assert last > 0
            await share.commit([], (await poll_some(share, 2)).next_offset)
            await no_lag(log, source.name, group)
