"""Topics on Kafka: their settings, and that none is ever made by naming it."""

import asyncio
from collections.abc import Iterator

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from deploy.kafka.local_kafka import LocalKafka
from services.common.clock import system_clock
from services.common.errors import TopicMismatch, UsageError
from services.common.event_log.kafka import topics
from services.common.event_log.kafka.log import KafkaLog
from services.common.event_log.kafka.settings import MAX_MESSAGE_BYTES
from services.common.event_log.port import Record, Share
from tests.support.event_log import DEADLINE_SECONDS, QUICK, KafkaHarness, read_all, read_values
from tests.support.kafka import running_kafka


@pytest.fixture(scope="module")
def generous_kafka() -> Iterator[LocalKafka]:
    """A broker that makes every topic somebody names, as Kafka does unless told not to."""
    with running_kafka(properties={"auto.create.topics.enable": "true"}) as broker:
        yield broker


async def test_naming_a_missing_topic_does_not_make_it(generous_kafka: LocalKafka) -> None:
    kafka = KafkaHarness(generous_kafka.bootstrap, "generous")
    there, missing = kafka.topic("there"), kafka.topic("missing")

    async def work(_share: Share) -> None:
        pass

    async with kafka.open() as log:
        await log.ensure([there], create=True)
        with pytest.raises(TopicMismatch):
            await log.ensure([there, missing], create=False)
        for act in (
            log.append([Record(missing.name, "key", b"")]),
            log.lag(missing.name, "group"),
            read_all(log, missing.name),
            log.share_out(missing.name, "group", (), work, asyncio.Event()),
            log.share_out(there.name, "group", (missing.name,), work, asyncio.Event()),
        ):
            with pytest.raises(UsageError, match=f"no topic {missing.name}"):
                await act
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    listed = await admin.list_topics()
    await admin.close()
    assert there.name in listed
    assert missing.name not in listed


async def test_topic_that_a_broker_has_not_heard_of_yet_is_waited_for(
    kafka: KafkaHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when one of several brokers has made it, and the next question goes to another."""
    monkeypatch.setattr(topics, "NEWS_SECONDS", DEADLINE_SECONDS)
    topic = kafka.topic("new")
    async with kafka.open() as log, kafka.open() as maker:
        appending = asyncio.create_task(log.append([Record(topic.name, "key", b"value")]))
        await asyncio.sleep(0)
        await maker.ensure([topic], create=True)
        await appending
        assert await read_values(log, topic.name) == [b"value"]


async def test_topic_that_takes_smaller_records_only_is_a_mismatch(kafka: KafkaHarness) -> None:
    topic = kafka.topic("small")
    await kafka.make_topic(topic.name, {"max.message.bytes": "1000", "retention.ms": "86400000"})
    async with kafka.open() as log:
        with pytest.raises(
            TopicMismatch, match=f"{topic.name} has max_message_bytes 1000, registered is {MAX_MESSAGE_BYTES}$"
        ):
            await log.ensure([topic], create=True)


async def test_more_copies_than_brokers_is_one_clear_line(kafka: KafkaHarness) -> None:
    topic = kafka.topic("copied")
    async with KafkaLog([kafka.bootstrap], system_clock, 3, QUICK) as log:
        with pytest.raises(UsageError, match=r"cannot keep 3 copies of topic .*NEWSFLOW_REPLICATION"):
            await log.ensure([topic], create=True)


async def test_two_processes_may_make_the_same_topics_at_once(kafka: KafkaHarness) -> None:
    topics = [kafka.topic(f"topic-{number}", 2) for number in range(5)]
    async with kafka.open() as one, kafka.open() as two:
        await asyncio.gather(one.ensure(topics, create=True), two.ensure(topics, create=True))
        await two.ensure(topics, create=False)
