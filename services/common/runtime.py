"""How a service starts and stops.

Start: settings → logs → metrics and HTTP port → log → topics → ready → loops. Stop: not ready → loops finish their
batch → commit → close. The first signal drains within a budget, the second kills.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Final, NoReturn, TypeVar

import structlog
from prometheus_client import CollectorRegistry

from schemas.topics import LOG_TOPICS
from services.common.backoff import backoff_seconds
from services.common.clock import Clock, system_clock
from services.common.endpoints import endpoints
from services.common.errors import LogUnavailable
from services.common.event_log.open import open_log
from services.common.event_log.port import EventLog
from services.common.health import Health
from services.common.metrics import Metrics
from services.common.settings import RuntimeSettings
from services.common.tasks import first_failure
from services.common.watch import StageWatch

Result = TypeVar("Result")
KILLED_EXIT_CODE: Final = 130
PROBE_SECONDS: Final = 10.0
CLOSE_SECONDS: Final = 1.5  # with the default drain, SIGTERM ends a service within ten seconds


@dataclass(frozen=True, slots=True)
class Runtime:
    """What a service works with."""

    log: EventLog
    clock: Clock
    stop: asyncio.Event
    health: Health
    metrics: Metrics
    watch: StageWatch


Service = Callable[[Runtime], Awaitable[None]]


async def serve(settings: RuntimeSettings, services: Mapping[str, Service]) -> None:
    """Run services by name until a signal. Raises UsageError for a user's mistake, else what a service raised."""
    log = structlog.get_logger()
    health = Health()
    metrics = Metrics(CollectorRegistry())
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        stack.enter_context(stop_on_signals(stop))
        stack.callback(asyncio.create_task(_exit_within(stop, settings.drain_seconds + CLOSE_SECONDS)).cancel)
        port = await stack.enter_async_context(
            endpoints(settings.http_host, settings.http_port, health, metrics.registry)
        )
        log.info("service.starting", services=list(services), log=settings.log, http_port=port)
        event_log = await until_available(
            lambda: stack.enter_async_context(ready_log(settings, system_clock)), stop, health
        )
        if event_log is None:
            return
        await stack.enter_async_context(probed(event_log, health))
        health.clear("start")
        log.info("service.ready", services=list(services))
        runtime = Runtime(event_log, system_clock, stop, health, metrics, StageWatch(health, metrics))
        await run_services(runtime, services, settings.drain_seconds)
    log.info("service.stopped", services=list(services))


@asynccontextmanager
async def ready_log(settings: RuntimeSettings, clock: Clock) -> AsyncIterator[EventLog]:
    """The log of the settings, with all topics as registered. Raises LogUnavailable, UsageError."""
    async with open_log(settings.log, clock, replication=settings.replication) as event_log:
        await event_log.ensure(LOG_TOPICS.values(), create=settings.creates_topics)
        yield event_log


@asynccontextmanager
async def probed(event_log: EventLog, health: Health, every_seconds: float = PROBE_SECONDS) -> AsyncIterator[None]:
    """Meanwhile not ready whenever the log does not answer."""
    probing = asyncio.create_task(_probe(event_log, health, every_seconds))
    try:
        yield
    finally:
        probing.cancel()
        await asyncio.wait({probing})


async def _probe(event_log: EventLog, health: Health, every_seconds: float) -> NoReturn:
    while True:
        await asyncio.sleep(every_seconds)
        try:
            await event_log.check()
        except LogUnavailable as error:
            health.block("log", str(error))
        else:
            health.clear("log")


async def run_services(runtime: Runtime, services: Mapping[str, Service], drain_seconds: float) -> None:
    """Run until `runtime.stop`, then give the services `drain_seconds` to finish their batches.

    Raises the first error of a service; the others are cancelled. What a cancelled service had not committed is
    done again by whoever takes its partitions.
    """
    with first_failure():
        async with asyncio.TaskGroup() as running:
            tasks = [running.create_task(_run(service, runtime), name=name) for name, service in services.items()]
            drain = running.create_task(_drain(runtime, tasks, drain_seconds))
            await asyncio.wait(tasks)
            drain.cancel()


async def _run(service: Service, runtime: Runtime) -> None:
    await service(runtime)


async def _drain(runtime: Runtime, tasks: list[asyncio.Task[None]], seconds: float) -> None:
    await runtime.stop.wait()
    runtime.health.block("stop", "draining")
    _, late = await asyncio.wait(tasks, timeout=seconds)
    for task in late:
        structlog.get_logger().warning("service.drain_cut", service=task.get_name(), after_seconds=seconds)
        task.cancel()


async def _exit_within(stop: asyncio.Event, seconds: float) -> None:
    """End the process if closing hangs, as clients of a log that is gone may: commits make that safe."""
    await stop.wait()
    await asyncio.sleep(seconds)
    structlog.get_logger().warning("service.exit_forced", after_seconds=seconds)
    os._exit(1)


async def until_available(act: Callable[[], Awaitable[Result]], stop: asyncio.Event, health: Health) -> Result | None:
    """The act's result, tried until the log is available; None if the stop came first."""
    attempt = 0
    while not stop.is_set():
        try:
            result = await act()
        except LogUnavailable as error:
            wait_seconds = backoff_seconds(attempt)
            attempt += 1
            health.block("log", str(error))
            structlog.get_logger().warning("log.unavailable", detail=str(error), wait_seconds=round(wait_seconds, 1))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), wait_seconds)
        else:
            health.clear("log")
            return result
    return None


@contextmanager
def stop_on_signals(stop: asyncio.Event) -> Iterator[None]:
    """SIGINT and SIGTERM set `stop`; a second one ends the process at once."""
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if stop.is_set():
            os._exit(KILLED_EXIT_CODE)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
