"""A web server on loopback whose answers a test sets, and a resolver that finds it under any name."""

import socket
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer

from services.ingest.settings import FetchSettings

FEED = b"<rss version='2.0'><channel><title>T</title></channel></rss>"
LOCAL = FetchSettings(allow_private_addresses=True, max_body_bytes=200_000)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Loopback(AbstractResolver):
    """Every name is this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        answer = ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0)
        return [answer]

    async def close(self) -> None:
        pass


class Site:
    """A server whose paths tests set, and the requests it saw."""

    def __init__(self) -> None:
        self.handlers: dict[str, Handler] = {}
        self.seen: list[web.Request] = []
        app = web.Application(handler_args={"auto_decompress": False})
        app.router.add_route("*", "/{path:.*}", self._handle)
        self.server = TestServer(app)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        return await self.handlers[request.path](request)

    def url(self, path: str) -> str:
        return str(self.server.make_url(path))

    def answers(self, path: str, body: bytes = FEED, status: int = 200, **headers: str) -> str:
        async def handle(_: web.Request) -> web.Response:
            return web.Response(
                body=body, status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}
            )

        self.handlers[path] = handle
        return self.url(path)
