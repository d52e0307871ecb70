"""A proxy before a broker that reads the requests of its clients and can lose, cut or delay single ones."""

import asyncio
import struct
from collections.abc import Callable
from enum import Enum
from types import TracebackType
from typing import Self

ADD_OFFSETS_TO_TXN = 25
END_TXN = 26


class Fate(Enum):
    PASS = "pass"
    CUT = "the broker gets the request, the client a closed connection"
    HOLD = "the client gets a closed connection, the broker the request only after `release`"
    SWALLOW = "nobody hears of it again"


class Proxy:
    """Clients come to `port`, where the broker tells them to come."""

    def __init__(self, port: int, broker_port: int, fate: Callable[[int], Fate]) -> None:
        """`fate` is asked for each request, with its API key."""
        self._port = port
        self._broker_port = broker_port
        self._fate = fate
        self._released = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.late_arrivals = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def release(self) -> None:
        """Let the requests that were held arrive."""
        self._released.set()

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        broker, to_broker = await asyncio.open_connection("127.0.0.1", self._broker_port)
        answers = asyncio.ensure_future(_copy(broker, to_client))
        try:
            while True:
                head = await client.readexactly(4)
                request = await client.readexactly(struct.unpack(">i", head)[0])
                fate = self._fate(struct.unpack_from(">h", request)[0])
                if fate is Fate.SWALLOW:
                    continue
                if fate is not Fate.PASS:
                    answers.cancel()
                    to_client.close()
                if fate is Fate.HOLD:
                    await self._released.wait()
                to_broker.write(head + request)
                if fate is not Fate.PASS:
                    await broker.readexactly(4)  # the broker has dealt with it
                    self.late_arrivals += fate is Fate.HOLD
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            answers.cancel()
            to_broker.close()
            to_client.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        target.write(data)
    target.close()
