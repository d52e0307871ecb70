"""Fetching over real HTTP from a server on loopback."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from ipaddress import ip_address

import pytest
from aiohttp import web
from aiohttp.abc import ResolveResult
from aiohttp.test_utils import unused_port
from multidict import CIMultiDict

from schemas.reasons import Reason
from services.common.clock import FixedClock
from services.ingest.access import Access
from services.ingest.addresses import is_public
from services.ingest.codings import ACCEPTED_CODINGS
from services.ingest.fetch import Fetcher, FetchError, Validators
from services.ingest.settings import FetchSettings
from tests.support.site import FEED, LOCAL, Loopback, Site

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


class Nowhere(Loopback):
    """No name exists."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher(LOCAL, clock=FixedClock(NOW)) as fetcher:
        yield fetcher


async def refusal(fetcher: Fetcher, url: str, validators: Validators | None = None) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await fetcher.fetch(url, validators)
    return caught.value


async def test_document_is_fetched_with_its_validators(site: Site, fetcher: Fetcher) -> None:
    url = site.answers("/feed", ETag='"v1"', Last_Modified="Wed, 04 Mar 2026 00:00:00 GMT")
    response = await fetcher.fetch(url)
    assert (response.status, response.body, response.final_url) == (200, FEED, url)
    assert response.validators == Validators('"v1"', "Wed, 04 Mar 2026 00:00:00 GMT")
    assert response.permanent_redirect is None
    assert response.fetched_at == NOW
    assert not response.not_modified


async def test_request_is_honest_about_itself(site: Site, fetcher: Fetcher) -> None:
    await fetcher.fetch(site.answers("/feed"))
    headers = site.seen[0].headers
    assert headers["User-Agent"] == LOCAL.user_agent
    assert headers["Accept-Encoding"] == ACCEPTED_CODINGS
    assert "If-None-Match" not in headers
    assert "Cookie" not in headers


async def test_unchanged_document_is_not_modified(site: Site, fetcher: Fetcher) -> None:
    url = site.answers("/feed", b"", 304)
    response = await fetcher.fetch(url, Validators('"v1"', "Wed, 04 Mar 2026 00:00:00 GMT"))
    assert response.not_modified
    assert response.body == b""
    assert site.seen[0].headers["If-None-Match"] == '"v1"'
    assert site.seen[0].headers["If-Modified-Since"] == "Wed, 04 Mar 2026 00:00:00 GMT"


@pytest.mark.parametrize("etag", ['"Zürich"', '"' + "x" * 2_000 + '"'])
async def test_validator_that_cannot_be_sent_back_is_left_out(site: Site, fetcher: Fetcher, etag: str) -> None:
    url = site.answers("/feed", ETag=etag)
    assert (await fetcher.fetch(url)).validators == Validators()
    await fetcher.fetch(url, Validators(etag))
    assert "If-None-Match" not in site.seen[1].headers


async def test_not_modified_that_was_not_asked_for_is_an_error(site: Site, fetcher: Fetcher) -> None:
    assert (await refusal(fetcher, site.answers("/feed", b"", 304))).reason is Reason.UNEXPECTED_STATUS


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, Reason.UNAUTHORISED),
        (403, Reason.FORBIDDEN),
        (404, Reason.NOT_FOUND),
        (410, Reason.GONE),
        (418, Reason.CLIENT_ERROR),
        (429, Reason.RATE_LIMITED),
        (500, Reason.SERVER_ERROR),
        (503, Reason.SERVER_ERROR),
        (204, Reason.UNEXPECTED_STATUS),
        (300, Reason.UNEXPECTED_STATUS),
    ],
)
async def test_status_is_its_reason(site: Site, fetcher: Fetcher, status: int, reason: Reason) -> None:
    error = await refusal(fetcher, site.answers("/feed", b"", status, Retry_After="120"))
    assert (error.reason, error.retry_after, error.status) == (reason, "120", status)


async def test_permanent_redirects_are_followed_and_reported(site: Site, fetcher: Fetcher) -> None:
    end = site.answers("/c")
    site.answers("/b", b"", 308, Location="/c")
    response = await fetcher.fetch(site.answers("/a", b"", 301, Location="b#fragment"))
    assert (response.final_url, response.permanent_redirect) == (end, end)


