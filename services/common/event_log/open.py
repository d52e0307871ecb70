"""From a log's address, as the setting has it, to the adapter."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from services.common.clock import Clock, system_clock
from services.common.errors import UsageError
from services.common.event_log.port import EventLog

_FORMS = "sqlite:///path/to/file or kafka://host:port[,host:port…]"
_HOST_AND_PORT = re.compile(r"([\w.-]+|\[[0-9A-Fa-f:]+\]):\d{1,5}")


def open_log(address: str, clock: Clock = system_clock, *, replication: int = 1) -> EventLog:
    """The log at `address`, to be entered as a context manager. Raises UsageError if the address is malformed.

    `replication` is how many copies Kafka keeps of a topic that `ensure` creates.
    """
    parts = urlsplit(address)
    if parts.scheme == "sqlite" and not parts.netloc and len(parts.path) > 1:
        from services.common.event_log.sqlite.log import SqliteLog

        # As in other SQLite addresses: three slashes name a relative path, four an absolute one.
        return SqliteLog(Path(parts.path[1:]), clock)
    brokers = parts.netloc.split(",")
    if parts.scheme == "kafka" and parts.path in {"", "/"} and all(map(_HOST_AND_PORT.fullmatch, brokers)):
        from services.common.event_log.kafka.log import KafkaLog

        return KafkaLog(brokers, clock, replication)
    raise UsageError(f"log address {address!r} is not understood; write {_FORMS}")
