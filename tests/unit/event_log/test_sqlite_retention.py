"""What the embedded log keeps: streams for their retention, tables by key, tombstones for a day."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.common.event_log.port import Record
from services.common.event_log.sqlite.topics import TOMBSTONE_RETENTION, clean
from tests.support.event_log import SqliteHarness, held, poll_records, read_all, read_values

START = datetime(2026, 1, 1, tzinfo=UTC)


class SteppedClock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def clean_at(path: Path, moment: datetime) -> int:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        return clean(connection, moment)
    finally:
        connection.close()


def count(path: Path, table: str) -> int:
    connection = sqlite3.connect(path)
    try:
        (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        return int(rows)
    finally:
        connection.close()


async def test_stream_loses_what_is_past_its_retention(tmp_path: Path) -> None:
    harness, clock = SqliteHarness(tmp_path / "log.sqlite"), SteppedClock()
    topic = harness.topic("stream")
    assert topic.retention is not None
    async with harness.open(clock) as log:
        await log.ensure([topic], create=True)
        await log.append([Record(topic.name, "key", b"old")] * 2)
        clock.now += timedelta(hours=1)
        await log.append([Record(topic.name, "key", b"new")])

        assert clean_at(harness.path, START + topic.retention) == 0
        assert clean_at(harness.path, START + topic.retention + timedelta(milliseconds=1)) == 2
        (kept,) = await read_all(log, topic.name)
        assert (kept.value, kept.offset) == (b"new", 2)


async def test_group_behind_the_retention_goes_on_with_what_is_left(tmp_path: Path) -> None:
    harness = SqliteHarness(tmp_path / "log.sqlite")
    topic = harness.topic("stream")
    async with harness.open() as log:
        await log.ensure([topic], create=True)
        await log.append([Record(topic.name, "key", b"old")] * 2)
        async with held(log, topic.name, "group") as share:
            clean_at(harness.path, datetime.now(UTC) + timedelta(days=2))
            await log.append([Record(topic.name, "key", b"new")])
            assert [record.value for record in await poll_records(share)] == [b"new"]


async def test_poll_passes_what_retention_took_away(tmp_path: Path) -> None:
    harness = SqliteHarness(tmp_path / "log.sqlite")
    topic = harness.topic("stream")
    async with harness.open() as log:
        await log.ensure([topic], create=True)
        await log.append([Record(topic.name, "key", b"old")] * 3)
        clean_at(harness.path, datetime.now(UTC) + timedelta(days=2))
        async with held(log, topic.name, "group") as share:
            batch = await share.poll(10, 0.0)
            assert (batch.records, batch.next_offset) == ((), 3)
            await share.commit([], batch.next_offset)
        assert await log.lag(topic.name, "group") == {0: 0}


async def test_table_keeps_only_the_newest_record_of_a_key(tmp_path: Path) -> None:
    harness = SqliteHarness(tmp_path / "log.sqlite")
    table = harness.topic("table", compact=True)
    async with harness.open() as log:
        await log.ensure([table], create=True)
        await log.append([Record(table.name, "a", b"1"), Record(table.name, "b", b"1"), Record(table.name, "a", b"2")])
        await log.append([Record(table.name, "b", b"2")])
        await log.append([Record(table.name, "a", b"3")])
        assert [(record.offset, record.value) for record in await read_all(log, table.name)] == [(3, b"2"), (4, b"3")]

    assert clean_at(harness.path, datetime.now(UTC) + timedelta(days=1000)) == 0


async def test_tombstone_is_seen_for_a_day_then_forgotten(tmp_path: Path) -> None:
    harness, clock = SqliteHarness(tmp_path / "log.sqlite"), SteppedClock()
    table = harness.topic("table", compact=True)
    async with harness.open(clock) as log:
        await log.ensure([table], create=True)
        await log.append([Record(table.name, "gone", b"1"), Record(table.name, "kept", b"1")])
        await log.append([Record(table.name, "gone", None)])
        assert await read_values(log, table.name) == [b"1", None]

        assert clean_at(harness.path, START + TOMBSTONE_RETENTION) == 0
        assert clean_at(harness.path, START + TOMBSTONE_RETENTION + timedelta(milliseconds=1)) == 1
        assert await read_values(log, table.name) == [b"1"]
        assert count(harness.path, "newest") == 1

        await log.append([Record(table.name, "gone", b"back")])
        assert await read_values(log, table.name) == [b"1", b"back"]


async def test_deleted_articles_in_a_stream_keep_its_retention(tmp_path: Path) -> None:
    harness = SqliteHarness(tmp_path / "log.sqlite")
    topic = harness.topic("stream")
    async with harness.open() as log:
        await log.ensure([topic], create=True)
        await log.append([Record(topic.name, "key", None)])
        assert clean_at(harness.path, datetime.now(UTC) + timedelta(hours=23)) == 0
