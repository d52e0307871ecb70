"""An open log file of this process: its writer, its reader, its end offsets, and where records are placed."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import timedelta
from pathlib import Path
from sqlite3 import Connection
from typing import Self

from services.common.clock import Clock, system_clock
from services.common.errors import LogUnavailable
from services.common.event_log.limits import refuse_oversize
from services.common.event_log.port import Record
from services.common.event_log.sqlite import topics
from services.common.event_log.sqlite.reader import Ends, Reader
from services.common.event_log.sqlite.records import Placement, insert, milliseconds
from services.common.event_log.sqlite.schema import connect_twice
from services.common.event_log.sqlite.writer import Act, Writer

CLEAN_EVERY = timedelta(minutes=5)


class LogFile:
    """Everything here runs in two threads of its own: nothing blocks the event loop."""

    @classmethod
    async def open(cls, path: Path, clock: Clock) -> Self:
        """Raises UsageError or LogUnavailable, see `connect`."""
        return cls(path, clock, *await asyncio.to_thread(connect_twice, path))

    def __init__(self, path: Path, clock: Clock, writing: Connection, reading: Connection) -> None:
        self.path = path
        self._clock = clock
        self.writer = Writer(path, writing)
        self.reader = Reader(path, reading)
        self.ends = Ends(self.reader)
        self._placement: Placement | None = None
        self._background = [asyncio.create_task(self.ends.watch())]
        if clock is system_clock:
            # By any other clock retention would delete what is not old, and keep what is.
            self._background.append(asyncio.create_task(self._clean_regularly()))

    async def close(self) -> None:
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.writer.close()
        await self.reader.close()

    async def placement_of(self, names: Collection[str]) -> Placement:
        """Where records of these topics go, read again if another process has made one of them since."""
        if self._placement is None or not all(self._placement.has(name) for name in names):
            self._placement = await self.reader.run(Placement)
        return self._placement

    async def write(self, records: Sequence[Record], guard: Act | None = None) -> None:
        """Write `records` in one transaction after `guard`, which may refuse by raising, and tell the readers."""
        refuse_oversize(records)
        placement = await self.placement_of({record.topic for record in records})
        timestamp_ms = milliseconds(self._clock())

        def act(connection: Connection) -> dict[int, int]:
            if guard is not None:
                guard(connection)
            return insert(connection, placement, records, timestamp_ms)

        self.ends.advance(await self.writer.run(act))

    async def _clean_regularly(self) -> None:
        while True:
            try:
                while await self.writer.run(lambda connection: topics.clean(connection, self._clock())):
                    pass
            except LogUnavailable:
                pass  # cleaning can wait; who writes articles hears of it
            await asyncio.sleep(CLEAN_EVERY.total_seconds())
