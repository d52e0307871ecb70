"""structlog, set up once: for people on a terminal, JSON elsewhere. Logs go to standard error."""

import logging
import sys
from enum import StrEnum

import orjson
import structlog

MAX_EXCEPTION_CHARACTERS = 4000


class LogFormat(StrEnum):
    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


def set_up_logs(level: str, log_format: LogFormat) -> None:
    """Events below `level` cost nothing. Libraries' own logs pass at warning and above, in the same form."""
    readable = log_format is LogFormat.CONSOLE or (log_format is LogFormat.AUTO and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _cap_exception,
    ]
    if readable:
        shared.append(structlog.dev.ConsoleRenderer())
        factory: structlog.PrintLoggerFactory | structlog.BytesLoggerFactory = structlog.PrintLoggerFactory(sys.stderr)
    else:
        shared.append(structlog.processors.JSONRenderer(serializer=orjson.dumps))
        factory = structlog.BytesLoggerFactory(sys.stderr.buffer)
    numeric = getattr(logging, level.upper())
    structlog.configure(
        processors=shared,
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_Forward()], level=max(numeric, logging.WARNING), force=True)


def _cap_exception(
    _logger: structlog.typing.WrappedLogger, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    if isinstance(text := event.get("exception"), str):
        event["exception"] = text[-MAX_EXCEPTION_CHARACTERS:]
    return event


class _Forward(logging.Handler):
    """Libraries' log records as events of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(
            record.levelno, "library.logged", logger=record.name, detail=record.getMessage()[:MAX_EXCEPTION_CHARACTERS]
        )
