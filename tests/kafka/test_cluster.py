"""A cluster of three brokers that die and come back one at a time, under members that copy."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import NewTopic

from deploy.kafka.local_kafka import LocalKafka
from services.common.clock import Clock, system_clock
from services.common.errors import LogUnavailable
from services.common.event_log.kafka.clients import Brokers
from services.common.event_log.kafka.log import KafkaLog
from services.common.event_log.kafka.questions import Questions
from services.common.event_log.kafka.records import Placed
from services.common.event_log.kafka.transactions import Transactions
from services.common.event_log.port import EventLog, Record
from tests.kafka.members import LOOK_SECONDS, add, copying, expect_copied_once, member, prepare, until, until_copied
from tests.support.event_log import QUICK, KafkaHarness, read_all
from tests.support.event_log_processes import CopyJob
from tests.support.kafka import kcat_read

COPIES = 3
PATIENCE_SECONDS = 90.0
PATIENT = replace(
    QUICK, start_seconds=PATIENCE_SECONDS, commit_seconds=PATIENCE_SECONDS, transaction_seconds=2 * PATIENCE_SECONDS
)
GROUPS, TRANSACTIONS = 0, 1  # kinds of coordinators, as FindCoordinator has them


class ClusterHarness(KafkaHarness):
    def open(self, clock: Clock = system_clock) -> EventLog:
        return KafkaLog(self.bootstrap.split(","), clock, COPIES, self.times)


@pytest.mark.slow
@pytest.mark.parametrize("signal", ["kill", "stop", "pause"])
async def test_nothing_is_lost_or_repeated_while_brokers_die_in_turn(kafka_cluster: LocalKafka, signal: str) -> None:
    kafka = ClusterHarness(kafka_cluster.bootstrap, f"cluster-{signal}")
    async with kafka.open() as log:
        job = await prepare(log, kafka, partitions=3, records=300, batch_size=10)
        with member(kafka, job) as one, member(kafka, job) as two:
            await until(lambda: len(one.held | two.held) == 3, one, two)
            for node in sorted(kafka_cluster.node_ids):
                await asyncio.to_thread(getattr(kafka_cluster, signal), node)
                await add_when_possible(log, job, node * 300, 300)
                if signal == "pause":
                    kafka_cluster.resume(node)
                else:
                    await asyncio.to_thread(kafka_cluster.restart, node)
                await asyncio.to_thread(kafka_cluster.wait_for_brokers, kafka_cluster.node_ids)
            await until_copied(log, job, PATIENCE_SECONDS)
            await one.leave()
            await two.leave()
        await expect_copied_once(kafka, job)


@pytest.mark.slow
async def test_end_of_a_transaction_reaches_a_partition_without_a_leader(kafka_cluster: LocalKafka) -> None:
    """Kafka 4.3 and 4.4.0 skip it (KAFKA-20734): the producer's next commit takes the dead transaction along."""
    kafka = ClusterHarness(kafka_cluster.bootstrap, "leaderless", times=PATIENT)
    topic, writer = kafka.topic("target").name, kafka.group("writer")
    async with clients(kafka) as own:
        dying, successor = own.producer(writer), own.transactions(writer)
        await dying.start()
        alone = min(kafka_cluster.node_ids - {await own.coordinator(writer, TRANSACTIONS)})
        await own.create_on(topic, alone)
        await dying.begin_transaction()
        await dying.send_and_wait(topic, b"of a transaction without an end", partition=0)
        await asyncio.to_thread(kafka_cluster.kill, alone)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while (await own.questions.topics())[topic].is_ready:
                    await asyncio.sleep(LOOK_SECONDS)
            starting = asyncio.create_task(successor.start())
            await asyncio.wait({starting}, timeout=LOOK_SECONDS)  # so that it asks while there is no leader
        finally:
            await asyncio.to_thread(kafka_cluster.restart, alone)
        await starting
        await successor.commit([Placed(Record(topic, "key", b"committed"), 0)], "", {})
    records = await asyncio.to_thread(kcat_read, kafka.bootstrap, topic, at_least=1)
    assert [record.value for record in records] == [b"committed"]