async def test_permanent_redirect_ends_where_a_temporary_one_begins(site: Site, fetcher: Fetcher) -> None:
    site.answers("/c")
    site.answers("/b", b"", 302, Location="/c")
    response = await fetcher.fetch(site.answers("/a", b"", 301, Location="/b"))
    assert (response.final_url, response.permanent_redirect) == (site.url("/c"), site.url("/b"))


async def test_temporary_redirect_first_is_never_permanent(site: Site, fetcher: Fetcher) -> None:
    site.answers("/c")
    site.answers("/b", b"", 301, Location="/c")
    assert (await fetcher.fetch(site.answers("/a", b"", 302, Location="/b"))).permanent_redirect is None


async def test_redirect_loop_is_an_error(site: Site, fetcher: Fetcher) -> None:
    site.answers("/b", b"", 302, Location="/a")
    assert (await refusal(fetcher, site.answers("/a", b"", 302, Location="/b"))).reason is Reason.TOO_MANY_REDIRECTS
    assert len(site.seen) == 2


async def test_redirects_are_bounded(site: Site, fetcher: Fetcher) -> None:
    for number in range(20):
        site.answers(f"/{number}", b"", 302, Location=f"/{number + 1}")
    assert (await refusal(fetcher, site.url("/0"))).reason is Reason.TOO_MANY_REDIRECTS
    assert len(site.seen) == LOCAL.max_redirects + 1


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("", Reason.PROTOCOL_BROKEN),
        ("ftp://files.example/feed", Reason.ADDRESS_INVALID),
        ("file:///etc/passwd", Reason.ADDRESS_INVALID),
        ("http://[::1", Reason.ADDRESS_INVALID),
        ("http://" + "a" * 9_000, Reason.ADDRESS_INVALID),
    ],
)
async def test_redirect_to_no_web_address_is_an_error(
    site: Site, fetcher: Fetcher, location: str, reason: Reason
) -> None:
    assert (await refusal(fetcher, site.answers("/a", b"", 302, Location=location))).reason is reason


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254"]
)
async def test_literal_private_address_is_refused(host: str) -> None:
    async with Fetcher(FetchSettings()) as fetcher:
        assert (await refusal(fetcher, f"http://{host}/feed")).reason is Reason.ADDRESS_REFUSED


async def test_name_that_leads_to_loopback_is_refused(site: Site) -> None:
    async with Fetcher(FetchSettings(allowed_ports=()), resolver=Loopback()) as fetcher:
        error = await refusal(fetcher, f"http://harmless.example:{site.server.port}/feed")
    assert error.reason is Reason.ADDRESS_REFUSED
    assert site.seen == []


async def test_localhost_is_refused() -> None:
    async with Fetcher(FetchSettings()) as fetcher:
        assert (await refusal(fetcher, "http://localhost:9/")).reason is Reason.ADDRESS_REFUSED


async def test_redirect_to_a_private_address_is_refused(site: Site) -> None:
    start = site.answers("/a", b"", 302, Location="http://169.254.169.254/latest/meta-data")
    own = ip_address("127.0.0.1")
    own_port = site.server.port or 0
    settings = FetchSettings(allowed_ports=(80, own_port))
    async with Fetcher(settings, is_allowed=lambda address: address == own or is_public(address)) as fetcher:
        error = await refusal(fetcher, start)
    assert error.reason is Reason.ADDRESS_REFUSED
    assert "169.254.169.254" in error.detail
    assert len(site.seen) == 1


async def test_name_that_does_not_exist_is_unknown() -> None:
    async with Fetcher(LOCAL, resolver=Nowhere()) as fetcher:
        assert (await refusal(fetcher, "http://gone.example/feed")).reason is Reason.NAME_UNKNOWN


async def test_closed_port_is_a_failed_connection(fetcher: Fetcher) -> None:
    assert (await refusal(fetcher, f"http://127.0.0.1:{unused_port()}/")).reason is Reason.CONNECT_FAILED


