"""What can go wrong in and around a transaction: requests lost, repeated and late, records refused, stale producers."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.kafka.local_kafka import LocalKafka
from deploy.kafka.ports import free_ports
from services.common.clock import system_clock
from services.common.errors import OwnershipLost, RecordTooLarge
from services.common.event_log.kafka.clients import Brokers
from services.common.event_log.kafka.holding import Holding, Job
from services.common.event_log.kafka.membership import Membership
from services.common.event_log.kafka.questions import Questions
from services.common.event_log.kafka.topics import Topics
from services.common.event_log.port import EventLog, Record, Share
from tests.kafka.members import add, expect_copied_once, prepare, until_copied
from tests.kafka.proxy import ADD_OFFSETS_TO_TXN, END_TXN, Fate, Proxy
from tests.support.event_log import QUICK, CopyJob, KafkaHarness, copies, held, poll_some, read_values, within
from tests.support.kafka import running_kafka

COMMIT_SECONDS = 1.0


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


@asynccontextmanager
async def copying(log: EventLog, job: CopyJob) -> AsyncIterator[list[Share]]:
    """A member that copies during the block; the shares it has worked on so far."""
    shares: list[Share] = []
    stop = asyncio.Event()

    async def work(share: Share) -> None:
        shares.append(share)
        while not share.stopping:
            batch = await share.poll(job.batch_size, 0.5)
            if batch.records:
                await share.commit(copies(job, share, batch.records), batch.next_offset)

    sharing = asyncio.create_task(log.share_out(job.source, job.group, (job.table,), work, stop))
    try:
        yield shares
    finally:
        stop.set()
        await within(sharing)


async def test_producer_is_replaced_after_a_commit_that_was_sent_twice(proxied_kafka: tuple[LocalKafka, int]) -> None:
    """The first end of transaction comes late and finds a second transaction half written. It must not end it."""
    ends = offsets = 0
    deaf_until = 0.0

    def fate(api_key: int) -> Fate:
        nonlocal ends, offsets, deaf_until
        if api_key == END_TXN:
            ends += 1
            return Fate.HOLD if ends == 2 else Fate.PASS  # the first is that of the append
        if api_key == ADD_OFFSETS_TO_TXN:
            offsets += 1
            if offsets == 2:
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
        if ends == 2:
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
        if ends == 2:
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


async def test_record_that_kafka_refuses_takes_its_whole_commit_with_it(kafka: KafkaHarness) -> None:
    source, target, small = kafka.topic("source"), kafka.topic("target"), kafka.topic("small")
    await make_topic(kafka, small.name, {"max.message.bytes": "1000"})
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


async def test_fenced_member_gets_its_partition_back_when_it_is_still_its_own(kafka: KafkaHarness) -> None:
    async with kafka.open() as log:
        job = await prepare(log, kafka, partitions=1, records=6)
        async with copying(log, job) as shares:
            await until_copied(log, job)
            await kafka.depose(job.source, job.group, 0)
            await add(log, job, 6, 6)
            await until_copied(log, job)
        assert len(shares) == 2
        await expect_copied_once(kafka, job)


async def test_fenced_member_leaves_the_next_owner_alone_until_the_partition_is_its_own(kafka: KafkaHarness) -> None:
    """A new producer of the same id would fence the one that is in the right."""
    shares: asyncio.Queue[Share] = asyncio.Queue()

    async def work(share: Share) -> None:
        shares.put_nowait(share)
        while not share.stopping:
            batch = await share.poll(1, 0.2)
            await share.commit([], batch.next_offset)

    class MembershipOfAnother(Membership):
        is_ours = False
        refusals = 0

        async def confirm(self, partition: int) -> bool:
            self.refusals += not self.is_ours
            return self.is_ours

    async with kafka.open() as log:
        job = await prepare(log, kafka, partitions=1, records=1)
        brokers = Brokers([kafka.bootstrap], kafka.times)
        questions = Questions(brokers)
        topics = Topics(brokers, questions, 1)
        holding_job = Job(brokers, questions, topics, system_clock, job.source, job.group, (), work, asyncio.Event())
        membership = MembershipOfAnother(brokers, questions, job.source, job.group, lambda: ())
        holding = Holding(holding_job, membership, 0)
        running = asyncio.create_task(holding.run())
        await within(shares.get())
        async with open_transaction(kafka, f"{job.group}.{job.source}.0") as next_owner:
            while membership.refusals < 2:
                await within(asyncio.sleep(0.05))
            await next_owner.send_and_wait(job.target, b"right", partition=0, key=b"key")
            await next_owner.commit_transaction()
            membership.is_ours = True
            await within(shares.get())
        holding.end()
        await within(running)
        await questions.close()
        assert await read_values(log, job.target) == [b"right"]


async def test_offset_is_read_after_the_last_owner_is_fenced(
    kafka: KafkaHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last owner commits at the worst moment: just when the next one has read the group's offset."""
    async with kafka.open() as log:
        job = await prepare(log, kafka, partitions=1, records=6)
        async with open_transaction(kafka, f"{job.group}.{job.source}.0") as last_owner:
            source = TopicPartition(job.source, 0)
            await last_owner.send_and_wait(job.target, b"0", key=b"key-0", partition=0)
            await last_owner.send_offsets_to_transaction({source: 1}, job.group)
            committed = Questions.committed

            async def committed_then_late_commit(self: Questions, *arguments: object) -> dict[TopicPartition, int]:
                offsets = await committed(self, *arguments)  # type: ignore[arg-type]
                await asyncio.gather(last_owner.commit_transaction(), return_exceptions=True)
                return offsets

            with monkeypatch.context() as patch:
                patch.setattr(Questions, "committed", committed_then_late_commit)
                async with held(log, job.source, job.group, (job.table,)) as share:
                    first = (await poll_some(share)).records[0]
        already_copied = await read_values(log, job.target)

    assert (first.value, already_copied) == (b"0", [])