@pytest.mark.slow
async def test_broker_that_was_replaced_while_it_was_silent_is_not_believed(kafka_cluster: LocalKafka) -> None:
    """Once it is back it goes on as coordinator and leader, with what it knew, until it hears: 0.2 to 0.5 s here."""
    kafka = ClusterHarness(kafka_cluster.bootstrap, "replaced")
    async with kafka.open() as log, clients(replace(kafka, times=PATIENT)) as own:
        job = await prepare(log, kafka, partitions=3, records=300, batch_size=10)
        async with copying(log, job):
            await until_copied(log, job)
            silent = await own.coordinator(job.group, GROUPS)
            partition = await own.partition_led_by(silent, job.table)
            source, table = TopicPartition(job.source, partition), TopicPartition(job.table, partition)
            asking = own.transactions(await own.id_coordinated_elsewhere(silent))
            await asking.start()
            before = await asking.standing(job.group, source, [table])
            await asyncio.to_thread(kafka_cluster.pause, silent)
            try:
                await add_when_possible(log, job, 300, 300)
                await until_copied_when_possible(log, job)
                asked = asyncio.create_task(asking.standing(job.group, source, [table]))
                await asyncio.wait({asked}, timeout=0.5)  # so that the question is there when the broker wakes up
            finally:
                kafka_cluster.resume(silent)
            now = await asked
            await asyncio.to_thread(kafka_cluster.wait_for_brokers, kafka_cluster.node_ids)
        last = [
            max(r.offset for r in await read_all(log, topic) if r.partition == partition)
            for topic in (job.source, job.table)
        ]
    assert before.consumed is not None and before.consumed <= last[0]
    assert now.consumed is not None and now.consumed > last[0]
    assert now.ends[table] > last[1]


async def add_when_possible(log: EventLog, job: CopyJob, first: int, count: int) -> None:
    """Try until it is written. It may be written twice then: what counts is that it is copied as it is."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                await add(log, job, first, count)
            except LogUnavailable:
                continue
            return


async def until_copied_when_possible(log: EventLog, job: CopyJob) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                await until_copied(log, job, PATIENCE_SECONDS)
            except LogUnavailable:
                continue
            return


@dataclass(frozen=True)
class Clients:
    """What a test asks and writes with besides the log itself; closed at the end of the block."""

    prefix: str
    brokers: Brokers
    questions: Questions
    closing: AsyncExitStack

    def producer(self, transactional_id: str) -> Any:
        producer = self.brokers.producer(transactional_id)
        self.closing.push_async_callback(self.brokers.stop, producer)
        return producer

    def transactions(self, transactional_id: str) -> Transactions:
        transactions = Transactions(self.brokers, transactional_id, system_clock)
        self.closing.push_async_callback(transactions.close)
        return transactions

    async def coordinator(self, name: str, kind: int) -> int:
        """The node of a group's or a transactional id's coordinator."""
        return await self.questions.ask("looking", lambda admin: admin.find_coordinator(name, kind))

    async def id_coordinated_elsewhere(self, node: int) -> str:
        number = 0
        while await self.coordinator(name := f"{self.prefix}-{number}", TRANSACTIONS) == node:
            number += 1
        return name

    async def partition_led_by(self, node: int, topic: str) -> int:
        (described,) = await self.questions.ask("looking", lambda admin: admin.describe_topics([topic]))
        return next(int(each["partition"]) for each in described["partitions"] if each["leader"] == node)

    async def create_on(self, topic: str, node: int) -> None:
        """One partition, whose only copy is on that broker."""
        new = NewTopic(topic, -1, -1, {0: [node]}, {"min.insync.replicas": "1"})
        await self.questions.ask("creating", lambda admin: admin.create_topics([new]))
        while topic not in (topics := await self.questions.topics()) or not topics[topic].is_ready:
            await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def clients(kafka: ClusterHarness) -> AsyncIterator[Clients]:
    brokers = Brokers(kafka.bootstrap.split(","), kafka.times)
    async with AsyncExitStack() as closing:
        questions = Questions(brokers)
        closing.push_async_callback(questions.close)
        yield Clients(kafka.group("writer"), brokers, questions, closing)
