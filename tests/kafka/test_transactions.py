"""What can go wrong in and around a transaction: requests lost, repeated and late, records refused."""

import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiokafka import TopicPartition

from deploy.kafka.local_kafka import LocalKafka
from deploy.kafka.ports import free_ports
from services.common.errors import OwnershipLost, RecordTooLarge
from services.common.event_log.kafka.clients import Brokers
from services.common.event_log.kafka.questions import Questions
from services.common.event_log.port import Record
from tests.kafka.members import add, copying, expect_copied_once, prepare, until_copied
from tests.kafka.proxy import ADD_OFFSETS_TO_TXN, END_TXN, Fate, Proxy
from tests.support.event_log import QUICK, KafkaHarness, held, poll_some, read_values
from tests.support.kafka import running_kafka

COMMIT_SECONDS = 1.0
FIRST_COMMIT = 3  # the ends of the append's transaction, and of the opening's, come before it


@pytest.fixture(scope="module")
def proxied_kafka() -> Iterator[tuple[LocalKafka, int]]:
    """A broker that tells its clients to come to a port where a proxy is to stand."""
    (port,) = free_ports(1)
    with running_kafka(advertised_ports={1: port}) as broker:
        yield broker, port


@asynccontextmanager
async def proxied(
    kafka: tuple[LocalKafka, int], name: str, fate: Callable[[int], Fate]
) -> AsyncIterator[tuple[KafkaHarness, Proxy]]:
    broker, port = kafka
    times = replace(QUICK, commit_seconds=COMMIT_SECONDS, stop_seconds=0.5)
    async with Proxy(port, broker.client_port(1), fate) as proxy:
        yield KafkaHarness(f"127.0.0.1:{port}", name, times=times), proxy


async def test_producer_is_replaced_after_a_commit_that_was_sent_twice(proxied_kafka: tuple[LocalKafka, int]) -> None:
    """The first end of transaction comes late and finds a second transaction half written. It must not end it."""
    ends = offsets = 0
    deaf_until = 0.0

    def fate(api_key: int) -> Fate:
        nonlocal ends, offsets, deaf_until
        if api_key == END_TXN:
            ends += 1
            return Fate.HOLD if ends == FIRST_COMMIT else Fate.PASS
        if api_key == ADD_OFFSETS_TO_TXN:
            offsets += 1
            if offsets == 4:  # that of the second commit: each opening has one, too
                proxy.release()
                deaf_until = time.monotonic() + 1.5 * COMMIT_SECONDS
        return Fate.SWALLOW if api_key == ADD_OFFSETS_TO_TXN and time.monotonic() < deaf_until else Fate.PASS

    async with proxied(proxied_kafka, "twice", fate) as (kafka, proxy), kafka.open() as log:
        job = await prepare(log, kafka, partitions=1, records=12)
        async with copying(log, job) as shares:
            await until_copied(log, job)
        assert proxy.late_arrivals == 1
        assert len(shares) == 3  # after the doubt, and after the commit that got no answer
        await expect_copied_once(replace(kafka, bootstrap=proxied_kafka[0].direct_bootstrap), job)


async def test_commit_without_an_answer_that_was_written_is_not_repeated(proxied_kafka: tuple[LocalKafka, int]) -> None:
    ends = 0
    deaf_until = 0.0

    def fate(api_key: int) -> Fate:
        nonlocal ends, deaf_until
        if api_key != END_TXN:
            return Fate.PASS
        ends += 1
        if ends == FIRST_COMMIT:
            deaf_until = time.monotonic() + 1.5 * COMMIT_SECONDS
            return Fate.CUT
        return Fate.SWALLOW if time.monotonic() < deaf_until else Fate.PASS

    async with proxied(proxied_kafka, "written", fate) as (kafka, _), kafka.open() as log:
        job = await prepare(log, kafka, partitions=1, records=12)
        async with copying(log, job) as shares:
            await until_copied(log, job)
        assert len(shares) == 2
        await expect_copied_once(replace(kafka, bootstrap=proxied_kafka[0].direct_bootstrap), job)


async def test_commit_without_an_answer_that_was_not_written_is_not_lost(proxied_kafka: tuple[LocalKafka, int]) -> None:
    ends = 0
    deaf_until = 0.0

    def fate(api_key: int) -> Fate:
        nonlocal ends, deaf_until
        if api_key != END_TXN:
            return Fate.PASS
        ends += 1
        if ends == FIRST_COMMIT:
            deaf_until = time.monotonic() + 1.5 * COMMIT_SECONDS
        return Fate.HOLD if time.monotonic() < deaf_until else Fate.PASS

    async with proxied(proxied_kafka, "unwritten", fate) as (kafka, proxy), kafka.open() as log:
        job = await prepare(log, kafka, partitions=1, records=6)
        async with copying(log, job) as shares:
            await until_copied(log, job)
            proxy.release()  # as late as can be: the next owner has begun
            await add(log, job, 6, 6)
            await until_copied(log, job)
        assert proxy.late_arrivals > 0
        assert len(shares) == 2
        await expect_copied_once(replace(kafka, bootstrap=proxied_kafka[0].direct_bootstrap), job)


async def test_group_that_consumed_all_is_at_the_end_for_other_tools_too(kafka: KafkaHarness) -> None:
    """They subtract offsets: were the marker behind the last record left out, they would see a lag for ever."""
    async with kafka.open() as log:
        job = await prepare(log, kafka, partitions=1, records=3)
        async with held(log, job.source, job.group) as share:
            next_offset = (await poll_some(share, 3)).next_offset
        questions = Questions(Brokers([kafka.bootstrap], kafka.times))
        ends = await questions.bounds([TopicPartition(job.source, 0)])
        await questions.close()
    assert list(ends.values()) == [(0, next_offset)]


async def test_record_that_kafka_refuses_takes_its_whole_commit_with_it(kafka: KafkaHarness) -> None:
    source, target, small = kafka.topic("source"), kafka.topic("target"), kafka.topic("small")
    await kafka.make_topic(small.name, {"max.message.bytes": "1000"})
    async with kafka.open() as log:
        await log.ensure([source, target], create=True)
        await log.append([Record(source.name, "key", b"original")])
        async with held(log, source.name, kafka.group("group")) as share:
            batch = await poll_some(share)
            with pytest.raises(RecordTooLarge):
                await share.commit(
                    [Record(target.name, "key", b"good"), Record(small.name, "key", random.randbytes(5000))],
                    batch.next_offset,
                )
            with pytest.raises(OwnershipLost):
                await share.poll(1, 0.0)
        assert await read_values(log, target.name) == []
        assert (await log.lag(source.name, kafka.group("group")))[0] > 0
