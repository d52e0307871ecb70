"""The one HTTP port of a service: `/livez`, `/readyz` and `/metrics`."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from services.common.errors import UsageError
from services.common.health import Health


@asynccontextmanager
async def endpoints(host: str, port: int, health: Health, registry: CollectorRegistry) -> AsyncIterator[int]:
    """Serve until the context ends; gives the port (for 0, a free one). Raises UsageError if it is taken."""
    app = web.Application()
    app.router.add_get("/livez", lambda _: _answer(health.why_not_live))
    app.router.add_get("/readyz", lambda _: _answer(health.why_not_ready))
    app.router.add_get("/metrics", lambda _: _metrics(registry))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise UsageError(f"HTTP port {host}:{port} cannot be opened: {error.strerror}") from error
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def _answer(why_not: Callable[[], str | None]) -> web.Response:
    detail = why_not()
    return web.Response(text="ok\n") if detail is None else web.Response(status=503, text=f"{detail}\n")


async def _metrics(registry: CollectorRegistry) -> web.Response:
    return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
