"""A Kafka with a proxy before each broker, and the acts of a schedule upon both."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.kafka.class_archive import prepare_kafka
from deploy.kafka.local_kafka import LocalKafka
from deploy.kafka.ports import free_ports
from schemas.contract import Contract
from schemas.topics import Cleanup, LogTopic
from services.common.clock import system_clock
from services.common.event_log.kafka.log import KafkaLog
from services.common.event_log.kafka.settings import MAX_MESSAGE_BYTES
from tests.faults.frames import Api
from tests.faults.proxy import Catch, Proxy
from tests.faults.schedule import ALL, Act, Action
from tests.faults.small_disk import fill, free, small_disk

DELAY_SECONDS = 0.3
REFUSED_BYTES = 90  # less than a batch has, more than the marker of a transaction, which must pass
CATCH_SECONDS = 5.0
DISK_BYTES = 96 * 1024 * 1024


class Cluster:
    """Clients come through the proxies, but for `direct`."""

    def __init__(self, kafka: LocalKafka, proxies: dict[int, Proxy], disk: Path | None) -> None:
        self.kafka = kafka
        self.proxies = proxies
        self._disk = disk
        self._background: set[asyncio.Task[None]] = set()
        self._catches: list[Catch] = []

    @property
    def address(self) -> str:
        return f"kafka://{self.kafka.bootstrap}"

    @property
    def direct(self) -> str:
        return self.kafka.direct_bootstrap

    def log(self) -> KafkaLog:
        """Our own client past the proxies, not yet entered."""
        return KafkaLog(self.direct.split(","), system_clock, len(self.proxies))

    async def act(self, action: Action, tables: str, target: str, kill_workers: Callable[[], None]) -> None:
        """Return once it is so; what lasts goes on behind."""
        match action.act:
            case Act.KILL_BROKER:
                await asyncio.to_thread(self.kafka.kill, action.target)
            case Act.STOP_BROKER:
                await asyncio.to_thread(self.kafka.stop, action.target)
            case Act.RESTART_BROKER:
                await asyncio.to_thread(self.kafka.restart, action.target)
            case Act.FILL_DISK if self._disk:
                await asyncio.to_thread(fill, self._disk)
            case Act.FREE_DISK if self._disk:
                free(self._disk)
            case Act.HOLD_END_ANSWER:
                self._go_on(self._hold_end_answer(action.seconds))
            case Act.CUT_END_ANSWER:
                self._catch(Catch(Api.END_TRANSACTION, is_answer=True, cut_client=True))
            case Act.LATE_END:
                await self._late_end(kill_workers)
            case Act.REFUSE_RECORDS:
                await self._limit_records(target, REFUSED_BYTES)
            case Act.ACCEPT_RECORDS:
                await self._limit_records(target, MAX_MESSAGE_BYTES)
            case Act.OPEN_FOREIGN:
                await self._open_foreign(tables, action.seconds)
            case _:
                for proxy in self._lines(action.target):
                    _LINE_ACTS[action.act](proxy)

    async def settle(self) -> None:
        """Everything that lasts is over: lines are healthy, brokers are there, nothing is held back."""
        for proxy in self.proxies.values():
            proxy.reconnect()
        for catch in self._catches:
            catch.caught.set()
            catch.released.set()
        await asyncio.gather(*self._background)
        for broker in self.kafka.node_ids - self.kafka.running():
            await asyncio.to_thread(self.kafka.restart, broker)

    def _lines(self, target: int) -> Collection[Proxy]:
        return self.proxies.values() if target == ALL else [self.proxies[target]]

    def _go_on(self, act: Coroutine[Any, Any, None]) -> None:
        self._background.add(asyncio.create_task(act))

    def _catch(self, catch: Catch) -> Catch:
        self._catches.append(catch)
        for proxy in self.proxies.values():
            proxy.network.catches.append(catch)
        return catch

    async def _hold_end_answer(self, seconds: float) -> None:
        catch = self._catch(Catch(Api.END_TRANSACTION, is_answer=True))
        await catch.caught.wait()
        await _wait_at_most(catch.released, seconds)
        catch.released.set()

    async def _late_end(self, kill_workers: Callable[[], None]) -> None:
        late = self._catch(Catch(Api.END_TRANSACTION, is_answer=False, cut_client=True))
        await _wait_at_most(late.caught, CATCH_SECONDS)
        if late.request is None:
            return
        # The next transaction of that id has written its records when it comes to its offsets.
        following = Catch(Api.ADD_OFFSETS, is_answer=False, drop=True, transactional_id=late.request.transactional_id)
        self._catch(following)
        await _wait_at_most(following.caught, CATCH_SECONDS)
        late.released.set()
        await _wait_at_most(late.answered, CATCH_SECONDS)
        kill_workers()
        following.released.set()

    async def _limit_records(self, topic: str, max_bytes: int) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.direct)
        await admin.start()
        try:
            settings = {"max.message.bytes": str(max_bytes)}
            await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, settings)])
        finally:
            await admin.close()

    async def _open_foreign(self, topic: str, seconds: float) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=self.direct, transactional_id="foreign", transaction_timeout_ms=30_000
        )
        await producer.start()
        await producer.begin_transaction()
        for partition in sorted(await producer.partitions_for(topic)):
            await producer.send_and_wait(topic, b"0", key=b"foreign", partition=partition)

        async def end() -> None:
            await asyncio.sleep(seconds)
            await producer.commit_transaction()
            await producer.stop()

        self._go_on(end())


_LINE_ACTS: dict[Act, Callable[[Proxy], None]] = {
    Act.REFUSE: Proxy.refuse,
    Act.LOSE_REQUESTS: Proxy.lose_requests,
    Act.LOSE_ANSWERS: Proxy.lose_answers,
    Act.DELAY: lambda proxy: proxy.delay(DELAY_SECONDS),
    Act.RECONNECT: Proxy.reconnect,
}


@asynccontextmanager
async def running_cluster(brokers: int, folder: Path, *, has_small_disk: bool) -> AsyncIterator[Cluster]:
    """In a new folder in `folder`. The last broker may have a small disk.

    Raises MissingToolError where no Kafka can run, CannotRunHere where no small disk can be.
    """
    await asyncio.to_thread(prepare_kafka)
    ports = dict(enumerate(free_ports(brokers), start=1))
    async with AsyncExitStack() as stack:
        data = Path(stack.enter_context(TemporaryDirectory(dir=folder, prefix="kafka-", ignore_cleanup_errors=True)))
        disk = stack.enter_context(small_disk(data / f"node-{brokers}", DISK_BYTES)) if has_small_disk else None
        client_ports = free_ports(brokers, besides=ports.values())
        # Kept data ends cleanly, which takes its time: only a disk of its own needs its folder to be known.
        kafka = LocalKafka(
            brokers, client_ports=client_ports, advertised_ports=ports, folder=data if has_small_disk else None
        )
        proxies = {number: Proxy(port, kafka.client_port(number)) for number, port in ports.items()}
        for proxy in proxies.values():
            await stack.enter_async_context(proxy.running())
        stack.push_async_callback(asyncio.to_thread, kafka.close)
        await asyncio.to_thread(kafka.start)
        yield Cluster(kafka, proxies, disk)


def fault_topic(name: str, partitions: int, *, compact: bool = False) -> LogTopic:
    cleanup, retention = (Cleanup.COMPACT, None) if compact else (Cleanup.DELETE, timedelta(days=1))
    return LogTopic(name, Contract, "key", partitions, cleanup, retention, public=False, about="Of a fault run.")


async def _wait_at_most(event: asyncio.Event, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not event.is_set() and (left := deadline - time.monotonic()) > 0:
        try:
            await asyncio.wait_for(event.wait(), left)
        except TimeoutError:
            return
