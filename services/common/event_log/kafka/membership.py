"""Membership of a consumer group: which partitions are ours. It fetches nothing; each share reads for itself.

So a rebalance leaves a share alone whose partition stays here, and a share never depends on what aiokafka does to the
positions of a consumer that is rebalanced.
"""

import asyncio
import uuid
from collections.abc import Callable, Collection
from typing import NoReturn

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from services.common.backoff import backoff_seconds
from services.common.errors import LogUnavailable
from services.common.event_log.kafka.assignor import KeepingAssignor
from services.common.event_log.kafka.clients import Brokers, one_line
from services.common.event_log.kafka.questions import Questions

ASSIGNMENT_TRIES = 4  # sessions without being a member until we join anew


class Membership:
    """`changed` is set whenever `assigned` changes; it stays as it was while we are between two memberships."""

    def __init__(
        self, brokers: Brokers, questions: Questions, source: str, group: str, held: Callable[[], Collection[int]]
    ) -> None:
        self._brokers = brokers
        self._questions = questions
        self._source = source
        self._group = group
        self._assignor = KeepingAssignor(held)
        self._client_id = ""
        self._log = structlog.get_logger().bind(group=group)
        self.assigned: frozenset[int] = frozenset()
        self.changed = asyncio.Event()

    async def run(self) -> NoReturn:
        """Be a member until cancelled, then leave. Joins anew whenever aiokafka's own membership is broken."""
        attempt = 0
        while True:
            self._client_id = f"newsflow-{uuid.uuid4().hex}"
            consumer = self._brokers.member(self._group, self._client_id, self._assignor)
            try:
                async with self._brokers.limited(self._brokers.times.start_seconds, "joining a group"):
                    await consumer.start()
                attempt = 0
                consumer.subscribe([self._source], listener=_Listener(consumer, self._note))
                await self._watch(consumer)
            except (LogUnavailable, KafkaError) as error:
                wait_seconds = backoff_seconds(attempt)
                self._log.warning("event_log.not_joined", detail=one_line(error), wait_seconds=round(wait_seconds, 1))
                await asyncio.sleep(wait_seconds)
                attempt += 1
            finally:
                await self._brokers.stop(consumer)

    async def confirm(self, partition: int) -> bool:
        """Whether the group's coordinator says that the partition is ours. Raises LogUnavailable."""
        assignment = await self._questions.assignment(self._group)
        return assignment is not None and TopicPartition(self._source, partition) in assignment.get(
            self._client_id, frozenset()
        )

    async def _watch(self, consumer: AIOKafkaConsumer) -> None:
        """Return when we are a member no longer although the coordinator answers; raise what aiokafka failed of."""
        missed = 0
        while missed < ASSIGNMENT_TRIES:
            await asyncio.sleep(self._brokers.times.session_seconds)
            await _raise_failure(consumer)
            try:
                assignment = await self._questions.assignment(self._group)
            except LogUnavailable as error:
                self._log.warning("event_log.unavailable", detail=str(error))
                continue
            is_missing = assignment is not None and self._client_id not in assignment
            missed = missed + 1 if is_missing else 0
        self._log.warning("event_log.membership_lost")

    def _note(self, partitions: frozenset[int]) -> None:
        self._log.info("event_log.partitions_assigned", partitions=sorted(partitions))
        self.assigned = partitions
        self.changed.set()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Records and wakes, nothing else: heartbeats stand still during these calls, and their errors are lost."""

    def __init__(self, consumer: AIOKafkaConsumer, note: Callable[[frozenset[int]], None]) -> None:
        self._consumer = consumer
        self._note = note

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Shares go on: each is safe by its producer, and most come back at once."""

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self._consumer.pause(*assigned)
        self._note(frozenset(partition.partition for partition in assigned))


async def _raise_failure(consumer: AIOKafkaConsumer) -> None:
    """aiokafka keeps a failure of its background tasks until somebody fetches. A rebalance would make that wait."""
    try:
        async with asyncio.timeout(0.1):
            await consumer.getmany(timeout_ms=0)
    except TimeoutError:
        pass
