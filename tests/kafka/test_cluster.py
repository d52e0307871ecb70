"""A cluster of three brokers that die and come back one at a time, under members that copy."""

import asyncio

import pytest

from deploy.kafka.local_kafka import LocalKafka
from services.common.clock import Clock, system_clock
from services.common.errors import LogUnavailable
from services.common.event_log.kafka.log import KafkaLog
from services.common.event_log.port import EventLog
from tests.kafka.members import add, expect_copied_once, member, prepare, until, until_copied
from tests.support.event_log import KafkaHarness
from tests.support.event_log_processes import CopyJob

COPIES = 3
PATIENCE_SECONDS = 90.0


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


async def add_when_possible(log: EventLog, job: CopyJob, first: int, count: int) -> None:
    """Try until it is written. It may be written twice then: what counts is that it is copied as it is."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                await add(log, job, first, count)
            except LogUnavailable:
                continue
            return