async def test_plain_server_on_an_https_address_is_a_tls_failure(site: Site, fetcher: Fetcher) -> None:
    assert (await refusal(fetcher, site.url("/").replace("http", "https"))).reason is Reason.TLS_FAILED


async def test_gzip_is_inflated(site: Site, fetcher: Fetcher) -> None:
    response = await fetcher.fetch(site.answers("/feed", gzip.compress(FEED * 100), Content_Encoding="gzip"))
    assert response.body == FEED * 100


async def test_gzip_bomb_stops_at_the_limit(site: Site, fetcher: Fetcher) -> None:
    bomb = gzip.compress(b"\x00" * 20_000_000)
    assert len(bomb) < LOCAL.max_body_bytes
    error = await refusal(fetcher, site.answers("/feed", bomb, Content_Encoding="gzip"))
    assert error.reason is Reason.BODY_TOO_LARGE


@pytest.mark.parametrize(
    ("coding", "body"),
    [("gzip", gzip.compress(FEED, mtime=0)[:-10]), ("gzip", b"not gzip"), ("br", b"\x00"), ("deflate", b"\xff" * 9)],
)
async def test_broken_encoding_is_said(site: Site, fetcher: Fetcher, coding: str, body: bytes) -> None:
    error = await refusal(fetcher, site.answers("/feed", body, Content_Encoding=coding))
    assert error.reason is Reason.BODY_ENCODING_BROKEN


async def test_announced_oversize_is_refused_unread(site: Site, fetcher: Fetcher) -> None:
    error = await refusal(fetcher, site.answers("/feed", b"x" * 200_001))
    assert error.reason is Reason.BODY_TOO_LARGE
    assert "announced" in error.detail


async def test_unannounced_oversize_stops_at_the_limit(site: Site, fetcher: Fetcher) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 10_000)

    site.handlers["/feed"] = endless
    assert (await refusal(fetcher, site.url("/feed"))).reason is Reason.BODY_TOO_LARGE


@pytest.mark.parametrize("limits", [{"total_timeout_seconds": 0.2}, {"read_timeout_seconds": 0.2}])
async def test_slow_body_times_out(site: Site, limits: dict[str, float]) -> None:
    never = asyncio.Event()

    async def stall(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"<rss>")
        await never.wait()
        return response

    site.handlers["/feed"] = stall
    async with Fetcher(LOCAL.model_copy(update=limits)) as fetcher:
        error = await refusal(fetcher, site.url("/feed"))
    never.set()
    assert error.reason is Reason.TIMED_OUT


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (b"", Reason.PROTOCOL_BROKEN),
        (b"SSH-2.0-OpenSSH\r\n", Reason.PROTOCOL_BROKEN),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", Reason.PROTOCOL_BROKEN),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", Reason.PROTOCOL_BROKEN),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", Reason.PROTOCOL_BROKEN),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1_000 + b"\r\n", Reason.PROTOCOL_BROKEN),
    ],
)
async def test_broken_protocol_is_said(fetcher: Fetcher, reply: bytes, reason: Reason) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        error = await refusal(fetcher, f"http://127.0.0.1:{port}/feed")
    assert error.reason is reason
    assert len(error.detail) <= 300


@pytest.mark.parametrize(
    "url",
    [
        "",
        "feed",
        "http://",
        "ftp://a.example/",
        "http://a b.example/",
        "http://a.example:x/",
        "http://\ud800/",
        "http://..../",
    ],
)
async def test_bad_address_is_invalid(fetcher: Fetcher, url: str) -> None:
    assert (await refusal(fetcher, url)).reason in {Reason.ADDRESS_INVALID, Reason.NAME_UNKNOWN}


async def test_credentials_of_an_address_are_sent_to_its_host_alone(site: Site) -> None:
    site.answers("/b")
    site.answers("/same", b"", 302, Location=site.url("/b").replace("127.0.0.1", "other.example"))
    async with Fetcher(LOCAL, resolver=Loopback()) as fetcher:
        await fetcher.fetch(site.url("/same").replace("://", "://user:p%40w@"))
    assert [request.headers.get("Authorization") for request in site.seen] == ["Basic dXNlcjpwQHc=", None]


