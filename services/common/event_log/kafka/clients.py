"""aiokafka's clients, set as the log needs them, bounded in time, and their errors in our words."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import IllegalOperation, KafkaError

from services.common.errors import LogUnavailable
from services.common.event_log.kafka.closing import Closing, stop_client
from services.common.event_log.kafka.settings import (
    BATCH_BYTES,
    FETCH_BYTES,
    MAX_MESSAGE_BYTES,
    NEVER_MS,
    RETRY_BACKOFF_SECONDS,
    Times,
)
from services.common.event_log.port import Start

# Besides its own errors aiokafka lets these through when a connection or a producer ends between two of its steps.
FAILURES = (KafkaError, OSError, IllegalOperation, AssertionError, KeyError, AttributeError)


@dataclass(frozen=True, slots=True)
class Brokers:
    """Where a Kafka is, and the clients for it. aiokafka's defaults are unsafe: every setting that matters is here."""

    addresses: Sequence[str]
    times: Times
    closing: Closing = field(default_factory=Closing)

    def __str__(self) -> str:
        return f"Kafka at {','.join(self.addresses)}"

    def producer(self, transactional_id: str) -> AIOKafkaProducer:
        """Not yet started. Starting it fences every earlier producer of that id and ends its transaction."""
        return AIOKafkaProducer(
            bootstrap_servers=list(self.addresses),
            client_id="newsflow",
            transactional_id=transactional_id,
            transaction_timeout_ms=_ms(self.times.transaction_seconds),
            acks="all",
            compression_type="zstd",
            max_batch_size=BATCH_BYTES,
            max_request_size=MAX_MESSAGE_BYTES,
            retry_backoff_ms=_ms(RETRY_BACKOFF_SECONDS),
            request_timeout_ms=_ms(self.times.request_seconds),
        )

    def reader(self, start: Start | None) -> AIOKafkaConsumer:
        """Without a group: it reads the partitions it is told to, from `start` unless it is told where.

        It goes there, too, when a broker has no record at its position; with None it raises then.
        """
        return self._consumer(auto_offset_reset="none" if start is None else start.value)

    def member(self, group: str, client_id: str, assignor: object) -> AIOKafkaConsumer:
        """A member of a group. `assignor` says who gets which partition."""
        return self._consumer(
            group_id=group,
            client_id=client_id,
            auto_offset_reset=Start.EARLIEST.value,
            partition_assignment_strategy=(assignor,),
            session_timeout_ms=_ms(self.times.session_seconds),
            heartbeat_interval_ms=_ms(self.times.heartbeat_seconds),
            request_timeout_ms=_ms(self.times.join_seconds),
            # aiokafka never joins again once it was idle for this long (#1187), and a member is always idle.
            max_poll_interval_ms=NEVER_MS,
        )

    def admin(self) -> AIOKafkaAdminClient:
        return AIOKafkaAdminClient(
            bootstrap_servers=list(self.addresses),
            client_id="newsflow",
            request_timeout_ms=_ms(self.times.request_seconds),
        )

    async def stop(self, client: Any) -> None:
        """End a client, well if that does not take too long."""
        await stop_client(client, self.closing.seconds(self.times))

    def _consumer(self, **settings: object) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            bootstrap_servers=list(self.addresses),
            isolation_level="read_committed",
            enable_auto_commit=False,
            max_partition_fetch_bytes=FETCH_BYTES,
            retry_backoff_ms=_ms(RETRY_BACKOFF_SECONDS),
            **{"client_id": "newsflow", "request_timeout_ms": _ms(self.times.request_seconds), **settings},
        )

    @asynccontextmanager
    async def limited(self, seconds: float, what: str) -> AsyncIterator[None]:
        """Bound the block in time: aiokafka may wait for ever when brokers are gone. Raises LogUnavailable."""
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError as error:
            raise LogUnavailable(f"{self} does not answer: {what} took more than {seconds:g} s") from error
        except FAILURES as error:
            raise LogUnavailable(f"{self} does not answer: {what}: {one_line(error)}") from error


def one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def quieten() -> None:
    """aiokafka logs each failed request of each client at error level; what matters of it is raised or told by us.

    A level that somebody set on the logger `aiokafka` stays.
    """
    logger = logging.getLogger("aiokafka")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.CRITICAL)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
