"""What requests say and to whom: headers, credentials, proxies, robots.txt, ports, over real HTTP on loopback."""

import asyncio
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.abc import ResolveResult

from schemas.reasons import Reason
from services.common.clock import FixedClock
from services.common.workers import Workers
from services.ingest.access import Access
from services.ingest.fetch import Fetcher, FetchError
from services.ingest.robots import Robots, read_robots
from services.ingest.settings import FetchSettings
from tests.support.site import FEED, LOCAL, Loopback, Site

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


# A key and certificate made for this test, of a name that nobody can have.
CERTIFICATE = Path(__file__).parent / "data" / "feed.example.pem"


@pytest.fixture(scope="module")
def tls() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Contexts of a server, and of a client that trusts it."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(CERTIFICATE)
    return server, ssl.create_default_context(cafile=str(CERTIFICATE))


async def refusal(fetcher: Fetcher, url: str, access: Access | None = None) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await fetcher.fetch(url, None, access or Access())
    return caught.value


def access_to(url: str, proxy: str | None = None) -> Access:
    return Access(url, {"X-Edition": "de"}, {"X-Key": "sesame"}, "user:hunter2", proxy)


async def test_what_is_secret_goes_to_the_feeds_own_server_alone(site: Site) -> None:
    site.answers("/b")
    site.answers("/a2", b"", 302, Location=site.url("/b").replace("127.0.0.1", "other.example"))
    url = site.answers("/a", b"", 302, Location="/a2")
    async with Fetcher(LOCAL, resolver=Loopback()) as fetcher:
        await fetcher.fetch(url, None, access_to(url))
    assert [request.headers.get("X-Key") for request in site.seen] == ["sesame", "sesame", None]
    assert [request.headers.get("Authorization") for request in site.seen] == ["Basic dXNlcjpodW50ZXIy"] * 2 + [None]
    assert [request.headers.get("X-Edition") for request in site.seen] == ["de"] * 3


async def test_secrets_of_a_feed_are_not_for_the_address_it_moved_to(site: Site) -> None:
    url = site.answers("/new")
    async with Fetcher(LOCAL) as fetcher:
        await fetcher.fetch(url, None, access_to("https://old.example/feed"))
    assert "X-Key" not in site.seen[0].headers
    assert "Authorization" not in site.seen[0].headers


async def test_no_secret_is_in_the_text_of_an_error(site: Site) -> None:
    async def echo(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": f"ftp://{request.headers['X-Key']}/"})

    site.handlers["/a"] = echo
    async with Fetcher(LOCAL) as fetcher:
        error = await refusal(fetcher, site.url("/a"), access_to(site.url("/a")))
        assert "sesame" not in str(error)
        proxy = "http://u:s3cret@127.0.0.1:9"
        error = await refusal(fetcher, site.url("/a"), access_to(site.url("/a"), proxy))
    assert error.reason is Reason.CONNECT_FAILED
    assert not any(word in str(error) for word in ("s3cret", "127.0.0.1:9"))
    assert error.__cause__ is None


async def test_a_feed_is_fetched_through_its_proxy(site: Site) -> None:
    asked: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(FEED), FEED))
        writer.close()

    server = await asyncio.start_server(proxy, "127.0.0.1", 0)
    async with server, Fetcher(LOCAL, resolver=Loopback()) as fetcher:
        address = f"http://u:p@127.0.0.1:{server.sockets[0].getsockname()[1]}"
        response = await fetcher.fetch("http://feed.example/x", None, Access("http://feed.example/x", proxy=address))
    assert response.body == FEED
    assert asked[0].startswith(b"GET http://feed.example/x HTTP/1.1")
    assert b"Proxy-Authorization: Basic dTpw" in asked[0]
    assert site.seen == []


async def test_a_proxy_is_no_way_into_the_private_network(site: Site) -> None:
    async with Fetcher(FetchSettings(allowed_ports=()), resolver=Loopback()) as fetcher:
        for host in ("127.0.0.1", "inside.example"):
            url = f"http://{host}:{site.server.port}/feed"
            access = Access(url, proxy=site.url("/"))
            assert (await refusal(fetcher, url, access)).reason is Reason.ADDRESS_REFUSED
    assert site.seen == []


@pytest.mark.parametrize("port", [22, 25, 6379, 9200, 65535])
async def test_odd_ports_are_refused_unasked(port: int) -> None:
    async with Fetcher(FetchSettings(), resolver=Untouched()) as fetcher:
        assert (await refusal(fetcher, f"http://a.example:{port}/")).reason is Reason.ADDRESS_REFUSED


