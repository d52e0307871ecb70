"""Who owns a partition, and what its next owner reads: last owners that come late, other writers, aborted ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin.records_to_delete import RecordsToDelete

from services.common.clock import system_clock
from services.common.errors import OwnershipLost
from services.common.event_log.kafka.clients import Brokers
from services.common.event_log.kafka.holding import Holding, Job
from services.common.event_log.kafka.membership import Membership
from services.common.event_log.kafka.questions import Questions
from services.common.event_log.kafka.topics import Topics
from services.common.event_log.kafka.transactions import Transactions
from services.common.event_log.port import EventLog, Record, Share
from tests.kafka.members import add, copying, expect_copied_once, prepare, until_copied
from tests.support.event_log import DEADLINE_SECONDS, KafkaHarness, held, no_lag, poll_some, read_values, within
from tests.support.event_log_processes import CopyJob


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
            async with asyncio.timeout(DEADLINE_SECONDS):
                while membership.refusals < 2:
                    await asyncio.sleep(0.05)
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
    """The last owner commits at the worst moment: just before the next one fences it."""
    async with kafka.open() as log:
        job = await prepare(log, kafka, partitions=1, records=6)
        async with open_transaction(kafka, f"{job.group}.{job.source}.0") as last_owner:
            await last_owner.send_and_wait(job.target, b"0", key=b"key-0", partition=0)
            await last_owner.send_offsets_to_transaction({TopicPartition(job.source, 0): 1}, job.group)
            start = Transactions.start

            async def start_behind_the_commit(self: Transactions) -> None:
                await last_owner.commit_transaction()
                await start(self)

            with monkeypatch.context() as patch:
                patch.setattr(Transactions, "start", start_behind_the_commit)
                async with held(log, job.source, job.group, (job.table,)) as share:
                    first = (await poll_some(share)).records[0]
        already_copied = await read_values(log, job.target)

    assert (first.value, already_copied) == (b"1", [b"0"])


async def test_share_whose_first_records_have_expired_goes_on_behind_them(kafka: KafkaHarness) -> None:
    async with kafka.open() as log:
        job = await prepare(log, kafka, partitions=1, records=6)
        async with held(log, job.source, job.group) as share:
            await share.commit([], 1)
        questions = Questions(Brokers([kafka.bootstrap], kafka.times))
        await questions.ask(
            "deleting", lambda admin: admin.delete_records({TopicPartition(job.source, 0): RecordsToDelete(4)})
        )
        await questions.close()
        async with held(log, job.source, job.group) as share:
            assert [record.value for record in (await poll_some(share)).records] == [b"4", b"5"]


async def test_share_beyond_the_end_of_what_its_broker_has_is_lost_and_does_not_begin_anew(kafka: KafkaHarness) -> None:
    """So looks a broker that was replaced as leader and does not know it yet, to those who have read further."""
    async with kafka.open() as log:
        job = await prepare(log, kafka, partitions=1, records=6)
        async with held(log, job.source, job.group) as share:
            await share.commit([], 100)
        async with held(log, job.source, job.group) as share:
            with pytest.raises(OwnershipLost, match="has no record at offset 100"):
                while True:
                    assert (await share.poll(10, 0.1)).records == ()


async def test_reading_and_restoring_wait_for_what_is_hidden_behind_another_writers_transaction(
    kafka: KafkaHarness,
) -> None:
    async with kafka.open() as log:
        job = await prepare(log, kafka, partitions=1, records=1)
        async with open_transaction(kafka, kafka.group("other writer")) as other:
            await other.send_and_wait(job.table, b"uncommitted", key=b"theirs", partition=0)
            await log.append([Record(job.table, "ours", b"committed")])
            reading = asyncio.create_task(read_values(log, job.table))
            holding = asyncio.create_task(tables_of(log, job))
            done, _ = await asyncio.wait({reading, holding}, timeout=1.0)
            assert not done
            await other.abort_transaction()
            assert await within(reading) == [b"committed"]
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
        async with held(log, job.source, job.group) as share:
            await share.commit([], (await poll_some(share)).records[-1].offset + 1)
            await no_lag(log, job.source, job.group)
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
