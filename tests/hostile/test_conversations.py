"""Servers that are hostile over several requests: to one fetcher, on connections that are kept."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from schemas.reasons import Reason
from services.ingest.fetch import Fetcher, FetchError, Response, Validators
from services.ingest.settings import FetchSettings
from tests.hostile.case import FEED, XML

KNOWN = Validators('"1"', "Wed, 04 Mar 2026 00:00:00 GMT")
LOCAL = FetchSettings(allow_private_addresses=True, max_body_bytes=1_000_000)
Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def kept(body: bytes, *headers: tuple[str, str], status: str = "200 OK") -> bytes:
    """A response after which the connection stays."""
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in (XML, *headers))]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


@asynccontextmanager
async def server(*replies: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Answers each request with the next reply, on whichever connection; yields its address and what it was sent."""
    waiting, heard = list(replies), list[bytes]()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while waiting:
                heard.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(waiting.pop(0))
                await writer.drain()
        writer.close()

    running = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with running:
        yield f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}/feed", heard


async def outcome(fetcher: Fetcher, url: str, validators: Validators | None = None) -> Response | Reason:
    try:
        return await fetcher.fetch(url, validators)
    except FetchError as error:
        return error.reason


@pytest.mark.parametrize("status", ["304 Not Modified", "204 No Content"])
async def test_a_body_where_none_may_be_is_not_the_next_answer(status: str) -> None:
    poison = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
    first = f"HTTP/1.1 {status}\r\nContent-Length: {len(poison)}\r\n\r\n".encode() + poison
    async with server(first, kept(FEED)) as (url, _), Fetcher(LOCAL) as fetcher:
        await outcome(fetcher, url, KNOWN)
        second = await outcome(fetcher, url)
        assert not isinstance(second, Response) or second.body == FEED


async def test_an_answer_nobody_asked_for_is_given_to_nobody() -> None:
    async with server(kept(FEED) + kept(b"poison"), kept(FEED)) as (url, _), Fetcher(LOCAL) as fetcher:
        first = await outcome(fetcher, url)
        second = await outcome(fetcher, url)
    for each in (first, second):
        assert not isinstance(each, Response) or each.body == FEED


async def test_a_304_with_a_body_that_was_asked_for_is_just_that() -> None:
    reply = b'HTTP/1.1 304 Not Modified\r\nETag: "2"\r\n\r\n'
    async with server(reply) as (url, heard), Fetcher(LOCAL) as fetcher:
        answered = await outcome(fetcher, url, KNOWN)
    assert isinstance(answered, Response)
    assert (answered.not_modified, answered.body, answered.validators.etag) == (True, b"", '"2"')
    assert b'If-None-Match: "1"' in heard[0]


async def test_a_304_after_a_redirect_is_taken_too() -> None:
    moved = kept(b"", ("Location", "/other"), status="301 Moved")
    async with server(moved, kept(b"", status="304 Not Modified")) as (url, _), Fetcher(LOCAL) as fetcher:
        answered = await outcome(fetcher, url, KNOWN)
    assert isinstance(answered, Response)
    assert answered.not_modified
    assert answered.permanent_redirect == url.replace("/feed", "/other")


@pytest.mark.parametrize("etag", ['"a\rX-Injected: 1"', '"a\nX-Injected: 1"', '"\x00"', '"a\x7f"', '"é"'])
async def test_no_validator_smuggles_anything_into_the_next_request(etag: str) -> None:
    async with server(kept(FEED), kept(FEED)) as (url, heard), Fetcher(LOCAL) as fetcher:
        await outcome(fetcher, url, Validators(etag, etag))
        await outcome(fetcher, url)
    assert all(b"injected" not in head.lower() and b"If-None-Match" not in head for head in heard)


@pytest.mark.parametrize("location", ["/\r\nX-Injected: 1", "/%0d%0aX-Injected:%201", "/\tx", "/ x y", "/é", "/\x00"])
async def test_no_redirect_smuggles_anything_into_the_next_request(location: str) -> None:
    moved = kept(b"", ("Location", location), status="302 Found")
    async with server(moved, kept(FEED)) as (url, heard), Fetcher(LOCAL) as fetcher:
        await outcome(fetcher, url)
    assert all(b"\r\nx-injected" not in head.lower() for head in heard)


async def test_a_connection_closed_while_idle_costs_no_poll() -> None:
    replies = [kept(FEED), kept(FEED), kept(FEED)]

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(replies.pop(0))
            await writer.drain()
        writer.close()

    running = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with running, Fetcher(LOCAL) as fetcher:
        url = f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}/feed"
        for _ in range(3):
            assert isinstance(await outcome(fetcher, url), Response)
    assert not replies


async def test_a_large_body_behind_an_error_or_redirect_is_not_read() -> None:
    large = b"x" * 30_000_000
    moved = kept(large, ("Location", "/other"), status="302 Found")
    async with server(moved, kept(FEED)) as (url, _), Fetcher(LOCAL) as fetcher:
        answered = await outcome(fetcher, url)
        assert isinstance(answered, Response)
        assert answered.body == FEED
    async with server(kept(large, status="500 Oops"), kept(FEED)) as (url, _), Fetcher(LOCAL) as fetcher:
        assert await outcome(fetcher, url) is Reason.SERVER_ERROR