class Untouched(Loopback):
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        raise AssertionError("nothing may be looked up")


async def test_redirects_lead_to_no_odd_port(site: Site) -> None:
    url = site.answers("/a", b"", 302, Location="http://127.0.0.1:22/")
    settings = LOCAL.model_copy(update={"allowed_ports": (site.server.port,)})
    async with Fetcher(settings) as fetcher:
        assert (await refusal(fetcher, url)).reason is Reason.ADDRESS_REFUSED


@pytest.mark.parametrize("allowed", [False, True])
async def test_a_redirect_from_https_to_http_is_followed_only_if_allowed(
    site: Site, allowed: bool, tls: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    plain = site.answers("/plain")
    server_tls, client_tls = tls

    async def secure(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 301 Moved\r\nLocation: {plain}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(secure, "127.0.0.1", 0, ssl=server_tls)
    settings = LOCAL.model_copy(update={"allow_downgrade": allowed})
    async with server, Fetcher(settings, tls=client_tls, resolver=Loopback()) as fetcher:
        url = f"https://feed.example:{server.sockets[0].getsockname()[1]}/"
        if allowed:
            assert (await fetcher.fetch(url)).final_url == plain
        else:
            assert (await refusal(fetcher, url)).reason is Reason.REDIRECT_REFUSED
    assert len(site.seen) == allowed


async def test_certificates_are_checked_by_default(tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=tls[0])
    async with server, Fetcher(LOCAL, resolver=Loopback()) as fetcher:
        url = f"https://feed.example:{server.sockets[0].getsockname()[1]}/"
        assert (await refusal(fetcher, url)).reason is Reason.TLS_FAILED


async def test_an_answer_says_which_host_gave_it(site: Site) -> None:
    site.answers("/b", b"", 429, Retry_After="60")
    url = site.answers("/a", b"", 302, Location=site.url("/b").replace("127.0.0.1", "other.example"))
    async with Fetcher(LOCAL, resolver=Loopback()) as fetcher:
        error = await refusal(fetcher, url)
    assert (error.host, error.retry_after) == (f"other.example:{site.server.port}", "60")


ROBOTS = b"User-agent: newsflow\nDisallow: /private\nCrawl-delay: 7\n\nUser-agent: *\nDisallow: /\n"


async def check(fetcher: Fetcher, *urls: str) -> list[float | Reason]:
    said: list[float | Reason] = []
    async with Workers(1, 1 << 30) as workers:
        robots = Robots(fetcher, workers, FixedClock(NOW), LOCAL.user_agent, 20.0)
        for url in urls:
            try:
                said.append(await robots.check(url, 0.0))
            except FetchError as error:
                said.append(error.reason)
    return said


async def test_robots_txt_is_asked_for_once_and_obeyed(site: Site) -> None:
    site.answers("/robots.txt", ROBOTS)
    async with Fetcher(LOCAL) as fetcher:
        said = await check(fetcher, site.url("/feed"), site.url("/private/feed"), site.url("/feed"))
    assert said == [7.0, Reason.ROBOTS_DISALLOWED, 7.0]
    assert [request.path for request in site.seen] == ["/robots.txt"]


@pytest.mark.parametrize(
    ("status", "said"),
    [(404, 0.0), (403, 0.0), (410, 0.0), (503, Reason.SERVER_ERROR), (429, Reason.RATE_LIMITED)],
)
async def test_robots_txt_that_cannot_be_had(site: Site, status: int, said: float | Reason) -> None:
    site.answers("/robots.txt", b"", status)
    async with Fetcher(LOCAL) as fetcher:
        assert await check(fetcher, site.url("/feed")) == [said]


@pytest.mark.parametrize(
    "text", [b"", b"\xff\xfe\x00", b"<html>", b"Crawl-delay: -5\nUser-agent\n:::", b"User-agent: *\nAllow: /*a" * 100]
)
def test_any_robots_txt_is_read(text: bytes) -> None:
    assert read_robots(text, "http://a.example/feed", "newsflow").is_allowed


def test_a_crawl_delay_of_days_is_bounded() -> None:
    assert (
        read_robots(b"User-agent: *\nCrawl-delay: 864000\n", "http://a.example/", "newsflow").crawl_delay_seconds == 120
    )
