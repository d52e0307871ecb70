"""The fixture feed over HTTP, well behaved unless asked not to be."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from types import TracebackType
from typing import Self

from aiohttp import web

from services.common.clock import Clock, system_clock
from services.common.errors import UsageError
from services.fixture_feed.fault import Misbehaviour, parse_fault
from services.fixture_feed.feed import FixtureFeed
from services.fixture_feed.reply import HTML_TYPE, PLAIN_TYPE, Asked, Page, Reply, reply_to
from services.fixture_feed.rss import OPML_TYPE, RSS_TYPE

OPML_PATH = "/feeds.opml"
MAX_LOGGED = 100_000
DRIPS_PER_SECOND = 10
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - to name it, not to bind to it

Sleep = Callable[[float], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Served:
    """A line of the request log. `fault` is the query of the fault met, "" for none."""

    at: datetime
    method: str
    path: str
    is_conditional: bool
    status: int
    fault: str


class FeedServer:
    """`async with FeedServer(feed) as server: server.url`. Port 0 is any free port; a later start keeps it.

    A fault in a request's query always happens; `misbehave` (see `Misbehaviour`) draws one for a share of the other
    requests for feed documents. `served` is the request log: the last MAX_LOGGED requests, as they came in.
    Raises UsageError for a wrong `misbehave`, and on entering if it cannot listen there.
    """

    def __init__(
        self,
        feed: FixtureFeed,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock = system_clock,
        *,
        misbehave: Mapping[str, float] | None = None,
        random_seed: int = 0,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.feed = feed
        self.served: deque[Served] = deque(maxlen=MAX_LOGGED)
        self._host = host
        self._port = port
        self._clock = clock
        self._sleep = sleep
        self._misbehaviour = Misbehaviour(misbehave or {}, random_seed)
        self._indexes = {path: index for index, path in enumerate(feed.paths)}
        self._asked: Counter[str] = Counter()
        self._pages: dict[int, tuple[tuple[int, int], Page]] = {}
        self._handling: set[asyncio.Task[object]] = set()
        self._runner: web.ServerRunner | None = None

    async def __aenter__(self) -> Self:
        # A client that hangs up ends its request here too: nobody waits out `slow` for it.
        server = web.Server(self._handle, access_log=None, handler_cancellation=True)
        runner = web.ServerRunner(server, shutdown_timeout=1)
        await runner.setup()
        self._runner = runner
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as error:
            await self._stop()
            raise UsageError(f"cannot listen on {self._host} port {self._port}: {error.strerror or error}") from error
        self._port = runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    @property
    def url(self) -> str:
        """The address without a trailing slash. The port is right once the server has started."""
        host = _EVERYWHERE.get(self._host, self._host)
        return f"http://[{host}]:{self._port}" if ":" in host else f"http://{host}:{self._port}"

    @property
    def feed_urls(self) -> tuple[str, ...]:
        return tuple(self.url + path for path in self.feed.paths)

    @property
    def opml_url(self) -> str:
        return self.url + OPML_PATH

    async def _stop(self) -> None:
        runner, self._runner = self._runner, None
        if runner is None:
            return
        for site in runner.sites:
            await site.stop()
        handling = list(self._handling)
        for task in handling:
            task.cancel()
        await asyncio.gather(*handling, return_exceptions=True)
        await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        task = asyncio.current_task()
        assert task is not None
        self._handling.add(task)
        try:
            reply = self._decide(request)
            if reply.wait_seconds:
                await self._sleep(reply.wait_seconds)
            return await self._send(request, reply)
        finally:
            self._handling.discard(task)

    def _decide(self, request: web.BaseRequest) -> Reply:
        now = self._clock()
        query = dict(request.query)
        if not query and request.path in self._indexes:
            query = self._misbehaviour.draw(request.path, self._asked[request.path])
            self._asked[request.path] += 1
        asked = Asked(request.method, request.path, request.headers, query)
        name = ""
        try:
            fault = parse_fault(query)
            name = fault.query if fault else ""
            reply = reply_to(asked, self._page(request, now), fault, now)
        except UsageError as error:
            reply = Reply(400, {"Content-Type": PLAIN_TYPE}, f"{error}\n".encode())
        self.served.append(Served(now, asked.method, asked.path, asked.is_conditional, reply.status, name))
        return reply

    async def _send(self, request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
        if request.method == "HEAD" or (reply.bytes_per_second is None and reply.drop_after is None):
            return web.Response(status=reply.status, headers=reply.headers, body=reply.body)
        response = web.StreamResponse(status=reply.status, headers=reply.headers)
        response.content_length = len(reply.body)
        await response.prepare(request)
        body = reply.body[: reply.drop_after]
        step = len(body) or 1
        if reply.bytes_per_second is not None:
            step = max(1, reply.bytes_per_second // DRIPS_PER_SECOND)
        for start in range(0, len(body), step):
            chunk = body[start : start + step]
            await response.write(chunk)
            if reply.bytes_per_second is not None:
                await self._sleep(len(chunk) / reply.bytes_per_second)
        if len(body) < len(reply.body) and request.transport is not None:
            request.transport.close()
        return response

    def _page(self, request: web.BaseRequest, now: datetime) -> Page | None:
        if request.path == "/":
            return Page.of(self._front_page(), HTML_TYPE)
        if request.path == OPML_PATH:
            # By the name the client knows us by: bound to every address, we have none of our own.
            base = f"http://{request.headers['Host']}" if "Host" in request.headers else self.url
            return Page.of(self.feed.opml(base), OPML_TYPE)
        index = self._indexes.get(request.path)
        return None if index is None else self._document(index, now)

    def _document(self, index: int, now: datetime) -> Page:
        version = self.feed.version(index, now)
        held, page = self._pages.get(index, (None, None))
        if page is None or held != version:
            body = self.feed.document(index, now)
            page = Page.of(body, RSS_TYPE, self._last_modified(index, now))
            self._pages[index] = version, page
        return page

    def _last_modified(self, index: int, now: datetime) -> datetime | None:
        """None where the document changes again within the second: one date would then stand for two contents."""
        changed, coming = self.feed.changed_at(index, now), self.feed.next_change_at(now, index)
        is_final = coming is None or coming.replace(microsecond=0) > changed
        return changed if is_final else None

    def _front_page(self) -> bytes:
        items = "".join(
            f'<li><a href="{path}">{escape(self.feed.title(index))}</a>\n' for path, index in self._indexes.items()
        )
        return (
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Fixture feeds</title>\n'
            f'<h1>Fixture feeds</h1>\n<p>All of them as <a href="{OPML_PATH}">OPML</a>\n<ul>\n{items}</ul>\n'
        ).encode()
