"""Topics in the log's file: made as registered, compared, and kept to their retention."""

import sqlite3
from collections.abc import Collection
from datetime import datetime, timedelta

from schemas.topics import LogTopic
from services.common.errors import TopicMismatch
from services.common.event_log.sqlite.records import milliseconds
from services.common.event_log.sqlite.schema import first_id

TOMBSTONE_RETENTION = timedelta(days=1)  # Kafka's delete.retention.ms: a slow reader still sees the deletion
MAX_DELETED_TOGETHER = 1000  # keeps the write lock short; the rest goes next time


def ensure(connection: sqlite3.Connection, topics: Collection[LogTopic], *, create: bool) -> None:
    """Raises TopicMismatch with every difference between the file and the registry."""
    differences: list[str] = []
    for topic in topics:
        wanted = (topic.partitions, str(topic.cleanup), _retention_ms(topic))
        found = connection.execute(
            "SELECT partitions, cleanup, retention_ms FROM topics WHERE name = ?", (topic.name,)
        ).fetchone()
        if found is None and create:
            connection.execute("INSERT INTO topics VALUES (?, ?, ?, ?)", (topic.name, *wanted))
            connection.executemany(
                "INSERT INTO partitions (topic, partition) VALUES (?, ?)",
                [(topic.name, partition) for partition in range(topic.partitions)],
            )
        elif found is None:
            differences.append(f"{topic.name} is missing")
        else:
            differences += [
                f"{topic.name} has {name} {has}, registered is {wants}"
                for name, has, wants in zip(("partitions", "cleanup", "retention_ms"), found, wanted, strict=True)
                if has != wants
            ]
    if differences:
        raise TopicMismatch("topics differ from the registry: " + "; ".join(differences))


def clean(connection: sqlite3.Connection, now: datetime) -> int:
    """Delete some of what is past its retention; returns how many records went."""
    deleted = 0
    partitions = connection.execute(
        "SELECT p.id, t.cleanup, t.retention_ms FROM partitions p JOIN topics t ON t.name = p.topic"
    ).fetchall()
    for partition_id, cleanup, retention_ms in partitions:
        if cleanup == "compact":
            expired = milliseconds(now - TOMBSTONE_RETENTION)
            deleted += _forget_tombstones(connection, partition_id, expired)
        elif retention_ms is not None:
            deleted += _delete_oldest(connection, partition_id, milliseconds(now) - retention_ms)
    return deleted


def _retention_ms(topic: LogTopic) -> int | None:
    return None if topic.retention is None else topic.retention // timedelta(milliseconds=1)


def _delete_oldest(connection: sqlite3.Connection, partition_id: int, before_ms: int) -> int:
    """Timestamps rise within a partition, so the expired records are its first ones."""
    expired: list[tuple[int]] = []
    oldest = connection.execute(
        "SELECT id, timestamp_ms FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
        (first_id(partition_id), first_id(partition_id + 1), MAX_DELETED_TOGETHER),
    )
    for record_id, timestamp_ms in oldest:
        if timestamp_ms >= before_ms:
            break
        expired.append((record_id,))
    connection.executemany("DELETE FROM records WHERE id = ?", expired)
    return len(expired)


def _forget_tombstones(connection: sqlite3.Connection, partition_id: int, before_ms: int) -> int:
    tombstones = connection.execute(
        "SELECT id, key FROM records INDEXED BY tombstones"
        " WHERE id >= ? AND id < ? AND value IS NULL AND timestamp_ms < ? LIMIT ?",
        (first_id(partition_id), first_id(partition_id + 1), before_ms, MAX_DELETED_TOGETHER),
    ).fetchall()
    connection.executemany("DELETE FROM records WHERE id = ?", [(record_id,) for record_id, _ in tombstones])
    connection.executemany(
        "DELETE FROM newest WHERE partition_id = ? AND key = ?", [(partition_id, key) for _, key in tombstones]
    )
    return len(tombstones)
