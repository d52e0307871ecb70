"""The one thread of a process that reads the log, and the end offsets that readers wait on."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from services.common.errors import LogUnavailable

Params = ParamSpec("Params")
Result = TypeVar("Result")
LOOK_SECONDS = 0.02  # how soon commits of other processes are noticed; the port promises 50 ms


class Reader:
    """Runs queries on its own connection, off the event loop."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="log-reader")

    async def run(
        self,
        query: Callable[Concatenate[sqlite3.Connection, Params], Result],
        *args: Params.args,
        **kwargs: Params.kwargs,
    ) -> Result:
        """Raises LogUnavailable if the file cannot be read."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._executor, lambda: query(self._connection, *args, **kwargs))
        except sqlite3.Error as error:
            raise LogUnavailable(f"log {self._path} cannot be read: {error}") from error

    async def close(self) -> None:
        await asyncio.to_thread(self._executor.shutdown)
        self._connection.close()


class Ends:
    """The end offset of every partition, by partition id: told by our own commits, looked up for those of others."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._ends: dict[int, int] = {}
        self._waiters: dict[int, set[asyncio.Future[None]]] = {}
        self._data_version: int | None = None

    def __getitem__(self, partition_id: int) -> int:
        return self._ends.get(partition_id, 0)

    def advance(self, ends: Mapping[int, int]) -> None:
        """Note new ends and wake who waits for them."""
        for partition_id, end in ends.items():
            if end > self[partition_id]:
                self._ends[partition_id] = end
                self._wake(partition_id)

    def wake_all(self) -> None:
        for partition_id in list(self._waiters):
            self._wake(partition_id)

    async def wait_beyond(self, positions: Mapping[int, int], wait_seconds: float | None) -> None:
        """Return when a partition has records at or after its position, on `wake_all`, or after `wait_seconds`."""
        if any(self[partition_id] > position for partition_id, position in positions.items()):
            return
        woken = asyncio.get_running_loop().create_future()
        for partition_id in positions:
            self._waiters.setdefault(partition_id, set()).add(woken)
        try:
            await asyncio.wait((woken,), timeout=wait_seconds)
        finally:
            for partition_id in positions:
                self._waiters[partition_id].discard(woken)

    async def refresh(self) -> None:
        """Look the ends up if any process has committed since the last look."""
        found = await self._reader.run(_ends_if_changed, self._data_version)
        if found is not None:
            self._data_version, ends = found
            self.advance(ends)

    async def watch(self) -> None:
        """Refresh for ever."""
        while True:
            with suppress(LogUnavailable):  # who reads hears of it; the next look may succeed
                await self.refresh()
            await asyncio.sleep(LOOK_SECONDS)

    def _wake(self, partition_id: int) -> None:
        for waiter in self._waiters.get(partition_id, ()):
            if not waiter.done():
                waiter.set_result(None)


def _ends_if_changed(connection: sqlite3.Connection, seen: int | None) -> tuple[int, dict[int, int]] | None:
    (version,) = connection.execute("PRAGMA data_version").fetchone()
    if version == seen:
        return None
    return version, dict(connection.execute("SELECT id, next_offset FROM partitions").fetchall())
