"""A TCP proxy between clients and one broker: it cuts, refuses, delays and holds back, and it reads Kafka's headers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.faults.frames import LENGTH, Api, Request, correlation_id_of, parse_request


@dataclass(eq=False)
class Catch:
    """Waits for one frame: a request of this api, or the answer to one. It goes on once `released`, unless dropped.

    `cut_client` closes the client's connection when the frame is caught; the broker's stays until it has had it.
    """

    api: Api
    is_answer: bool
    cut_client: bool = False
    drop: bool = False
    transactional_id: str | None = None
    caught: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    request: Request | None = None

    def wants(self, request: Request, *, is_answer: bool) -> bool:
        return (
            not self.caught.is_set()
            and (self.api, self.is_answer) == (request.api_key, is_answer)
            and self.transactional_id in {None, request.transactional_id}
        )


class Network:
    """The state of the line to a broker, and the frames that somebody waits for."""

    def __init__(self) -> None:
        self.refuses = False
        self.delay_seconds = 0.0
        self.requests_pass = _open_gate()
        self.answers_pass = _open_gate()
        self.catches: list[Catch] = []

    def catch(self, request: Request, *, is_answer: bool) -> Catch | None:
        for catch in self.catches:
            if catch.wants(request, is_answer=is_answer):
                catch.request = request
                catch.caught.set()
                return catch
        return None

    async def pass_through(self, *, is_answer: bool) -> None:
        """Return when a frame may go on."""
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)
        await (self.answers_pass if is_answer else self.requests_pass).wait()


class Proxy:
    """Listens on `port`, and hands on to `broker_port`, whether that is there or not."""

    def __init__(self, port: int, broker_port: int) -> None:
        self.port = port
        self.network = Network()
        self._broker_port = broker_port
        self._connections: set[_Connection] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Proxy"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=_LIMIT_BYTES)
        try:
            yield self
        finally:
            server.close()
            self.reconnect()
            self.cut()
            while self._connections:
                await asyncio.sleep(0)

    @property
    def connections(self) -> int:
        return len(self._connections)

    def cut(self) -> None:
        """End all connections at once, on both sides."""
        for connection in self._connections:
            connection.cut()

    def refuse(self) -> None:
        self.network.refuses = True
        self.cut()

    def lose_requests(self) -> None:
        """Half open: the broker hears nothing more, its answers still come. What is held back comes late."""
        self.network.requests_pass.clear()

    def lose_answers(self) -> None:
        self.network.answers_pass.clear()

    def delay(self, seconds: float) -> None:
        """Each way, frame by frame."""
        self.network.delay_seconds = seconds

    def reconnect(self) -> None:
        """A healthy line again."""
        self.network.refuses = False
        self.network.delay_seconds = 0.0
        self.network.requests_pass.set()
        self.network.answers_pass.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(self.network, reader, writer)
        self._connections.add(connection)
        try:
            if not self.network.refuses:
                await connection.run(self._broker_port)
        finally:
            connection.cut()
            self._connections.discard(connection)


class _Connection:
    def __init__(self, network: Network, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._network = network
        self._client_reader, self._client = reader, writer
        self._broker: asyncio.StreamWriter | None = None
        self._requests: dict[int, Request] = {}
        self._awaited: dict[int, Catch] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        self._client.transport.abort()
        if self._broker is not None:
            self._broker.transport.abort()
        for task in self._tasks:
            task.cancel()

    async def run(self, broker_port: int) -> None:
        """Return when either side has closed."""
        try:
            reader, self._broker = await asyncio.open_connection("127.0.0.1", broker_port, limit=_LIMIT_BYTES)
        except OSError:
            return
        self._tasks = {
            asyncio.create_task(self._hand_requests(self._broker)),
            asyncio.create_task(self._hand_answers(reader)),
        }
        try:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _hand_requests(self, broker: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, OSError):
            while True:
                frame = await _read_frame(self._client_reader)
                request = parse_request(frame)
                self._requests[request.correlation_id] = request
                await self._network.pass_through(is_answer=False)
                if catch := self._network.catch(request, is_answer=False):
                    if catch.cut_client:
                        self._client.transport.abort()
                    await catch.released.wait()
                    if catch.drop:
                        continue
                    self._awaited[request.correlation_id] = catch
                await _write_frame(broker, frame)
                if catch and catch.cut_client:
                    await catch.answered.wait()

    async def _hand_answers(self, reader: asyncio.StreamReader) -> None:
        with suppress(asyncio.IncompleteReadError, OSError):
            while True:
                frame = await _read_frame(reader)
                request = self._requests.pop(correlation_id_of(frame))
                await self._network.pass_through(is_answer=True)
                if awaited := self._awaited.pop(request.correlation_id, None):
                    awaited.answered.set()
                    if awaited.cut_client:
                        continue
                if catch := self._network.catch(request, is_answer=True):
                    if catch.cut_client:
                        return
                    await catch.released.wait()
                    if catch.drop:
                        continue
                await _write_frame(self._client, frame)


_LIMIT_BYTES = 4 * 1024 * 1024


def _open_gate() -> asyncio.Event:
    gate = asyncio.Event()
    gate.set()
    return gate


async def _read_frame(reader: asyncio.StreamReader) -> bytes:
    (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
    return await reader.readexactly(length)


async def _write_frame(writer: asyncio.StreamWriter, frame: bytes) -> None:
    writer.write(LENGTH.pack(len(frame)) + frame)
    await writer.drain()
