"""The proxy before a stand-in broker that answers every request with its correlation id and its payload."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from deploy.kafka.ports import free_ports
from tests.faults.frames import Api, parse_request
from tests.faults.proxy import Catch, Proxy

DEADLINE_SECONDS = 10.0


def request(api: int, correlation_id: int, text: str = "stage.1") -> bytes:
    client, value = b"newsflow", text.encode()
    header = struct.pack(">hhih", api, 1, correlation_id, len(client)) + client
    return header + struct.pack(">h", len(value)) + value


class Broker:
    """Notes the correlation ids it was asked with, in order."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (length,) = struct.unpack(">i", await reader.readexactly(4))
                correlation_id = parse_request(await reader.readexactly(length)).correlation_id
                self.asked.append(correlation_id)
                writer.write(struct.pack(">ii", 4, correlation_id))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def send(self, frame: bytes) -> None:
        self._writer.write(struct.pack(">i", len(frame)) + frame)

    async def answer(self) -> int:
        """The correlation id of the next answer. Raises OSError or IncompleteReadError when cut."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            _, correlation_id = struct.unpack(">ii", await self._reader.readexactly(8))
            return int(correlation_id)

    async def ask(self, frame: bytes) -> int:
        self.send(frame)
        return await self.answer()

    async def is_cut(self) -> bool:
        try:
            return not await asyncio.wait_for(self._reader.read(1), DEADLINE_SECONDS)
        except OSError:
            return True

    def close(self) -> None:
        self._writer.close()


CUT = (OSError, asyncio.IncompleteReadError)


@asynccontextmanager
async def proxied() -> AsyncIterator[tuple[Broker, Proxy]]:
    port, broker_port = free_ports(2)
    broker = Broker()
    server = await asyncio.start_server(broker.serve, "127.0.0.1", broker_port)
    async with Proxy(port, broker_port).running() as proxy:
        yield broker, proxy
    server.close()
    await server.wait_closed()


@asynccontextmanager
async def client_of(proxy: Proxy) -> AsyncIterator[Client]:
    client = Client(*await asyncio.open_connection("127.0.0.1", proxy.port))
    try:
        yield client
    finally:
        client.close()


def catch(proxy: Proxy, api: Api, *, is_answer: bool = False, cut_client: bool = False) -> Catch:
    caught = Catch(api, is_answer=is_answer, cut_client=cut_client)
    proxy.network.catches.append(caught)
    return caught


async def arrives(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), DEADLINE_SECONDS)


async def test_requests_and_answers_pass() -> None:
    async with proxied() as (broker, proxy), client_of(proxy) as client:
        assert [await client.ask(request(Api.PRODUCE, number)) for number in (1, 2, 3)] == [1, 2, 3]
        assert broker.asked == [1, 2, 3]


async def test_cut_ends_what_is_open_and_lets_others_come() -> None:
    async with proxied() as (_, proxy):
        async with client_of(proxy) as client:
            await client.ask(request(Api.FETCH, 1))
            proxy.cut()
            assert await client.is_cut()
        async with client_of(proxy) as client:
            assert await client.ask(request(Api.FETCH, 2)) == 2


async def test_refused_until_reconnected() -> None:
    async with proxied() as (broker, proxy):
        proxy.refuse()
        async with client_of(proxy) as client:
            assert await client.is_cut()
        proxy.reconnect()
        async with client_of(proxy) as client:
            assert await client.ask(request(Api.FETCH, 2)) == 2
        assert broker.asked == [2]


async def test_lost_answers_come_late_though_the_broker_was_asked() -> None:
    async with proxied() as (broker, proxy), client_of(proxy) as client:
        await client.ask(request(Api.FETCH, 1))
        proxy.lose_answers()
        answering = asyncio.create_task(client.ask(request(Api.FETCH, 2)))
        async with asyncio.timeout(DEADLINE_SECONDS):
            while broker.asked != [1, 2]:
                await asyncio.sleep(0)
        assert not answering.done()
        proxy.reconnect()
        assert await answering == 2


async def test_lost_requests_never_reach_the_broker_before_reconnection() -> None:
    async with proxied() as (broker, proxy), client_of(proxy) as client:
        await client.ask(request(Api.FETCH, 1))
        proxy.lose_requests()
        client.send(request(Api.FETCH, 2))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.answer(), 0.1)
        assert broker.asked == [1]
        proxy.reconnect()
        assert await client.answer() == 2


async def test_delay_slows_each_frame() -> None:
    async with proxied() as (_, proxy), client_of(proxy) as client:
        proxy.delay(0.05)
        began = asyncio.get_running_loop().time()
        await client.ask(request(Api.FETCH, 1))
        assert asyncio.get_running_loop().time() - began >= 0.1


async def test_answer_of_one_api_is_held_back_once() -> None:
    async with proxied() as (broker, proxy), client_of(proxy) as client:
        held = catch(proxy, Api.END_TRANSACTION, is_answer=True)
        assert await client.ask(request(Api.PRODUCE, 1)) == 1
        answering = asyncio.create_task(client.ask(request(Api.END_TRANSACTION, 2)))
        await arrives(held.caught)
        assert broker.asked == [1, 2]
        assert not answering.done()
        held.released.set()
        assert await answering == 2
        assert await client.ask(request(Api.END_TRANSACTION, 3)) == 3


async def test_answer_is_lost_with_its_connection() -> None:
    async with proxied() as (broker, proxy), client_of(proxy) as client:
        catch(proxy, Api.END_TRANSACTION, is_answer=True, cut_client=True)
        with pytest.raises(CUT):
            await client.ask(request(Api.END_TRANSACTION, 1))
        assert broker.asked == [1]


async def test_request_comes_late_after_its_second_sending() -> None:
    async with proxied() as (broker, proxy):
        late = catch(proxy, Api.END_TRANSACTION, cut_client=True)
        async with client_of(proxy) as client:
            with pytest.raises(CUT):
                await client.ask(request(Api.END_TRANSACTION, 1))
        async with client_of(proxy) as client:
            assert await client.ask(request(Api.END_TRANSACTION, 2)) == 2
            assert broker.asked == [2]
            late.released.set()
            await arrives(late.answered)
            assert broker.asked == [2, 1]


async def test_request_is_caught_by_its_transactional_id() -> None:
    async with proxied() as (broker, proxy), client_of(proxy) as client:
        held = Catch(Api.ADD_OFFSETS, is_answer=False, drop=True, transactional_id="stage.2")
        proxy.network.catches.append(held)
        assert await client.ask(request(Api.ADD_OFFSETS, 1, "stage.1")) == 1
        client.send(request(Api.ADD_OFFSETS, 2, "stage.2"))
        await arrives(held.caught)
        held.released.set()
        assert await client.ask(request(Api.ADD_OFFSETS, 3, "stage.2")) == 3
        assert broker.asked == [1, 3]


async def test_bytes_that_are_no_request_end_the_connection() -> None:
    async with proxied() as (_, proxy), client_of(proxy) as client:
        client.send(b"GET")
        assert await client.is_cut()


def test_header_is_read() -> None:
    parsed = parse_request(request(Api.END_TRANSACTION, 9, "enrich.news.articles.raw.v1.3"))
    assert (parsed.api_key, parsed.correlation_id, parsed.client_id) == (26, 9, "newsflow")
    assert parsed.transactional_id == "enrich.news.articles.raw.v1.3"
    assert parse_request(request(Api.FETCH, 9)).transactional_id is None


@pytest.mark.parametrize("cut", range(len(request(Api.END_TRANSACTION, 9))))
def test_cut_header_is_refused(cut: int) -> None:
    with pytest.raises(ValueError, match="no Kafka request"):
        parse_request(request(Api.END_TRANSACTION, 9)[:cut])
