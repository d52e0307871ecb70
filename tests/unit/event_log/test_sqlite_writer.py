"""The writing thread of the embedded log: acts share a transaction, and only a failing one fails."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from services.common.errors import LogUnavailable
from services.common.event_log.sqlite.schema import connect
from services.common.event_log.sqlite.writer import Writer
from tests.support.event_log import within


class Gate:
    """An act that holds the writer, so that others queue up behind it."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def __call__(self, _connection: sqlite3.Connection) -> None:
        self.entered.set()
        self.opened.wait()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.sqlite"


@pytest_asyncio.fixture
async def writer(path: Path) -> AsyncIterator[Writer]:
    writer = Writer(path, connect(path))
    yield writer
    await writer.close()


def add_group(name: str) -> Callable[[sqlite3.Connection], str]:
    def act(connection: sqlite3.Connection) -> str:
        connection.execute("INSERT INTO groups VALUES (?, 1)", (name,))
        return name

    return act


def fail_after(name: str, error: Exception) -> Callable[[sqlite3.Connection], None]:
    def act(connection: sqlite3.Connection) -> None:
        add_group(name)(connection)
        raise error

    return act


def groups(path: Path) -> list[str]:
    connection = connect(path)
    try:
        return [name for (name,) in connection.execute("SELECT name FROM groups ORDER BY name")]
    finally:
        connection.close()


async def run_together(writer: Writer, *acts: Callable[[sqlite3.Connection], object]) -> list[object]:
    gate = Gate()
    held = asyncio.create_task(writer.run(gate))
    await asyncio.to_thread(gate.entered.wait)
    waiting = [asyncio.create_task(writer.run(act)) for act in acts]
    await asyncio.sleep(0)  # each has queued its act
    gate.opened.set()
    await within(held)
    return await within(asyncio.gather(*waiting, return_exceptions=True))


async def test_acts_that_wait_together_share_a_transaction(writer: Writer, path: Path) -> None:
    statements: list[str] = []
    writer._connection.set_trace_callback(statements.append)
    assert await run_together(writer, add_group("a"), add_group("b"), add_group("c")) == ["a", "b", "c"]
    assert statements.count("COMMIT") == 2  # that of the gate, that of the three
    assert groups(path) == ["a", "b", "c"]


async def test_failing_act_leaves_its_neighbours_whole(writer: Writer, path: Path) -> None:
    failure = ZeroDivisionError("a refusal")
    results = await run_together(writer, add_group("a"), fail_after("bad", failure), add_group("c"))
    assert results == ["a", failure, "c"]
    assert groups(path) == ["a", "c"]


async def test_failing_disk_fails_all_that_share_the_transaction(writer: Writer, path: Path) -> None:
    results = await run_together(writer, add_group("a"), fail_after("bad", sqlite3.OperationalError("disk I/O error")))
    assert [type(result) for result in results] == [LogUnavailable, LogUnavailable]
    assert groups(path) == []
    assert await writer.run(add_group("later")) == "later"


async def test_act_of_a_cancelled_caller_is_done_all_the_same(writer: Writer, path: Path) -> None:
    gate = Gate()
    held = asyncio.create_task(writer.run(gate))
    await asyncio.to_thread(gate.entered.wait)
    cancelled = asyncio.create_task(writer.run(add_group("a")))
    await asyncio.sleep(0)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    gate.opened.set()
    await within(held)
    await within(writer.run(add_group("b")))
    assert groups(path) == ["a", "b"]


async def test_close_finishes_what_is_queued(path: Path) -> None:
    writer = Writer(path, connect(path))
    adding = [asyncio.create_task(writer.run(add_group(f"{number:03}"))) for number in range(200)]
    await asyncio.sleep(0)
    await writer.close()
    await within(asyncio.gather(*adding))
    assert len(groups(path)) == 200
