"""The end of an aiokafka client within a bound, whatever the brokers do. The only place that knows its insides."""

import asyncio
import inspect
import math
import time
from collections.abc import Iterable
from typing import Any

from services.common.event_log.kafka.settings import Times

_LEAST_SECONDS = 0.3  # enough for brokers that answer

# The attributes by which a producer, consumer or admin client holds what runs its background tasks.
_PARTS = ("client", "_client", "_sender", "_message_accumulator", "_txn_manager", "_coordinator", "_fetcher", "_admin")


class Closing:
    """How long a client may take to end: once its member stops there is one time for all of them together."""

    def __init__(self) -> None:
        self._ends_at = math.inf

    def begin(self, times: Times) -> None:
        """The member stops now."""
        self._ends_at = time.monotonic() + times.closing_seconds

    def forget(self) -> None:
        """A member begins."""
        self._ends_at = math.inf

    def seconds(self, times: Times) -> float:
        return min(times.stop_seconds, max(_LEAST_SECONDS, self._ends_at - time.monotonic()))


async def stop_client(client: Any, seconds: float) -> None:
    """Stop it; after `seconds`, or when cancelled, cut off what still runs.

    Without the cut a consumer whose stop was given up may go on with its heartbeats and hold partitions for ever.
    """
    stop = getattr(client, "stop", None) or client.close
    stopping = asyncio.ensure_future(stop())
    try:
        await asyncio.wait({stopping}, timeout=seconds)
    finally:
        await _cut_off(client, {stopping})


async def _cut_off(client: Any, tasks: set[asyncio.Future[Any]]) -> None:
    """Does nothing to a client that has stopped well."""
    parts = [client, *(getattr(client, name) for name in _PARTS if getattr(client, name, None) is not None)]
    tasks |= set(_tasks_of(parts))
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=1.0)
    _note_failures([*tasks, *_futures_of(parts)])
    for part in parts:
        for connection in list(getattr(part, "_conns", {}).values()):
            connection.close()


def _note_failures(futures: Iterable[asyncio.Future[Any]]) -> None:
    """See the exceptions nobody waits for: asyncio would print each of them."""
    for future in futures:
        if future.done() and not future.cancelled():
            future.exception()


def _futures_of(parts: list[Any]) -> Iterable[asyncio.Future[Any]]:
    """Those in which a producer keeps why a transaction or a batch of it failed."""
    for part in parts:
        if (waiter := getattr(part, "_transaction_waiter", None)) is not None:
            yield waiter
        for batches in getattr(part, "_batches", {}).values():
            for batch in batches:
                yield from (batch.future, batch._drain_waiter)


def _tasks_of(parts: list[Any]) -> Iterable[asyncio.Task[Any]]:
    """Tasks that run a method of one of these objects."""
    for task in asyncio.all_tasks():
        coroutine = task.get_coro()
        if inspect.iscoroutine(coroutine):
            owner = inspect.getcoroutinelocals(coroutine).get("self")
            if any(owner is part for part in parts):
                yield task
