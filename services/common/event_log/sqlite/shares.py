"""Consumer groups of the embedded log: one member, held by a lock of the operating system, and its shares."""

import asyncio
import fcntl
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from services.common.errors import GroupTaken, LogUnavailable, OwnershipLost
from services.common.event_log.port import Batch, Record, Stop
from services.common.event_log.sqlite.file import LogFile
from services.common.event_log.sqlite.records import fetch, table_rows


@contextmanager
def hold_group(path: Path, group: str) -> Iterator[None]:
    """Hold the group's lock: it dies with this process, however that ends. Raises GroupTaken."""
    try:
        lock = path.with_name(f"{path.name}-{group}.lock").open("w")
    except OSError as error:
        raise LogUnavailable(f"group {group} of log {path} cannot be locked: {error}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise group_taken(path, group) from None
        yield


def group_taken(path: Path, group: str) -> GroupTaken:
    return GroupTaken(f"another process runs {group} on log {path}; an embedded log takes one, Kafka takes many")


def begin_epoch(connection: sqlite3.Connection, group: str) -> int:
    """A number that fences every earlier member of the group, should the lock ever fail (as on a network disk)."""
    row = connection.execute(
        "INSERT INTO groups VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET epoch = epoch + 1 RETURNING epoch", (group,)
    ).fetchone()
    return int(row[0])


def consumed_offset(connection: sqlite3.Connection, group: str, partition_id: int) -> int:
    row = connection.execute(
        "SELECT next_offset FROM consumed WHERE group_name = ? AND partition_id = ?", (group, partition_id)
    ).fetchone()
    return 0 if row is None else int(row[0])


class SqliteShare:
    """One partition of a source topic; see the port."""

    def __init__(
        self, file: LogFile, source: str, partition: int, partition_id: int, group: str, epoch: int, stop: Stop
    ) -> None:
        self._file = file
        self._source = source
        self._partition = partition
        self._partition_id = partition_id
        self._group = group
        self._epoch = epoch
        self._stop = stop
        self._position = 0
        self._tables: dict[str, dict[str, bytes]] = {}
        self._over = False

    @property
    def partition(self) -> int:
        return self._partition

    @property
    def tables(self) -> Mapping[str, Mapping[str, bytes]]:
        return self._tables

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    async def wait_stopping(self) -> None:
        await self._stop.wait()

    async def restore(self, tables: Collection[str]) -> None:
        """Load the tables and the group's position."""
        placement = await self._file.placement_of(tables)
        for table in tables:
            rows = await self._file.reader.run(table_rows, placement.partition_ids(table)[self._partition])
            self._tables[table] = dict(rows)
        self._position = await self._file.reader.run(consumed_offset, self._group, self._partition_id)

    async def poll(self, max_records: int, wait_seconds: float) -> Batch:
        self._refuse_when_over()
        ends = self._file.ends
        if not self.stopping:
            await ends.wait_beyond({self._partition_id: self._position}, wait_seconds)
        end = ends[self._partition_id]
        if self.stopping or end <= self._position:
            return Batch((), self._position)
        records = await self._file.reader.run(
            fetch, self._source, self._partition, self._partition_id, self._position, max_records
        )
        # Nothing there although the end is beyond: compaction or retention has removed it all.
        self._position = records[-1].offset + 1 if records else end
        return Batch(records, self._position, max(0, end - self._position))

    async def commit(self, records: Sequence[Record], consumed: int | None = None) -> None:
        self._refuse_when_over()
        placement = await self._file.placement_of({record.topic for record in records})
        changes = [record for record in records if record.topic in self._tables]
        for record in changes:
            if placement.partition(record) != self._partition:
                raise ValueError(f"record {record.key} of table {record.topic} is not of partition {self._partition}")
        try:
            await self._file.write(records, guard=partial(self._consume, consumed))
        except asyncio.CancelledError:
            self.end()  # it is written all the same, or not: the tables here may be behind
            raise
        for record in changes:
            if record.value is None:
                self._tables[record.topic].pop(record.key, None)
            else:
                self._tables[record.topic][record.key] = record.value

    def _consume(self, consumed: int | None, connection: sqlite3.Connection) -> None:
        (epoch,) = connection.execute("SELECT epoch FROM groups WHERE name = ?", (self._group,)).fetchone()
        if epoch != self._epoch:
            raise OwnershipLost(f"another process took over group {self._group}")
        if consumed is not None:
            connection.execute(
                "INSERT OR REPLACE INTO consumed VALUES (?, ?, ?)", (self._group, self._partition_id, consumed)
            )

    def end(self) -> None:
        self._over = True

    def _refuse_when_over(self) -> None:
        if self._over:
            raise OwnershipLost(f"the share of {self._source} partition {self._partition} has ended")
