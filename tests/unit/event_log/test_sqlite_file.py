"""The file of the embedded log: which files it takes, and what it says of the others."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from services.common.errors import LogUnavailable, NewsflowError, UsageError
from services.common.event_log.open import open_log
from services.common.event_log.port import Record
from services.common.event_log.sqlite.schema import FORMAT_VERSION, connect, set_wal
from tests.support.event_log import SqliteHarness, read_values


async def refusal(path: Path) -> NewsflowError:
    with pytest.raises(NewsflowError) as refused:
        async with open_log(f"sqlite:///{path}"):
            pass
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)
    return refused.value


async def test_folder_is_refused(tmp_path: Path) -> None:
    error = await refusal(tmp_path)
    assert isinstance(error, UsageError)
    assert "is a folder" in str(error)


async def test_file_in_a_missing_folder_is_refused(tmp_path: Path) -> None:
    error = await refusal(tmp_path / "missing" / "log.sqlite")
    assert isinstance(error, UsageError)
    assert "does not exist" in str(error)


async def test_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"Not a database, but long enough to have a header. " * 100)
    before = path.read_bytes()
    error = await refusal(path)
    assert isinstance(error, UsageError)
    assert path.read_bytes() == before


async def test_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (id INTEGER)")
    connection.close()
    before = path.read_bytes()
    error = await refusal(path)
    assert isinstance(error, UsageError)
    assert "another program" in str(error)
    assert path.read_bytes() == before


async def test_log_of_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    connection = connect(path)
    connection.execute(f"PRAGMA user_version = {FORMAT_VERSION + 1}")
    connection.close()
    error = await refusal(path)
    assert isinstance(error, UsageError)
    assert f"format {FORMAT_VERSION + 1}" in str(error)


async def test_file_that_cannot_be_opened_now_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    path.symlink_to(tmp_path / "nowhere" / "log.sqlite")
    assert isinstance(await refusal(path), LogUnavailable)


def test_new_file_can_be_opened_by_many_at_once(tmp_path: Path) -> None:
    openers = 8
    together = threading.Barrier(openers)

    def open_together(path: Path) -> None:
        together.wait()
        connect(path).close()

    with ThreadPoolExecutor(openers) as threads:
        for number in range(10):
            path = tmp_path / f"log-{number}.sqlite"
            for opened in [threads.submit(open_together, path) for _ in range(openers)]:
                opened.result()


def test_journal_mode_waits_for_another_process_that_writes(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    writer = connect(path)
    writer.execute("PRAGMA journal_mode = DELETE")  # as a process leaves it that was killed while making the file
    opener = sqlite3.connect(path, check_same_thread=False)
    writer.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as threads:
        setting = threads.submit(set_wal, opener)
        assert not wait([setting], timeout=0.1).done
        writer.execute("COMMIT")
        setting.result()
    assert opener.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    opener.close()
    writer.close()


async def test_full_disk_is_unavailable_writes_nothing_and_passes(tmp_path: Path) -> None:
    harness = SqliteHarness(tmp_path / "log.sqlite")
    topic = harness.topic("stream")
    async with harness.open() as log:
        await log.ensure([topic], create=True)
        connection = log._file.writer._connection  # type: ignore[attr-defined]
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 1}")
        with pytest.raises(LogUnavailable, match="full"):
            await log.append([Record(topic.name, "key", b"small"), Record(topic.name, "key", bytes(100_000))])
        assert await read_values(log, topic.name) == []

        connection.execute("PRAGMA max_page_count = 1000000")
        await log.append([Record(topic.name, "key", b"small")])
        assert await read_values(log, topic.name) == [b"small"]


async def test_damaged_file_is_unavailable_to_readers(tmp_path: Path) -> None:
    harness = SqliteHarness(tmp_path / "log.sqlite")
    topic = harness.topic("stream")
    async with harness.open() as log:
        await log.ensure([topic], create=True)
        await log.append([Record(topic.name, "key", bytes(4000)) for _ in range(500)])
    content = bytearray(harness.path.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    harness.path.write_bytes(content)

    async with harness.open() as log:
        with pytest.raises(LogUnavailable):
            await read_values(log, topic.name)
