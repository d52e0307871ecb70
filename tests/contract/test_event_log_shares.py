"""A share of any event log: poll, commit, and its tables."""

import asyncio
import random

import pytest

from schemas.topics import MAX_RECORD_BYTES
from services.common.errors import OwnershipLost, RecordTooLarge, UsageError
from services.common.event_log.partitions import partition_of
from services.common.event_log.port import EventLog, Record
from tests.support.event_log import (
    DEADLINE_SECONDS,
    Harness,
    append_numbers,
    held,
    held_all,
    poll_records,
    poll_some,
    read_values,
    within,
)
from tests.support.event_log_processes import append_batches, process


async def test_first_poll_starts_at_the_earliest_record(harness: Harness) -> None:
    source, group = harness.topic("source"), harness.group("group")
    async with harness.open() as log:
        await log.ensure([source], create=True)
        await append_numbers(log, source.name, 3)
        async with held(log, source.name, group) as share:
            records = await poll_records(share)

    assert [record.value for record in records] == [b"0", b"1", b"2"]
    assert (records[0].topic, records[0].partition, records[0].key) == (source.name, 0, "key")


async def test_polls_follow_each_other_and_take_no_more_than_asked(harness: Harness) -> None:
    source, group = harness.topic("source"), harness.group("group")
    async with harness.open() as log:
        await log.ensure([source], create=True)
        await append_numbers(log, source.name, 7)
        async with held(log, source.name, group) as share:
            polled: list[bytes | None] = []
            while len(polled) < 7:
                batch = await within(share.poll(3, DEADLINE_SECONDS))
                assert len(batch.records) <= 3
                assert all(record.offset < batch.next_offset for record in batch.records)
                polled += [record.value for record in batch.records]

    assert polled == [str(number).encode() for number in range(7)]


async def test_poll_without_records_is_empty_after_its_wait(harness: Harness) -> None:
    source, group = harness.topic("source"), harness.group("group")
    async with harness.open() as log:
        await log.ensure([source], create=True)
        async with held(log, source.name, group) as share:
            assert (await within(share.poll(10, 0.0))).records == ()
            assert (await within(share.poll(10, 0.05))).records == ()


async def test_waiting_poll_sees_what_another_process_commits(harness: Harness) -> None:
    source, group = harness.topic("source"), harness.group("group")
    async with harness.open() as log:
        await log.ensure([source], create=True)
        async with held(log, source.name, group) as share:
            waiting = asyncio.create_task(poll_records(share))
            with process(append_batches, harness, source.name, "other", 1, 2):
                records = await within(waiting)

    assert [record.value for record in records] == [b"other:0", b"other:1"]


async def test_cancelled_poll_loses_nothing(harness: Harness) -> None:
    source, group = harness.topic("source"), harness.group("group")
    chance = random.Random(3)
    async with harness.open() as log:
        await log.ensure([source], create=True)
        async with held(log, source.name, group) as share:
            polled: list[bytes | None] = []
            appending = asyncio.create_task(append_one_by_one(log, source.name, 30))
            async with asyncio.timeout(DEADLINE_SECONDS):
                while len(polled) < 30:
                    try:
                        async with asyncio.timeout(chance.choice((0, 0.001, 0.01))):
                            batch = await share.poll(3, 0.02)
                    except TimeoutError:
                        continue
                    polled += [record.value for record in batch.records]
            await appending

    assert polled == [str(number).encode() for number in range(30)]


async def test_commit_moves_the_group_and_writes_its_records(harness: Harness) -> None:
    source, first, second, group = (
        harness.topic("source"),
        harness.topic("first"),
        harness.topic("second"),
        harness.group("group"),
    )
    async with harness.open() as log:
        await log.ensure([source, first, second], create=True)
        await append_numbers(log, source.name, 4)
        async with held(log, source.name, group) as share:
            batch = await poll_some(share, 2)
            await share.commit([Record(first.name, "a", b"one"), Record(second.name, "b", b"two")], batch.next_offset)
            assert await read_values(log, first.name) == [b"one"]
            assert await read_values(log, second.name) == [b"two"]

    async with harness.open() as log, held(log, source.name, group) as share:
        rest = await poll_records(share)
        assert [record.value for record in rest] == [str(n).encode() for n in range(len(batch.records), 4)]


async def test_commit_without_consumed_moves_nothing(harness: Harness) -> None:
    source, target, group = harness.topic("source"), harness.topic("target"), harness.group("group")
    async with harness.open() as log:
        await log.ensure([source, target], create=True)
        await append_numbers(log, source.name, 1)
        async with held(log, source.name, group) as share:
            await poll_records(share)
            await share.commit([Record(target.name, "key", b"written")])
        assert await read_values(log, target.name) == [b"written"]

        async with held(log, source.name, group) as share:
            assert [record.value for record in await poll_records(share)] == [b"0"]


