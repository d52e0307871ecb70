"""Brokers that are not there, go away, or fall silent: one clear line, bounded waits, and on it goes afterwards."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from deploy.kafka.local_kafka import LocalKafka
from services.common.errors import LogUnavailable, OwnershipLost
from services.common.event_log.open import open_log
from services.common.event_log.port import Record, Share
from services.common.health import Health
from services.common.runtime import probed
from tests.kafka.members import add, coordinators_view, expect_copied_once, member, prepare, until, until_copied
from tests.support.event_log import QUICK, KafkaHarness, held, no_lag, poll_some, read_values, return_at_once, within
from tests.support.kafka import running_kafka

NODE = 1
SHARES = 6
RECOVERY_SECONDS = 90.0  # ten on idle processors
SHORT = replace(QUICK, call_seconds=2.0, commit_seconds=1.0, start_seconds=5.0, stop_seconds=1.0, closing_seconds=2.5)


@pytest.fixture(scope="module")
def frail_kafka() -> Iterator[LocalKafka]:
    """A broker to be stopped; each test leaves it running."""
    with running_kafka() as broker:
        yield broker


@pytest.mark.parametrize("address", ["127.0.0.1:1", "no-such-host.invalid:9092", "127.0.0.1:1,127.0.0.1:2"])
async def test_broker_that_is_not_there_is_one_clear_line(address: str) -> None:
    with pytest.raises(LogUnavailable) as refused:
        async with open_log(f"kafka://{address}"):
            pass
    assert address in str(refused.value)
    assert "\n" not in str(refused.value)
    assert tasks_of_aiokafka() == []


@pytest.mark.parametrize("end", ["stop", pytest.param("kill", marks=pytest.mark.slow)])
async def test_members_go_on_after_a_restart_of_the_broker(frail_kafka: LocalKafka, end: str) -> None:
    kafka = KafkaHarness(frail_kafka.bootstrap, f"after-{end}", times=SHORT)
    async with kafka.open() as log:
        job = await prepare(log, kafka, partitions=2, records=2000, batch_size=20)
        with member(kafka, job) as copier:
            await until(lambda: copier.polled, copier)
            await asyncio.to_thread(getattr(frail_kafka, end), NODE)
            await asyncio.to_thread(frail_kafka.restart, NODE)
            await until_copied(log, job, RECOVERY_SECONDS)
            await add(log, job, 2000, 20)
            await until_copied(log, job)
            await copier.leave()
        await expect_copied_once(kafka, job)


async def test_writing_and_asking_fail_in_time_while_the_broker_is_silent(frail_kafka: LocalKafka) -> None:
    kafka = KafkaHarness(frail_kafka.bootstrap, "silent", times=SHORT)
    topic = kafka.topic("stream")
    async with kafka.open() as log:
        await log.ensure([topic], create=True)
        await log.append([Record(topic.name, "key", b"before")])
        frail_kafka.pause(NODE)
        try:
            for act in (log.append([Record(topic.name, "key", b"meanwhile")]), log.check(), log.lag(topic.name, "g")):
                with pytest.raises(LogUnavailable, match=kafka.bootstrap):
                    await within(act)
        finally:
            frail_kafka.resume(NODE)
            await asyncio.to_thread(frail_kafka.wait_for_brokers, {NODE})
        await log.check()
        await log.append([Record(topic.name, "key", b"after")])
        values = await read_values(log, topic.name)
        assert values in ([b"before", b"after"], [b"before", b"meanwhile", b"after"])


async def test_stop_of_many_shares_has_one_bound_while_the_broker_is_silent(frail_kafka: LocalKafka) -> None:
    kafka = KafkaHarness(frail_kafka.bootstrap, "stopped", times=SHORT)
    stop, polled = asyncio.Event(), asyncio.Event()
    took: dict[str, float] = {}

    async def work(share: Share) -> None:
        while not (batch := await share.poll(1, 0.5)).records:
            if share.stopping:
                return
        polled.set()
        await share.wait_stopping()
        began = time.monotonic()
        with pytest.raises(OwnershipLost):
            await share.commit([Record(target.name, "key", b"too late")], batch.next_offset)
        took["commit"] = time.monotonic() - began

    source, target = kafka.topic("source", SHARES), kafka.topic("target")
    async with kafka.open() as log:
        await log.ensure([source, target], create=True)
        await log.append([Record(source.name, "key", b"value")])
        sharing = asyncio.create_task(log.share_out(source.name, kafka.group("group"), (), work, stop))
        await within(polled.wait())
        frail_kafka.pause(NODE)
        began = time.monotonic()
        stop.set()
        await within(sharing)
    took["all"] = time.monotonic() - began
    frail_kafka.resume(NODE)
    await asyncio.to_thread(frail_kafka.wait_for_brokers, {NODE})

    # The commit and its abort are in that time; three clients more end with it at once, and that takes a moment.
    assert took["commit"] < SHORT.commit_seconds + 1.0 + 1.0
    assert took["all"] < SHORT.closing_seconds + 2.0
    assert tasks_of_aiokafka() == []


async def test_service_is_not_ready_while_the_broker_is_silent(frail_kafka: LocalKafka) -> None:
    kafka = KafkaHarness(frail_kafka.bootstrap, "probed", times=SHORT)
    health = Health()
    health.clear("start")

    async def until_ready(*, is_ready: bool) -> None:
        async with asyncio.timeout(30):
            while (health.why_not_ready() is None) is not is_ready:
                await asyncio.sleep(0.05)

    async with kafka.open() as log, probed(log, health, every_seconds=0.1):
        frail_kafka.pause(NODE)
        await until_ready(is_ready=False)
        assert health.why_not_ready().startswith(f"log: Kafka at {kafka.bootstrap} does not answer")  # type: ignore[union-attr]
        frail_kafka.resume(NODE)
        await until_ready(is_ready=True)


async def test_share_whose_fetching_died_is_opened_again(kafka: KafkaHarness) -> None:
    kafka = replace(kafka, times=replace(QUICK, silence_seconds=1.0))
    async with kafka.open() as log:
        job = await prepare(log, kafka, partitions=1, records=1)
        opened = []
        done, stop = asyncio.Event(), asyncio.Event()

        async def work(share: Share) -> None:
            opened.append(share)
            while not share.stopping:
                batch = await share.poll(10, 0.2)
                if len(opened) == 1:
                    cancel_tasks("Fetcher._fetch_requests_routine")
                elif batch.records:
                    done.set()

        sharing = asyncio.create_task(log.share_out(job.source, job.group, (), work, stop))
        await within(done.wait())
        stop.set()
        await within(sharing)


async def test_member_that_is_none_any_more_joins_anew(kafka: KafkaHarness) -> None:
    async with kafka.open() as log:
        job = await prepare(log, kafka, partitions=1, records=1)
        async with held(log, job.source, job.group) as share:
            first = await coordinators_view(kafka, job.group)
            cancel_tasks("GroupCoordinator._heartbeat_routine")
            async with asyncio.timeout(30):
                while await coordinators_view(kafka, job.group) in ({}, first):
                    await asyncio.sleep(0.1)
            await share.commit([], (await poll_some(share)).next_offset)  # its share lived on
        await no_lag(log, job.source, job.group)


async def test_nothing_of_a_member_is_left_behind(kafka: KafkaHarness) -> None:
    async with kafka.open() as log:
        job = await prepare(log, kafka, partitions=2, records=1)
        await within(log.share_out(job.source, job.group, (job.table,), return_at_once, asyncio.Event()))
        assert await read_values(log, job.source) == [b"0"]
    assert tasks_of_aiokafka() == []


def tasks_of_aiokafka() -> list[str]:
    return [
        str(getattr(task.get_coro(), "__qualname__", ""))
        for task in asyncio.all_tasks()
        if "aiokafka" in getattr(getattr(task.get_coro(), "cr_code", None), "co_filename", "")
    ]


def cancel_tasks(qualified_name: str) -> None:
    for task in asyncio.all_tasks():
        if getattr(task.get_coro(), "__qualname__", "") == qualified_name:
            task.cancel()
