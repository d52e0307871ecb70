"""Groups of the embedded log have one member; and readers, where only this adapter can go wrong."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from services.common.errors import GroupTaken, LogUnavailable
from services.common.event_log.port import Record, Share, Start
from services.common.event_log.sqlite.reader import Ends, Reader
from services.common.event_log.sqlite.schema import connect
from tests.support.event_log import SqliteHarness, held, within
from tests.support.event_log_processes import ended, process


def hold_and_die(harness: SqliteHarness, source: str) -> None:
    async def die(_share: Share) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    async def run() -> None:
        async with harness.open() as log:
            await log.share_out(source, "group", (), die, asyncio.Event())

    asyncio.run(run())


def expect_group_taken(harness: SqliteHarness, source: str) -> None:
    async def run() -> None:
        async with harness.open() as log, held(log, source, "other group"):
            with pytest.raises(GroupTaken, match="another process runs group on log"):
                async with held(log, source, "group"):
                    pass

    asyncio.run(run())


async def test_second_member_is_refused(tmp_path: Path) -> None:
    harness = SqliteHarness(tmp_path / "log.sqlite")
    source = harness.topic("source")
    async with harness.open() as log:
        await log.ensure([source], create=True)
        async with held(log, source.name, "group"):
            with process(expect_group_taken, harness, source.name) as other:
                assert await ended(other) == 0
            with pytest.raises(GroupTaken):
                async with held(log, source.name, "group"):
                    pass


async def test_killed_member_leaves_its_group_free(tmp_path: Path) -> None:
    harness = SqliteHarness(tmp_path / "log.sqlite")
    source = harness.topic("source")
    async with harness.open() as log:
        await log.ensure([source], create=True)
        with process(hold_and_die, harness, source.name) as other:
            assert await ended(other) == -signal.SIGKILL
        async with held(log, source.name, "group"):
            pass


async def test_taken_over_group_is_told_as_one_line(tmp_path: Path) -> None:
    harness = SqliteHarness(tmp_path / "log.sqlite")
    source = harness.topic("source")

    async def work(share: Share) -> None:
        await within(harness.depose(source.name, "group", 0))
        await share.commit([])

    async with harness.open() as log:
        await log.ensure([source], create=True)
        with pytest.raises(GroupTaken):
            await within(log.share_out(source.name, "group", (), work, asyncio.Event()))


async def test_follower_keeps_what_came_while_it_read_over_a_gap(tmp_path: Path) -> None:
    harness = SqliteHarness(tmp_path / "log.sqlite")
    table = harness.topic("table", 2, compact=True)
    async with harness.open() as log:
        await log.ensure([table], create=True)
        first = Record(table.name, "first", b"", partition_key="foobar")  # partition 0 of 2
        gap = Record(table.name, "gap", b"", partition_key="abc")  # partition 1 of 2
        await log.append([gap] * 3 + [first])
        async with aclosing(log.read(table.name, Start.EARLIEST)) as records:
            seen = [(await within(anext(records))).key]
            # The reader has looked up both ends by now and goes on to the other partition.
            await log.append(
                [Record(table.name, f"new-{n}", b"", partition_key=k) for n in range(2) for k in ("abc", "foobar")]
            )
            seen += [(await within(anext(records))).key for _ in range(5)]

    assert sorted(key or "" for key in seen) == ["first", "gap", "new-0", "new-0", "new-1", "new-1"]


class ReaderThatFailsFirst(Reader):
    def __init__(self, path: Path) -> None:
        super().__init__(path, connect(path))
        self.failures = 2

    async def run(self, query: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self.failures:
            self.failures -= 1
            raise LogUnavailable("not now")
        return await super().run(query, *args, **kwargs)


async def test_watching_goes_on_after_a_failed_look(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    other = connect(path)
    other.execute("INSERT INTO topics VALUES ('stream', 1, 'delete', NULL)")
    other.execute("INSERT INTO partitions VALUES (1, 'stream', 0, 5)")
    other.close()
    reader = ReaderThatFailsFirst(path)
    ends = Ends(reader)
    watching = asyncio.create_task(ends.watch())
    await within(ends.wait_beyond({1: 4}, None))
    assert reader.failures == 0
    watching.cancel()
    await asyncio.wait({watching})
    await reader.close()
