"""The file of the embedded log: its tables, and how a connection to it is opened."""

import sqlite3
import time
from pathlib import Path

from services.common.errors import LogUnavailable, UsageError

APPLICATION_ID = 0x6E666C77  # "nflw": tells a log from other SQLite files
FORMAT_VERSION = 1
BUSY_TIMEOUT_SECONDS = 30.0  # other processes hold the write lock for milliseconds
WAL_RETRY_SECONDS = 0.01
OFFSET_BITS = 40  # a record's id is partition id << 40 | offset: one index, and each partition is one range of it

_TABLES = """
CREATE TABLE topics (
    name TEXT PRIMARY KEY,
    partitions INTEGER NOT NULL,
    cleanup TEXT NOT NULL,
    retention_ms INTEGER
) STRICT;
CREATE TABLE partitions (
    id INTEGER PRIMARY KEY,
    topic TEXT NOT NULL REFERENCES topics(name),
    partition INTEGER NOT NULL,
    next_offset INTEGER NOT NULL DEFAULT 0,
    UNIQUE (topic, partition)
) STRICT;
CREATE TABLE records (
    id INTEGER PRIMARY KEY,
    timestamp_ms INTEGER NOT NULL,
    key BLOB,
    headers TEXT,
    value BLOB
) STRICT;
CREATE INDEX tombstones ON records (id) WHERE value IS NULL;
CREATE TABLE newest (
    partition_id INTEGER NOT NULL,
    key BLOB NOT NULL,
    record_id INTEGER NOT NULL,
    PRIMARY KEY (partition_id, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE groups (
    name TEXT PRIMARY KEY,
    epoch INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE consumed (
    group_name TEXT NOT NULL,
    partition_id INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    PRIMARY KEY (group_name, partition_id)
) STRICT, WITHOUT ROWID;
"""


def connect(path: Path) -> sqlite3.Connection:
    """A connection with explicit transactions, durable at commit. May wait for other processes.

    Raises UsageError if the file cannot be a log of ours, LogUnavailable if it cannot be written now.
    """
    try:
        if path.is_dir():
            raise UsageError(f"log {path} is a folder; name a file in it")
        if not path.parent.is_dir():
            raise UsageError(f"log {path} cannot be made: the folder {path.parent} does not exist")
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    except (OSError, sqlite3.OperationalError) as error:
        raise LogUnavailable(f"log {path} cannot be opened: {error}") from error
    except sqlite3.DatabaseError as error:
        raise UsageError(f"log {path} is not a newsflow log, or it is damaged: {error}") from error
    return connection


def connect_twice(path: Path) -> tuple[sqlite3.Connection, sqlite3.Connection]:
    """One connection to write with, one to read with."""
    writing = connect(path)
    try:
        return writing, connect(path)
    except BaseException:
        writing.close()
        raise


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        if tables == 0:
            for statement in _TABLES.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
        elif application != APPLICATION_ID:
            raise UsageError(f"log {path} is an SQLite file of another program; choose another path")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version != FORMAT_VERSION:
            raise UsageError(f"log {path} has format {version}, this newsflow reads {FORMAT_VERSION}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    set_wal(connection)  # last: another program's file must stay as it is


def set_wal(connection: sqlite3.Connection) -> None:
    """SQLite does not wait for its busy timeout here: processes that open a new file together would fail."""
    deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(WAL_RETRY_SECONDS)
        else:
            return


def first_id(partition_id: int, offset: int = 0) -> int:
    """The record id of `offset` in a partition; that of the next partition's offset 0 ends the range."""
    return partition_id << OFFSET_BITS | offset


def offset_of(record_id: int) -> int:
    return record_id & ((1 << OFFSET_BITS) - 1)
