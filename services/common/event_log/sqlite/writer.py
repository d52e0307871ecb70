"""The one thread of a process that writes to the log. Acts that wait together share a transaction.

A transaction costs a flush to disk whatever its size, so the writer takes all that is queued, runs each act in a
savepoint of its own, and commits once: an act that fails leaves its neighbours whole.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from services.common.errors import LogUnavailable

Result = TypeVar("Result")
Act = Callable[[sqlite3.Connection], Any]
Outcome = tuple[Any, Exception | None]
MAX_ACTS_TOGETHER = 64


class Writer:
    """`run(act)` calls `act(connection)` inside a transaction and returns its result once it is on disk."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._queue: queue.SimpleQueue[tuple[Act, asyncio.Future[Any]] | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._connection = connection
        self._thread = threading.Thread(target=self._work, name="log-writer", daemon=True)
        self._thread.start()

    async def run(self, act: Callable[[sqlite3.Connection], Result]) -> Result:
        """Raises what `act` raises, or LogUnavailable if the file cannot be written."""
        done: asyncio.Future[Result] = self._loop.create_future()
        self._queue.put((act, done))
        # The thread goes on whatever the caller does, so a cancelled caller leaves the write to end by itself.
        return await done

    async def close(self) -> None:
        """Finish what is queued, then close the file."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        self._connection.close()

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            together = [first]
            closing = False
            while len(together) < MAX_ACTS_TOGETHER and not closing:
                try:
                    act = self._queue.get_nowait()
                except queue.Empty:
                    break
                if act is None:
                    closing = True
                else:
                    together.append(act)
            self._settle(together, self._commit([act for act, _ in together]))
            if closing:
                return

    def _commit(self, acts: list[Act]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for act in acts:
                outcomes.append(self._try(act))
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            unavailable = LogUnavailable(f"log {self._path} cannot be written: {error}")
            failures: list[Exception | None] = [failure for _, failure in outcomes]
            failures += [None] * (len(acts) - len(failures))
            return [(None, failure or unavailable) for failure in failures]
        return outcomes

    def _try(self, act: Act) -> Outcome:
        self._connection.execute("SAVEPOINT act")
        try:
            result = act(self._connection)
        except sqlite3.Error:
            raise
        except Exception as error:
            self._connection.execute("ROLLBACK TO act")
            self._connection.execute("RELEASE act")
            return None, error
        self._connection.execute("RELEASE act")
        return result, None

    def _roll_back(self) -> None:
        # A full disk ends the transaction by itself, then there is nothing left to roll back.
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _settle(self, together: list[tuple[Act, asyncio.Future[Any]]], outcomes: list[Outcome]) -> None:
        def settle() -> None:
            for (_, done), (result, error) in zip(together, outcomes, strict=True):
                if done.done():
                    continue
                if error is None:
                    done.set_result(result)
                else:
                    done.set_exception(error)

        self._loop.call_soon_threadsafe(settle)
