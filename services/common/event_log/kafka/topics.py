"""Topics on Kafka: made as registered, compared, and how many partitions each has."""

import asyncio
import time
from collections.abc import Collection, Mapping
from datetime import timedelta

from aiokafka.admin import NewTopic
from aiokafka.errors import for_code

from schemas.topics import Cleanup, LogTopic
from services.common.errors import LogUnavailable, TopicMismatch, UsageError
from services.common.event_log.kafka.clients import Brokers
from services.common.event_log.kafka.questions import Questions, TopicState
from services.common.event_log.kafka.settings import MAX_MESSAGE_BYTES, TABLE_SEGMENT_BYTES

_TOPIC_ALREADY_EXISTS = 36
_INVALID_REPLICATION_FACTOR = 38
NEWS_SECONDS = 1.0  # within which all brokers have heard of a topic that one has made; milliseconds if all is well
_SETTLE_SECONDS = 0.05  # between looks at topics that are being made


class Topics:
    def __init__(self, brokers: Brokers, questions: Questions, replication: int) -> None:
        self._brokers = brokers
        self._questions = questions
        self._replication = replication
        self._partitions: dict[str, int] = {}

    async def partitions(self, names: Collection[str]) -> Mapping[str, int]:
        """How many each topic has (these and others). Raises UsageError if the log has no such topic."""
        if not all(name in self._partitions for name in names):
            self._partitions = {name: state.partitions for name, state in (await self._topics_with(names)).items()}
        for name in names:
            if name not in self._partitions:
                raise UsageError(f"the log has no topic {name}; `newsflow topics ensure` makes those it needs")
        return self._partitions

    async def ensure(self, topics: Collection[LogTopic], *, create: bool) -> None:
        """See the port."""
        there = await (self._questions.topics() if create else self._topics_with([topic.name for topic in topics]))
        known = [topic for topic in topics if topic.name in there]
        missing = [topic for topic in topics if topic.name not in there]
        configs = await self._questions.configs([topic.name for topic in known]) if known else {}
        differences = [
            difference
            for topic in known
            for difference in _differences(topic, there[topic.name].partitions, configs[topic.name])
        ]
        if not create:
            differences += [f"{topic.name} is missing" for topic in missing]
        if differences:
            raise TopicMismatch("topics differ from the registry: " + "; ".join(differences))
        if missing:
            await self._create(missing)

    async def _topics_with(self, names: Collection[str]) -> Mapping[str, TopicState]:
        """All topics. A broker that has not heard of a new one yet, as others have, is given a moment."""
        deadline = time.monotonic() + NEWS_SECONDS
        while True:
            there = await self._questions.topics()
            if there.keys() >= set(names) or time.monotonic() > deadline:
                return there
            await asyncio.sleep(_SETTLE_SECONDS)

    async def _create(self, topics: Collection[LogTopic]) -> None:
        """Return once each has leaders. Another process may make the same topics at the same time."""
        wanted = [NewTopic(topic.name, topic.partitions, self._replication, None, _configs(topic)) for topic in topics]
        response = await self._questions.ask("creating topics", lambda admin: admin.create_topics(wanted))
        for name, code, *message in response.topic_errors:
            if code == _INVALID_REPLICATION_FACTOR:
                raise UsageError(
                    f"{self._brokers} cannot keep {self._replication} copies of topic {name}; "
                    "set NEWSFLOW_REPLICATION to the number of its brokers, or fewer"
                )
            if code not in {0, _TOPIC_ALREADY_EXISTS}:
                reason = message[0] if message and message[0] else for_code(code).__name__
                raise LogUnavailable(f"{self._brokers} cannot create topic {name}: {reason}")
        async with self._brokers.limited(self._brokers.times.start_seconds, "creating topics"):
            while True:
                there = await self._questions.topics()
                if all(topic.name in there and there[topic.name].is_ready for topic in topics):
                    return
                await asyncio.sleep(_SETTLE_SECONDS)


def _configs(topic: LogTopic) -> dict[str, str]:
    configs = {"cleanup.policy": str(topic.cleanup), "max.message.bytes": str(MAX_MESSAGE_BYTES)}
    if topic.cleanup is Cleanup.COMPACT:
        configs["segment.bytes"] = str(TABLE_SEGMENT_BYTES)
    elif topic.retention is not None:
        configs["retention.ms"] = _retention_ms(topic.retention)
    return configs


def _differences(topic: LogTopic, partitions: int, configs: Mapping[str, str]) -> list[str]:
    compared = [
        ("partitions", str(partitions), str(topic.partitions)),
        ("cleanup", configs["cleanup.policy"], str(topic.cleanup)),
    ]
    if topic.cleanup is Cleanup.DELETE:
        retention = "-1" if topic.retention is None else _retention_ms(topic.retention)
        compared.append(("retention_ms", configs["retention.ms"], retention))
    if int(configs["max.message.bytes"]) < MAX_MESSAGE_BYTES:
        compared.append(("max_message_bytes", configs["max.message.bytes"], str(MAX_MESSAGE_BYTES)))
    return [f"{topic.name} has {name} {has}, registered is {wants}" for name, has, wants in compared if has != wants]


def _retention_ms(retention: timedelta) -> str:
    return str(retention // timedelta(milliseconds=1))
