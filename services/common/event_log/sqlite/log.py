"""The embedded log: one SQLite file that several processes may use. See the port for what each act means."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from pathlib import Path
from sqlite3 import Connection
from types import TracebackType
from typing import Self

from schemas.topics import LogTopic
from services.common.clock import Clock
from services.common.errors import OwnershipLost
from services.common.event_log.partitions import refuse_unequal
from services.common.event_log.port import Record, Start, Stop, StoredRecord, Work
from services.common.event_log.sqlite import topics as topic_table
from services.common.event_log.sqlite.file import LogFile
from services.common.event_log.sqlite.records import fetch
from services.common.event_log.sqlite.shares import SqliteShare, begin_epoch, consumed_offset, group_taken, hold_group
from services.common.tasks import first_failure

READ_RECORDS = 200


class SqliteLog:
    """The adapter for one machine."""

    _file: LogFile

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock

    async def __aenter__(self) -> Self:
        self._file = await LogFile.open(self._path, self._clock)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._file.close()

    async def ensure(self, topics: Collection[LogTopic], *, create: bool) -> None:
        await self._file.writer.run(lambda connection: topic_table.ensure(connection, topics, create=create))

    async def append(self, records: Sequence[Record]) -> None:
        await self._file.write(records)

    async def read(self, topic: str, start: Start, *, follow: bool = True) -> AsyncGenerator[StoredRecord, None]:
        file = self._file
        partition_ids = (await file.placement_of({topic})).partition_ids(topic)
        await file.ends.refresh()
        ends = {partition_id: file.ends[partition_id] for partition_id in partition_ids}
        positions = dict.fromkeys(partition_ids, 0) if start is Start.EARLIEST else dict(ends)
        while follow or any(positions[partition_id] < end for partition_id, end in ends.items()):
            if follow:
                await file.ends.wait_beyond(positions, None)
                ends = {partition_id: file.ends[partition_id] for partition_id in partition_ids}
            for partition, partition_id in enumerate(partition_ids):
                end, position = ends[partition_id], positions[partition_id]
                if position >= end:
                    continue
                records = await file.reader.run(
                    fetch, topic, partition, partition_id, position, min(READ_RECORDS, end - position)
                )
                positions[partition_id] = records[-1].offset + 1 if records else end
                for record in records:
                    if follow or record.offset < end:
                        yield record

    async def share_out(self, source: str, group: str, tables: Collection[str], work: Work, stop: Stop) -> None:
        placement = await self._file.placement_of({source, *tables})
        refuse_unequal({topic: len(placement.partition_ids(topic)) for topic in (source, *tables)})
        with hold_group(self._path, group):
            epoch = await self._file.writer.run(lambda connection: begin_epoch(connection, group))
            shares = [
                SqliteShare(self._file, source, partition, partition_id, group, epoch, stop)
                for partition, partition_id in enumerate(placement.partition_ids(source))
            ]

            async def run(share: SqliteShare) -> None:
                await share.restore(tables)
                try:
                    await work(share)
                except OwnershipLost:
                    raise group_taken(self._path, group) from None

            async def wake_polls() -> None:
                await stop.wait()
                self._file.ends.wake_all()

            waker = asyncio.create_task(wake_polls())
            try:
                with first_failure():
                    async with asyncio.TaskGroup() as running:
                        for share in shares:
                            running.create_task(run(share))
            finally:
                waker.cancel()
                for share in shares:
                    share.end()

    async def lag(self, source: str, group: str) -> Mapping[int, int]:
        partition_ids = (await self._file.placement_of({source})).partition_ids(source)

        def query(connection: Connection) -> dict[int, int]:
            ends = dict(connection.execute("SELECT id, next_offset FROM partitions").fetchall())
            return {
                partition: ends[partition_id] - consumed_offset(connection, group, partition_id)
                for partition, partition_id in enumerate(partition_ids)
            }

        return await self._file.reader.run(query)

    async def check(self) -> None:
        await self._file.reader.run(lambda connection: connection.execute("SELECT count(*) FROM topics").fetchone())
