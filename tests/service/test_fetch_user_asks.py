"""What users of other pollers asked for, where it takes a server to tell. Numbers are those of the list of asks."""

import asyncio
import gzip
import socket
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.abc import ResolveResult

from schemas.reasons import Reason
from schemas.topics import RAW
from services.ingest.fetch import Fetcher, FetchError
from services.ingest.settings import FetchSettings, ScheduleSettings
from tests.service.test_fetch_ingest import document
from tests.support.polling import QUICK, feed, ingest, opened_log, records, states, until, until_polled, write
from tests.support.site import LOCAL, Loopback, Site


async def test_27_what_has_not_changed_is_not_sent_again(site: Site, tmp_path: Path) -> None:
    async def conditional(request: web.Request) -> web.Response:
        if request.headers.get("If-None-Match") == '"1"':
            return web.Response(status=304, headers={"ETag": '"1"'})
        return web.Response(body=document(1), headers={"ETag": '"1"'})

    site.handlers["/feed"] = conditional
    schedule = ScheduleSettings(interval_seconds=0.02, max_interval_seconds=0.02, starts_per_second=1_000.0)
    async with opened_log(tmp_path) as log:
        await write(log, feed("a", site.url("/feed")))
        async with ingest(log, QUICK.model_copy(update={"schedule": schedule})):

            async def often() -> bool:
                return len(site.seen) > 10

            await until(often)
    assert [request.headers.get("If-None-Match") for request in site.seen][:10] == [None, *['"1"'] * 9]


async def test_40_a_dropped_connection_stops_neither_the_feed_nor_the_poller(site: Site, tmp_path: Path) -> None:
    dropped = 0

    async def drop_twice(request: web.Request) -> web.Response:
        nonlocal dropped
        dropped += 1
        if dropped <= 2:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(body=document(1))

    site.handlers["/feed"] = drop_twice
    schedule = ScheduleSettings(interval_seconds=0.05, starts_per_second=1_000.0)
    async with opened_log(tmp_path) as log:
        await write(log, feed("a", site.url("/feed")), feed("b", site.answers("/other", document(2))))
        async with ingest(log, QUICK.model_copy(update={"schedule": schedule})):
            await until_polled(log, ["a", "b"])

            async def both() -> bool:
                return len(await records(log, RAW.name)) == 2

            await until(both)


async def test_26_a_poll_that_changed_nothing_undoes_nothing(site: Site, tmp_path: Path) -> None:
    never, hangs = asyncio.Event(), asyncio.Event()
    asked = 0

    async def changes_later(_: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        if asked == 2:
            return web.Response(status=304)
        if asked > 3:
            hangs.set()
            await never.wait()
        return web.Response(body=document(*range(asked)), headers={"ETag": f'"{asked}"'})

    site.handlers["/feed"] = changes_later
    schedule = ScheduleSettings(interval_seconds=0.05, max_interval_seconds=0.05, starts_per_second=1_000.0)
    settings = QUICK.model_copy(update={"schedule": schedule, "unchanged_delay_seconds": 3_600.0})
    async with opened_log(tmp_path) as log:
        await write(log, feed("a", site.url("/feed")))
        async with ingest(log, settings):
            await hangs.wait()
        never.set()
        assert (await states(log))["a"].etag == '"3"'


@pytest.mark.parametrize("host", ["127.0.0.1", "inside.example", "0x7f.1", "[::ffff:127.0.0.1]", "localhost"])
async def test_52_no_address_and_no_redirect_leads_into_the_private_network(site: Site, host: str) -> None:
    inside = f"http://{host}:{site.server.port}/secret"
    async with Fetcher(FetchSettings(allowed_ports=()), resolver=Loopback()) as fetcher:
        with pytest.raises(FetchError) as caught:
            await fetcher.fetch(inside)
    assert caught.value.reason is Reason.ADDRESS_REFUSED
    assert site.seen == []


async def test_52_a_name_is_looked_up_once_and_connected_to_where_that_led(site: Site) -> None:
    answers = ["127.0.0.1", "127.0.0.2"]

    class Rebinding(Loopback):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            address = answers.pop(0)
            return [ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)]

    allowed = ip_address("127.0.0.1")
    site.answers("/feed")
    url = site.url("/feed").replace("127.0.0.1", "{}.example")
    settings = FetchSettings(allowed_ports=())
    async with Fetcher(settings, resolver=Rebinding(), is_allowed=lambda address: address == allowed) as fetcher:
        assert (await fetcher.fetch(url.format("first"))).status == 200
        assert answers == ["127.0.0.2"], "the address that was checked is the one that was connected to"
        with pytest.raises(FetchError) as caught:
            await fetcher.fetch(url.format("second"))
    assert caught.value.reason is Reason.ADDRESS_REFUSED


async def test_53_a_small_answer_cannot_become_a_large_one(site: Site) -> None:
    bomb = gzip.compress(b"\0" * 30_000_000)
    url = site.answers("/feed", bomb, Content_Encoding="gzip")
    assert len(bomb) < LOCAL.max_body_bytes / 5
    async with Fetcher(LOCAL) as fetcher:
        with pytest.raises(FetchError) as caught:
            await fetcher.fetch(url)
    assert caught.value.reason is Reason.BODY_TOO_LARGE
