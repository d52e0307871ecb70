"""Questions to a cluster of three of which one broker is gone, or is not the one to be asked."""

import asyncio

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from deploy.kafka.local_kafka import LocalKafka
from services.common.event_log.kafka.clients import Brokers
from services.common.event_log.kafka.questions import Questions
from tests.kafka.members import prepare
from tests.kafka.test_cluster import ClusterHarness
from tests.support.event_log import held, poll_some

pytestmark = pytest.mark.slow
ASKED = 30  # any broker is asked: that it never is the dead one has a chance of 1 in 190,000


async def test_one_dead_broker_leaves_no_question_without_an_answer(kafka_cluster: LocalKafka) -> None:
    kafka = ClusterHarness(kafka_cluster.bootstrap, "questions-dead")
    questions = Questions(Brokers(kafka.bootstrap.split(","), kafka.times))
    try:
        topics = await questions.topics()
        await asyncio.to_thread(kafka_cluster.kill, 2)
        for _ in range(ASKED):
            assert await questions.topics() == topics
    finally:
        await questions.close()
        await asyncio.to_thread(kafka_cluster.restart, 2)
        await asyncio.to_thread(kafka_cluster.wait_for_brokers, kafka_cluster.node_ids)


async def test_broker_that_is_not_the_coordinator_does_not_hide_committed_offsets(
    kafka_cluster: LocalKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As while a coordinator moves. An offset that seems to be missing would be a partition read from its start."""
    kafka = ClusterHarness(kafka_cluster.bootstrap, "questions-moved")
    find = AIOKafkaAdminClient.find_coordinator
    asked: list[int] = []

    async def find_late(self: AIOKafkaAdminClient, group_id: str) -> int:
        coordinator = int(await find(self, group_id))
        asked.append(coordinator if len(asked) == 2 else coordinator % 3 + 1)
        return asked[-1]

    async with kafka.open() as log:
        job = await prepare(log, kafka, partitions=1, records=3)
        async with held(log, job.source, job.group) as share:
            committed = (await poll_some(share, 3)).next_offset
            await share.commit([], committed)
    questions = Questions(Brokers(kafka.bootstrap.split(","), kafka.times))
    source = TopicPartition(job.source, 0)
    monkeypatch.setattr(AIOKafkaAdminClient, "find_coordinator", find_late)
    assert await questions.committed(job.group, [source]) == {source: committed}
    assert len(asked) == 3
    await questions.close()
