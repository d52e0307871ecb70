"""Worker processes for CPU-heavy work: off the event loop, limited in memory, killed at a deadline and replaced."""

import asyncio
import ctypes
import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Callable
from concurrent.futures import CancelledError as FutureCancelledError
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from pebble import ProcessExpired, ProcessPool

from schemas.reasons import Reason
from services.common.errors import NewsflowError

Params = ParamSpec("Params")
Result = TypeVar("Result")
_PR_SET_PDEATHSIG = 1


class WorkerFailed(NewsflowError):
    """The work was lost with its process; the process has been replaced."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Workers:
    """A pool of processes. Functions given to it must be importable, and their arguments picklable."""

    def __init__(
        self,
        processes: int,
        memory_bytes: int,
        prepare: Callable[..., None] | None = None,
        arguments: tuple[object, ...] = (),
    ) -> None:
        """`prepare(*arguments)` runs once in each new process; `memory_bytes` limits its address space."""
        self._new_pool = partial(
            ProcessPool,
            max_workers=processes,
            # A forked child would inherit our threads' locks and the log's connection.
            context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(memory_bytes, prepare, arguments),
        )
        self._pool: ProcessPool = self._new_pool()

    async def __aenter__(self) -> Self:
        # The pool starts its processes on its first work: let them load while others get ready.
        self._pool.schedule(_nothing)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await asyncio.to_thread(_end, self._pool)

    async def ready(self, timeout_seconds: float) -> None:
        """Return once a process is prepared. Raises NewsflowError if none can be: it has said why by itself."""
        try:
            await self.run(timeout_seconds, _nothing)
        except WorkerFailed as error:
            raise NewsflowError(f"worker processes do not start: {error}") from error

    async def run(
        self, timeout_seconds: float, function: Callable[Params, Result], *args: Params.args, **kwargs: Params.kwargs
    ) -> Result:
        """The function's result, or its own exception; WorkerFailed if its process died or passed the deadline."""
        pool = self._pool
        try:
            future = pool.schedule(function, args=args, kwargs=kwargs, timeout=timeout_seconds)
            result: Result = await asyncio.wrap_future(future)
        except TimeoutError as error:
            raise WorkerFailed(Reason.WORKER_TIMED_OUT, f"took longer than {timeout_seconds:g} s") from error
        except ProcessExpired as error:
            raise WorkerFailed(Reason.WORKER_DIED, f"the worker process ended with code {error.exitcode}") from error
        except MemoryError as error:
            raise WorkerFailed(Reason.WORKER_DIED, "the worker process ran out of memory") from error
        except (BrokenProcessPool, RuntimeError) as error:
            if not isinstance(error, BrokenProcessPool) and pool.active:
                raise  # the function's own
            # All processes died at once or while they had no work, which pebble takes for the end of the pool.
            if pool is self._pool:
                self._pool = self._new_pool()
                await asyncio.to_thread(_end, pool)
            raise WorkerFailed(Reason.WORKER_DIED, "the worker processes ended") from error
        except FutureCancelledError as error:
            raise asyncio.CancelledError from error
        return result


def _end(pool: ProcessPool) -> None:
    pool.stop()
    pool.join()


def _nothing() -> None:
    """Work that only wakes a process."""


def _begin(memory_bytes: int, prepare: Callable[..., None] | None, arguments: tuple[object, ...]) -> None:
    # Ctrl-C reaches the whole process group, but the parent decides when a worker ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A worker must not outlive a parent that was killed.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    if prepare is not None:
        try:
            prepare(*arguments)
        except Exception as error:
            print(f"newsflow: worker process: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