async def test_detail_holds_no_secrets(site: Site, fetcher: Fetcher) -> None:
    url = site.answers("/a", b"", 302, Location="/a?key=secret").replace("://", "://user:pw@")
    error = await refusal(fetcher, url)
    assert error.reason is Reason.TOO_MANY_REDIRECTS
    assert "secret" not in str(error)
    assert "pw" not in str(error)


async def test_proxies_of_the_environment_are_ignored(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    async with Fetcher(LOCAL) as fetcher:
        assert (await fetcher.fetch(site.answers("/feed"))).status == 200


async def test_cookies_are_not_kept(site: Site, fetcher: Fetcher) -> None:
    url = site.answers("/feed", Set_Cookie="id=1; Path=/")
    await fetcher.fetch(url)
    await fetcher.fetch(url)
    assert "Cookie" not in site.seen[1].headers


def gate(site: Site, target: str | None = None) -> str:
    """A feed that redirects to itself, or to `target`, until its cookie comes back."""

    async def handle(request: web.Request) -> web.Response:
        if request.cookies.get("pass") == "yes":
            return web.Response(body=FEED)
        headers = {"Location": target or request.path, "Set-Cookie": "pass=yes; Domain=.example; Path=/; Secure"}
        return web.Response(status=302, headers=headers)

    site.handlers["/feed"] = handle
    return site.url("/feed")


async def test_gate_that_wants_its_cookie_back_is_passed_at_each_poll_anew(site: Site, fetcher: Fetcher) -> None:
    url = gate(site)
    for _ in range(2):
        assert (await fetcher.fetch(url)).body == FEED
    assert [request.headers.get("Cookie") for request in site.seen] == [None, "pass=yes"] * 2


async def test_cookies_go_back_to_the_server_that_set_them_alone(site: Site) -> None:
    site.answers("/b")
    gate(site, site.url("/b").replace("127.0.0.1", "other.example"))
    async with Fetcher(LOCAL, resolver=Loopback()) as fetcher:
        await fetcher.fetch(site.url("/feed"))
    assert "Cookie" not in site.seen[1].headers


async def test_cookies_stand_beside_those_of_the_feed(site: Site, fetcher: Fetcher) -> None:
    url = gate(site)
    await fetcher.fetch(url, access=Access(owner=url, private={"cookie": "plan=paid"}))
    assert site.seen[1].headers["Cookie"] == "plan=paid; pass=yes"


async def test_cookie_that_changes_for_ever_ends_with_the_redirects(site: Site, fetcher: Fetcher) -> None:
    async def handle(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/feed", "Set-Cookie": f"n={len(site.seen)}"})

    site.handlers["/feed"] = handle
    error = await refusal(fetcher, site.url("/feed"))
    assert error.reason is Reason.TOO_MANY_REDIRECTS
    assert len(site.seen) == LOCAL.max_redirects + 1
    assert "n=" not in str(error)


async def test_field_with_one_value_that_is_sent_twice_counts_once(site: Site, fetcher: Fetcher) -> None:
    async def handle(request: web.Request) -> web.Response:
        headers = CIMultiDict[str]()
        for _ in range(2):
            headers.add("ETag", '"v1"')
            headers.add("Last-Modified", "Wed, 04 Mar 2026 00:00:00 GMT")
            headers.add("Location", "/b")
            headers.add("Retry-After", "120")
        return web.Response(body=FEED, headers=headers)

    site.handlers["/feed"] = handle
    response = await fetcher.fetch(site.url("/feed"))
    assert response.validators == Validators('"v1"', "Wed, 04 Mar 2026 00:00:00 GMT")
    assert (response.headers["location"], response.headers["retry-after"]) == ("/b", "120, 120")


async def test_cancelling_is_not_an_error_of_the_feed(site: Site, fetcher: Fetcher) -> None:
    never, arrived = asyncio.Event(), asyncio.Event()

    async def stall(_: web.Request) -> web.StreamResponse:
        arrived.set()
        await never.wait()
        return web.Response()

    site.handlers["/feed"] = stall
    task = asyncio.create_task(fetcher.fetch(site.url("/feed")))
    await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    never.set()