async def test_commit_may_only_move_the_group(harness: Harness) -> None:
    source, group = harness.topic("source"), harness.group("group")
    async with harness.open() as log:
        await log.ensure([source], create=True)
        await append_numbers(log, source.name, 1)
        async with held(log, source.name, group) as share:
            await share.commit([], (await poll_some(share)).next_offset)
        await append_numbers(log, source.name, 1, b"later")
        async with held(log, source.name, group) as share:
            assert [record.value for record in await poll_records(share)] == [b"later0"]


async def test_tables_are_restored_to_their_latest_values(harness: Harness) -> None:
    source, table, group = harness.topic("source", 2), harness.topic("table", 2, compact=True), harness.group("group")
    async with harness.open() as log:
        await log.ensure([source, table], create=True)
        await log.append([Record(table.name, key, b"old") for key in ("21", "foobar", "gone")])
        await log.append([Record(table.name, "21", b"new"), Record(table.name, "gone", None)])
        await log.append([Record(table.name, "moved", b"by home", partition_key="21")])
        async with held_all(log, source.name, group, 2, (table.name,)) as shares:
            held_values = [dict(share.tables[table.name]) for share in shares]

    expected: list[dict[str, bytes]] = [{}, {}]
    expected[partition_of("21", 2)] |= {"21": b"new", "moved": b"by home"}
    expected[partition_of("foobar", 2)] |= {"foobar": b"old"}
    assert held_values == expected


async def test_commit_updates_tables_for_this_share_and_the_next(harness: Harness) -> None:
    source, table, group = harness.topic("source"), harness.topic("table", compact=True), harness.group("group")
    async with harness.open() as log:
        await log.ensure([source, table], create=True)
        async with held(log, source.name, group, (table.name,)) as share:
            assert share.tables == {table.name: {}}
            await share.commit([Record(table.name, "a", b"1"), Record(table.name, "b", b"1")])
            await share.commit([Record(table.name, "a", None), Record(table.name, "b", b"2")])
            await share.commit([Record(table.name, "c", b""), Record(table.name, "d", b"1")])
            await share.commit([Record(table.name, "d", b"2"), Record(table.name, "d", None)])
            assert share.tables == {table.name: {"b": b"2", "c": b""}}

    async with harness.open() as log, held(log, source.name, group, (table.name,)) as share:
        assert share.tables == {table.name: {"b": b"2", "c": b""}}


async def test_refused_commit_writes_nothing_moves_nothing_and_leaves_the_tables(harness: Harness) -> None:
    source, target, table = harness.topic("source"), harness.topic("target"), harness.topic("table", compact=True)
    group = harness.group("group")
    too_large = random.Random(1).randbytes(MAX_RECORD_BYTES + 1)
    async with harness.open() as log:
        await log.ensure([source, target, table], create=True)
        await append_numbers(log, source.name, 1)
        async with held(log, source.name, group, (table.name,)) as share:
            (record,) = await poll_records(share)
            change = Record(table.name, "key", b"new")
            with pytest.raises(RecordTooLarge):
                await share.commit([change, Record(target.name, "key", too_large)], record.offset + 1)
            with pytest.raises(UsageError, match="no topic"):
                await share.commit([change, Record(harness.topic("missing").name, "key", b"")], record.offset + 1)
            assert share.tables == {table.name: {}}
            await share.commit([Record(target.name, "key", b"the share still works")])

        assert await read_values(log, target.name) == [b"the share still works"]
        assert await read_values(log, table.name) == []
        async with held(log, source.name, group) as share:
            assert await poll_records(share) == (record,)


async def test_table_records_of_another_partition_are_refused(harness: Harness) -> None:
    source, table, group = harness.topic("source", 2), harness.topic("table", 2, compact=True), harness.group("group")
    async with harness.open() as log:
        await log.ensure([source, table], create=True)
        async with held_all(log, source.name, group, 2, (table.name,)) as shares:
            other = shares[1 - partition_of("key", 2)]
            with pytest.raises(ValueError, match="partition"):
                await other.commit([Record(table.name, "key", b"astray")])
        assert await read_values(log, table.name) == []


async def test_cancelled_commit_ends_the_share(harness: Harness) -> None:
    source, table, group = harness.topic("source"), harness.topic("table", compact=True), harness.group("group")
    async with harness.open() as log:
        await log.ensure([source, table], create=True)
        async with held(log, source.name, group, (table.name,)) as share:
            committing = asyncio.create_task(share.commit([Record(table.name, "key", b"perhaps")]))
            await asyncio.wait({committing}, timeout=0)
            committing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await within(committing)
            with pytest.raises(OwnershipLost):
                await share.commit([Record(table.name, "key", b"next")])


async def append_one_by_one(log: EventLog, topic: str, count: int) -> None:
    for number in range(count):
        await log.append([Record(topic, "key", str(number).encode())])
