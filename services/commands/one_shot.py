"""Commands that open the log, do one thing and end."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from services.common.clock import system_clock
from services.common.event_log.port import EventLog
from services.common.logs import set_up_logs
from services.common.runtime import ready_log
from services.settings import load_settings

Result = TypeVar("Result")


def with_log(log: str | None, act: Callable[[EventLog], Awaitable[Result]], *, create: bool | None = None) -> Result:
    """The act's result. Raises UsageError, or LogUnavailable at once: a person is waiting."""
    settings = load_settings(log=log, create_topics=create)
    set_up_logs(settings.log_level, settings.log_format)

    async def run() -> Result:
        async with ready_log(settings, system_clock) as event_log:
            return await act(event_log)

    return asyncio.run(run())
