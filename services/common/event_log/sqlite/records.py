"""Rows of the log's file to records and back. Each function runs on a connection inside one transaction."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import orjson

from schemas.cloudevents import Headers
from schemas.topics import MAX_RECORD_BYTES
from services.common.errors import UsageError
from services.common.event_log.partitions import partition_of
from services.common.event_log.port import Record, StoredRecord
from services.common.event_log.sqlite.schema import first_id, offset_of

MAX_BATCH_BYTES = 4 * MAX_RECORD_BYTES  # bounds what one poll holds in memory
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def milliseconds(moment: datetime) -> int:
    """Whole milliseconds since 1970."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


class Placement:
    """Where records of one log go: topic and partition to the partition's id, as the file has them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._ids: dict[str, list[int]] = {}
        for topic, partition_id in connection.execute("SELECT topic, id FROM partitions ORDER BY topic, partition"):
            self._ids.setdefault(topic, []).append(partition_id)
        self._compacted = {name for (name,) in connection.execute("SELECT name FROM topics WHERE cleanup = 'compact'")}

    def partition_ids(self, topic: str) -> Sequence[int]:
        """Ids of a topic's partitions, by partition number. Raises UsageError if the log has no such topic."""
        try:
            return self._ids[topic]
        except KeyError:
            raise UsageError(f"the log has no topic {topic}; `newsflow topics ensure` makes those it needs") from None

    def has(self, topic: str) -> bool:
        return topic in self._ids

    def partition(self, record: Record) -> int:
        partition_key = record.key if record.partition_key is None else record.partition_key
        return partition_of(partition_key, len(self.partition_ids(record.topic)))

    def is_compacted(self, topic: str) -> bool:
        return topic in self._compacted


def insert(
    connection: sqlite3.Connection, placement: Placement, records: Sequence[Record], timestamp_ms: int
) -> dict[int, int]:
    """Write records in their order; returns the new end offset of each partition touched, by partition id."""
    ends: dict[int, int] = {}
    rows: list[tuple[int, int, bytes, bytes | None, bytes | None]] = []
    for record in records:
        partition_id = placement.partition_ids(record.topic)[placement.partition(record)]
        if partition_id not in ends:
            ends[partition_id] = connection.execute(
                "SELECT next_offset FROM partitions WHERE id = ?", (partition_id,)
            ).fetchone()[0]
        record_id = first_id(partition_id, ends[partition_id])
        ends[partition_id] += 1
        key = record.key.encode("utf-8", "surrogateescape")
        row = (record_id, timestamp_ms, key, _dump_headers(record.headers), record.value)
        if placement.is_compacted(record.topic):
            _replace(connection, partition_id, row)
        else:
            rows.append(row)
    connection.executemany(_INSERT, rows)
    connection.executemany(
        "UPDATE partitions SET next_offset = ? WHERE id = ?",
        [(end, partition_id) for partition_id, end in ends.items()],
    )
    return ends


_INSERT = "INSERT INTO records (id, timestamp_ms, key, headers, value) VALUES (?, ?, ?, CAST(? AS TEXT), ?)"


def _replace(
    connection: sqlite3.Connection, partition_id: int, row: tuple[int, int, bytes, bytes | None, bytes | None]
) -> None:
    """Compaction at once: a newer record of a key removes the older one."""
    record_id, _, key, _, _ = row
    connection.execute(
        "DELETE FROM records WHERE id = (SELECT record_id FROM newest WHERE partition_id = ? AND key = ?)",
        (partition_id, key),
    )
    connection.execute(_INSERT, row)
    connection.execute("INSERT OR REPLACE INTO newest VALUES (?, ?, ?)", (partition_id, key, record_id))


def fetch(
    connection: sqlite3.Connection, topic: str, partition: int, partition_id: int, offset: int, max_records: int
) -> tuple[StoredRecord, ...]:
    """Up to `max_records` records from `offset` on, in order; fewer if they are large."""
    rows = connection.execute(
        "SELECT id, timestamp_ms, key, headers, value FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
        (first_id(partition_id, offset), first_id(partition_id + 1), max_records),
    )
    records: list[StoredRecord] = []
    size = 0
    for record_id, timestamp_ms, key, headers, value in rows:
        records.append(
            StoredRecord(
                topic,
                partition,
                offset_of(record_id),
                _EPOCH + timedelta(milliseconds=timestamp_ms),
                None if key is None else key.decode("utf-8", "surrogateescape"),
                value,
                _load_headers(headers),
            )
        )
        size += len(value or b"")
        if size > MAX_BATCH_BYTES:
            break
    return tuple(records)


def table_rows(connection: sqlite3.Connection, partition_id: int) -> Mapping[str, bytes]:
    """Latest value by key of a compacted partition."""
    rows = connection.execute(
        "SELECT key, value FROM records WHERE id >= ? AND id < ? AND value IS NOT NULL ORDER BY id",
        (first_id(partition_id), first_id(partition_id + 1)),
    )
    return {key.decode("utf-8", "surrogateescape"): value for key, value in rows}


def _dump_headers(headers: Headers) -> bytes | None:
    # Latin-1 maps each byte to one character, so any header value survives in JSON.
    return orjson.dumps([(name, value.decode("latin-1")) for name, value in headers]) if headers else None


def _load_headers(text: str | None) -> Headers:
    return tuple((name, value.encode("latin-1")) for name, value in orjson.loads(text)) if text else ()
