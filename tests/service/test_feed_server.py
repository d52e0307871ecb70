"""The feed server asked over real connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import feedparser
import httpx
import listparser
import pytest

from services.common.errors import UsageError
from services.fixture_feed.feed import FixtureFeed
from services.fixture_feed.seed import Seed
from services.fixture_feed.server import FeedServer, Served

START = datetime(2025, 4, 14, 9, 30, tzinfo=UTC)
SEED = Seed("rain", "Rain falls", ("Rain fell.", "It stopped."), "https://news.example/rain")


class FakeTime:
    """A clock that moves only when something sleeps on it."""

    def __init__(self) -> None:
        self.now = START
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@asynccontextmanager
async def serve(time: FakeTime, options: dict[str, Any] | None = None, **server: Any) -> AsyncIterator[FeedServer]:
    feed = FixtureFeed([SEED], started_at=START, **(options or {}))
    async with FeedServer(feed, clock=time, **{"sleep": time.sleep} | server) as running:
        yield running


@asynccontextmanager
async def session(options: dict[str, Any] | None = None, **server: Any) -> AsyncIterator[tuple[Any, ...]]:
    time = FakeTime()
    async with serve(time, options, **server) as running, httpx.AsyncClient(base_url=running.url) as client:
        yield running, client, time


async def test_feed_is_served_and_read() -> None:
    async with session() as (server, client, _):
        reply = await client.get("/feed.xml")
        parsed = feedparser.parse(reply.content)
        assert [entry.id for entry in parsed.entries] == ["rain"]
        assert reply.headers["content-type"] == "application/rss+xml; charset=utf-8"
        assert reply.headers["content-encoding"] == "gzip"
        assert reply.headers["date"] == "Mon, 14 Apr 2025 09:30:00 GMT"
        assert reply.content == server.feed.document(0, START)
        assert server.feed_urls == (f"{server.url}/feed.xml",)
        assert server.served[0] == Served(START, "GET", "/feed.xml", False, 200, "")


async def test_head_has_the_headers_of_get_and_no_body() -> None:
    async with session() as (_, client, _):
        got, head = await client.get("/feed.xml"), await client.head("/feed.xml")
        assert head.content == b""
        assert dict(head.headers) == dict(got.headers)


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_each_validator_alone_gives_a_304_until_the_document_changes(encoding: str) -> None:
    async with session({"count": 2, "rate": 0.1}) as (server, client, time):
        client.headers["Accept-Encoding"] = encoding
        first = await client.get("/feed.xml")
        for name, validator in (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified")):
            conditional = {name: first.headers[validator]}
            reply = await client.get("/feed.xml", headers=conditional)
            assert (reply.status_code, reply.content) == (304, b"")
            time.now = START + timedelta(seconds=10)
            reply = await client.get("/feed.xml", headers=conditional)
            assert (reply.status_code, len(feedparser.parse(reply.content).entries)) == (200, 2)
            time.now = START
        assert [line.is_conditional for line in server.served] == [False, True, True, True, True]
        assert [line.status for line in server.served] == [200, 304, 200, 304, 200]


async def test_date_that_would_stand_for_two_contents_is_left_out() -> None:
    async with session({"count": 3, "rate": 3}) as (_, client, time):
        assert "last-modified" not in (await client.get("/feed.xml")).headers
        time.now += timedelta(seconds=0.7)
        assert (await client.get("/feed.xml")).headers["last-modified"] == "Mon, 14 Apr 2025 09:30:00 GMT"


async def test_lists_name_every_feed_by_the_name_the_client_used() -> None:
    async with session({"count": 201}) as (server, client, _):
        opml = await client.get(server.opml_url, headers={"Host": "feeds.example:81"})
        assert opml.headers["content-type"].startswith("text/x-opml")
        assert [feed.url for feed in listparser.parse(opml.text).feeds] == [
            f"http://feeds.example:81{path}" for path in ("/feed.xml", "/feeds/0002.xml", "/feeds/0003.xml")
        ]
        front = await client.get("/")
        assert front.headers["content-type"].startswith("text/html")
        assert all(f'href="{path}"' in front.text for path in (*server.feed.paths, "/feeds.opml"))
        entries = [feedparser.parse((await client.get(url)).content).entries for url in server.feed_urls]
        assert {entry.id for found in entries for entry in found} == set(server.feed.guids)


async def test_unknown_page_method_and_fault_are_refused() -> None:
    async with session() as (_, client, _):
        assert (await client.get("/feeds/0001.xml")).status_code == 404
        assert (await client.post("/feed.xml", content=b"x")).status_code == 405
        reply = await client.get("/feed.xml?stauts=500")
        assert reply.status_code == 400
        assert "stauts: no such fault" in reply.text


async def test_status_on_demand() -> None:
    async with session() as (server, client, _):
        reply = await client.get("/feed.xml?status=503&retry_after=2")
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "2")
        assert (server.served[0].status, server.served[0].fault) == (503, "retry_after=2&status=503")
        assert (await client.get("/feed.xml?status=304")).status_code == 304
        assert (await client.get("/feed.xml?status=299")).status_code == 299
        assert (await client.get("/feeds.opml?status=404")).status_code == 404


async def test_redirects_end_at_the_feed_or_never() -> None:
    async with session() as (server, client, _):
        reply = await client.get("/feed.xml?redirect=3&redirect_status=301", follow_redirects=True)
        assert [hop.status_code for hop in reply.history] == [301, 301, 301]
        assert (reply.status_code, str(reply.url)) == (200, f"{server.url}/feed.xml")
        with pytest.raises(httpx.TooManyRedirects):
            await client.get("/feed.xml?redirect=loop", follow_redirects=True)


async def test_slow_reply_waits_first() -> None:
    async with session() as (_, client, time):
        assert (await client.get("/feed.xml?slow=30")).status_code == 200
        assert time.slept == [30]


async def test_drip_sends_the_whole_document_at_its_pace() -> None:
    async with session() as (server, client, time):
        reply = await client.get("/feed.xml?drip=100", headers={"Accept-Encoding": "identity"})
        assert reply.content == server.feed.document(0, START)
        assert sum(time.slept) == pytest.approx(len(reply.content) / 100)
        assert max(time.slept) == pytest.approx(0.1)


@pytest.mark.parametrize("size", [0, 100])
async def test_drop_cuts_the_connection_in_the_body(size: int) -> None:
    async with session() as (server, client, _):
        received = b""
        with pytest.raises(httpx.RemoteProtocolError):
            async with client.stream("GET", f"/feed.xml?drop={size}", headers={"Accept-Encoding": "identity"}) as reply:
                async for chunk in reply.aiter_raw():
                    received += chunk
        assert received == server.feed.document(0, START)[:size]
        assert (await client.get("/feed.xml")).status_code == 200


async def test_garbage_arrives_as_ordered() -> None:
    async with session() as (server, client, _):
        whole = server.feed.document(0, START)
        assert (await client.get("/feed.xml?garbage=truncated")).content == whole[: len(whole) // 2]
        assert (await client.get("/feed.xml?garbage=empty")).content == b""
        assert feedparser.parse((await client.get("/feed.xml?garbage=html")).content).version == ""
        assert len((await client.get("/feed.xml?garbage=binary")).content) == 4096
        assert whole.startswith((await client.get("/feed.xml?garbage=gzip-cut")).content)
        with pytest.raises(httpx.DecodingError):
            await client.get("/feed.xml?garbage=gzip-broken")


async def test_server_misbehaves_for_a_share_of_feed_requests_and_repeats_itself() -> None:
    async def statuses() -> list[int]:
        async with session(misbehave={"status:500": 0.3, "slow": 0.2}, random_seed=3) as (server, client, time):
            found = [(await client.get("/feed.xml")).status_code for _ in range(60)]
            assert (await client.get("/feeds.opml")).status_code == 200
            assert len(time.slept) == sum(line.fault == "slow=5" for line in server.served)
            return found

    found = await statuses()
    assert 8 <= found.count(500) <= 28
    assert found == await statuses()


async def test_stop_ends_requests_that_wait_and_leaves_no_task() -> None:
    before = asyncio.all_tasks()
    waiting, forever = asyncio.Event(), asyncio.Event()

    async def sleep(_: float) -> None:
        waiting.set()
        await forever.wait()

    async with httpx.AsyncClient() as client:
        async with session(sleep=sleep) as (server, _, _):
            request = asyncio.create_task(client.get(f"{server.url}/feed.xml?slow=60"))
            await waiting.wait()
        with pytest.raises(httpx.TransportError):
            await request
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{server.url}/feed.xml")
    assert asyncio.all_tasks() == before


async def test_client_that_hangs_up_ends_its_slow_request() -> None:
    waiting, ended = asyncio.Event(), asyncio.Event()

    async def sleep(_: float) -> None:
        waiting.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with session(sleep=sleep) as (_, client, _):
        request = asyncio.create_task(client.get("/feed.xml?slow=60"))
        await waiting.wait()
        request.cancel()
        async with asyncio.timeout(10):
            await ended.wait()


async def test_server_starts_again_at_its_address() -> None:
    time = FakeTime()
    server = FeedServer(FixtureFeed([SEED], started_at=START), clock=time)
    async with server:
        first = server.url
    async with server, httpx.AsyncClient() as client:
        assert server.url == first
        assert (await client.get(server.feed_urls[0])).status_code == 200


async def test_taken_port_is_a_clear_error() -> None:
    async with session() as (server, _, _):
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1 port {port}"):
            await FeedServer(server.feed, port=port).__aenter__()


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:81"), ("0.0.0.0", "http://127.0.0.1:81"), ("::1", "http://[::1]:81")],
)
def test_address_of_a_server(host: str, url: str) -> None:
    assert FeedServer(FixtureFeed([SEED], started_at=START), host, 81).url == url
