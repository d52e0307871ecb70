"""What one asks a Kafka cluster: its topics, offsets and groups. Clients start at the first question."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    KafkaConnectionError,
    NodeNotReadyError,
    NotCoordinatorForGroupError,
    RequestTimedOutError,
    for_code,
)
from aiokafka.structs import OffsetAndMetadata

from services.common.errors import LogUnavailable
from services.common.event_log.kafka.clients import Brokers
from services.common.event_log.kafka.settings import RETRY_BACKOFF_SECONDS
from services.common.event_log.port import Start

Answer = TypeVar("Answer")
_LOOK_MS = 20
# What a cluster answers while it makes its internal topics, or moves them.
_SETTLING = (GroupCoordinatorNotAvailableError, GroupLoadInProgressError, NotCoordinatorForGroupError)
# What one dead broker of several looks like: aiokafka asks any of them, and the next may be another.
_BROKER_GONE = (KafkaConnectionError, NodeNotReadyError, RequestTimedOutError)


@dataclass(frozen=True, slots=True)
class TopicState:
    """Partitions of a topic, and whether each has a leader."""

    partitions: int
    is_ready: bool


class Questions:
    """Each raises LogUnavailable if there is no answer in time."""

    def __init__(self, brokers: Brokers) -> None:
        self._brokers = brokers
        self._admin = _Client(brokers, brokers.admin)
        self._reader = _Client(brokers, lambda: brokers.reader(Start.EARLIEST))
        self._looker = _Client(brokers, lambda: brokers.reader(Start.EARLIEST))
        self._looking = asyncio.Lock()

    async def close(self) -> None:
        await asyncio.gather(self._admin.close(), self._reader.close(), self._looker.close())

    async def ask(self, what: str, question: Callable[[AIOKafkaAdminClient], Awaitable[Answer]]) -> Answer:
        """Any question an admin client has an answer to."""
        return await self._admin.ask(what, question)

    async def topics(self) -> dict[str, TopicState]:
        """All topics: a question that names one would make the cluster create it."""
        described = await self.ask("listing topics", lambda admin: admin.describe_topics())
        return {
            topic["topic"]: TopicState(
                len(topic["partitions"]), all(partition["leader"] >= 0 for partition in topic["partitions"])
            )
            for topic in described
        }

    async def configs(self, topics: Collection[str]) -> dict[str, dict[str, str]]:
        """The settings of topics that exist."""
        resources = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics]
        responses = await self.ask("describing topics", lambda admin: admin.describe_configs(resources))
        found: dict[str, dict[str, str]] = {}
        for response in responses:
            for error_code, message, _, topic, entries in response.resources:
                if error_code:
                    raise LogUnavailable(f"{self._brokers} cannot describe topic {topic}: {message}")
                found[topic] = {name: value for name, value, *_ in entries}
        return found

    async def committed(self, group: str, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Offsets a group has committed; without those partitions for which it has none."""
        wanted = list(partitions)

        async def question(admin: AIOKafkaAdminClient) -> dict[TopicPartition, OffsetAndMetadata]:
            answer = await admin.list_consumer_group_offsets(group, partitions=wanted)
            # aiokafka drops the error of an answer without partitions: a broker's that is not, or not yet, coordinator.
            if not answer.keys() >= set(wanted):
                raise NotCoordinatorForGroupError(group)
            return dict(answer)

        offsets = await self.ask("reading committed offsets", question)
        return {partition: offset.offset for partition, offset in offsets.items() if offset.offset >= 0}

    async def bounds(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, tuple[int, int]]:
        """The offset of the first record, and that behind the last committed one."""

        async def question(reader: AIOKafkaConsumer) -> dict[TopicPartition, tuple[int, int]]:
            starts = await reader.beginning_offsets(list(partitions))
            ends = await reader.end_offsets(list(partitions))
            return {partition: (starts[partition], ends[partition]) for partition in partitions}

        return await self._reader.ask("reading end offsets", question) if partitions else {}

    async def with_records(self, ranges: Mapping[TopicPartition, tuple[int, int]]) -> set[TopicPartition]:
        """Those partitions that have a record between two offsets, and not only the markers of transactions."""

        async def question(reader: AIOKafkaConsumer) -> set[TopicPartition]:
            found: set[TopicPartition] = set()
            waiting = set(ranges)
            reader.assign(list(ranges))
            for partition, (start, _) in ranges.items():
                reader.seek(partition, start)
            try:
                while waiting:
                    found.update(await reader.getmany(*waiting, timeout_ms=_LOOK_MS, max_records=1))
                    waiting -= found
                    for partition in list(waiting):
                        if await reader.position(partition) >= ranges[partition][1]:
                            waiting.discard(partition)
            finally:
                reader.unsubscribe()
            return found

        if not ranges:
            return set()
        async with self._looking:
            return await self._looker.ask("looking for records", question)

    async def assignment(self, group: str) -> Mapping[str, frozenset[TopicPartition]] | None:
        """Partitions by client id, as the group's coordinator has it; None while the group is not settled."""
        (response,) = await self.ask("describing a group", lambda admin: admin.describe_consumer_groups([group]))
        (described,) = response.to_object()["groups"]
        if described["error_code"]:
            reason = for_code(described["error_code"]).__name__
            raise LogUnavailable(f"{self._brokers} cannot describe group {group}: {reason}")
        if described["state"] not in {"Stable", "Empty", "Dead"}:
            return None
        return {
            member["client_id"]: frozenset(
                ConsumerProtocolMemberAssignment.decode(member["member_assignment"]).partitions()
            )
            for member in described["members"]
        }


class _Client:
    """A client started at the first question and thrown away after a failed one: its addresses may be stale."""

    def __init__(self, brokers: Brokers, make: Callable[[], Any]) -> None:
        self._brokers = brokers
        self._make = make
        self._started: Any = None
        self._starting = asyncio.Lock()

    async def ask(self, what: str, question: Callable[[Any], Awaitable[Answer]]) -> Answer:
        client = await self._start()
        try:
            async with self._brokers.limited(self._brokers.times.call_seconds, what):
                while True:
                    try:
                        return await question(client)
                    except (*_SETTLING, *_BROKER_GONE):
                        await asyncio.sleep(RETRY_BACKOFF_SECONDS)
        except LogUnavailable:
            if self._started is client:
                await self.close()
            raise

    async def close(self) -> None:
        client, self._started = self._started, None
        if client is not None:
            await self._brokers.stop(client)

    async def _start(self) -> Any:
        async with self._starting:
            if self._started is None:
                client = self._make()
                try:
                    async with self._brokers.limited(self._brokers.times.call_seconds, "connecting"):
                        await client.start()
                except BaseException:
                    await self._brokers.stop(client)
                    raise
                self._started = client
            return self._started