async def test_restore_waits_for_what_is_hidden_behind_another_writers_transaction(kafka: KafkaHarness) -> None:
    async with kafka.open() as log:
        job = await prepare(log, kafka, partitions=1, records=1)
        async with open_transaction(kafka, kafka.group("other writer")) as other:
            await other.send_and_wait(job.table, b"uncommitted", key=b"theirs", partition=0)
            await log.append([Record(job.table, "ours", b"committed")])
            holding = asyncio.create_task(tables_of(log, job))
            await asyncio.wait({holding}, timeout=1.0)
            assert not holding.done()
            await other.abort_transaction()
            assert await within(holding) == {job.table: {"ours": b"committed"}}


async def test_topics_that_end_with_an_aborted_transaction_are_read_to_their_end(kafka: KafkaHarness) -> None:
    """A marker is no record, so aiokafka never hands it out (#911)."""
    async with kafka.open() as log:
        job = await prepare(log, kafka, partitions=1, records=1)
        await log.append([Record(job.table, "kept", b"value")])
        async with open_transaction(kafka, kafka.group("other writer")) as other:
            for topic in (job.source, job.table):
                await other.send_and_wait(topic, b"aborted", key=b"key", partition=0)
            await other.abort_transaction()

        assert await within(read_values(log, job.source)) == [b"0"]
        assert (await log.lag(job.source, job.group))[0] > 0
        async with held(log, job.source, job.group) as share:
            await share.commit([], (await poll_some(share)).records[-1].offset + 1)
        assert await log.lag(job.source, job.group) == {0: 0}
        assert await within(tables_of(log, job)) == {job.table: {"kept": b"value"}}


async def tables_of(log: EventLog, job: CopyJob) -> dict[str, dict[str, bytes]]:
    async with held(log, job.source, job.group, (job.table,)) as share:
        return {table: dict(values) for table, values in share.tables.items()}


@asynccontextmanager
async def open_transaction(kafka: KafkaHarness, transactional_id: str) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that is not ours, within a transaction."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, transactional_id=transactional_id)
    await producer.start()
    try:
        await producer.begin_transaction()
        yield producer
    finally:
        await within(producer.stop())


async def make_topic(kafka: KafkaHarness, name: str, configs: dict[str, str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 1, 1, topic_configs=configs)])
    finally:
        await admin.close()
