"""Fetch a feed over HTTP: an address and its validators in, a whole bounded body out, or one FetchError."""

import asyncio
import base64
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Final, Self
from urllib.parse import urljoin

import aiohttp
import httpx
import yarl
from aiohttp.abc import AbstractResolver
from httpx_aiohttp import AiohttpTransport

from schemas.reasons import Reason
from services.common.clock import Clock, system_clock
from services.ingest.addresses import AddressRefused, GuardedResolver, IsAllowed, check_host, is_any, is_public
from services.ingest.fetch_errors import FetchError, raise_translated, status_error
from services.ingest.inflate import BodyTooLarge, EncodingBroken, Inflater
from services.ingest.settings import FetchSettings

__all__ = ["FetchError", "Fetcher", "Response", "Validators"]

MAX_URL_CHARACTERS = 8_000
MAX_VALIDATOR_CHARACTERS = 1_000
MAX_LINE_BYTES = 16 * 1024  # a header line; aiohttp's own 8 KiB is short of some cookies
MAX_HEADERS = 128
KEEP_ALIVE_SECONDS = 15

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PERMANENT: Final = frozenset({301, 308})


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave with the last document, to be sent back with the next request (RFC 9110 §13.1)."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """A document (status 200), or word that it has not changed (304, empty body).

    Header names are in lower case. `permanent_redirect` is the address that permanent redirects from the first hop on
    led to: the end of the unbroken chain, None if the first hop was not one.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    final_url: str
    permanent_redirect: str | None
    fetched_at: datetime

    @property
    def not_modified(self) -> bool:
        return self.status == 304

    @property
    def validators(self) -> Validators:
        return Validators(_validator(self.headers.get("etag")), _validator(self.headers.get("last-modified")))


class Fetcher:
    """An HTTP client that is safe to point at addresses strangers chose. An async context manager; share one.

    Every hop is checked against private addresses, proxies and cookies are ignored, time and size are bounded.
    """

    def __init__(
        self,
        settings: FetchSettings,
        *,
        clock: Clock = system_clock,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
        is_allowed: IsAllowed | None = None,
    ) -> None:
        self._settings = settings
        self._is_allowed = is_allowed or (is_any if settings.allow_private_addresses else is_public)
        self._clock = clock
        self._resolver = resolver
        self._tls = tls
        self._client: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        settings = self._settings
        tls = self._tls or httpx.create_ssl_context(trust_env=False)
        connector = aiohttp.TCPConnector(
            resolver=GuardedResolver(self._is_allowed, inner=self._resolver),
            ssl=tls,
            limit=settings.max_connections,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
        )
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            max_line_size=MAX_LINE_BYTES,
            max_field_size=MAX_LINE_BYTES,
            max_headers=MAX_HEADERS,
        )
        self._client = httpx.AsyncClient(
            transport=AiohttpTransport(verify=tls, client=session),
            timeout=httpx.Timeout(settings.read_timeout_seconds, connect=settings.connect_timeout_seconds, pool=None),
            headers={
                "user-agent": settings.user_agent,
                "accept": "application/atom+xml, application/rss+xml, application/rdf+xml, application/xml;q=0.9, "
                "text/xml;q=0.9, */*;q=0.5",
                "accept-encoding": "gzip, deflate",
            },
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def fetch(self, url: str, validators: Validators | None = None) -> Response:
        """Get `url`, conditionally if there are validators. Raises FetchError, and nothing else but cancellation."""
        if self._client is None:
            raise RuntimeError("a Fetcher is an async context manager")
        try:
            async with asyncio.timeout(self._settings.total_timeout_seconds):
                return await self._follow(self._client, url, validators or Validators())
        except FetchError:
            raise
        except TimeoutError as error:
            raise FetchError(Reason.TIMED_OUT, f"took over {self._settings.total_timeout_seconds:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError, ValueError) as error:
            raise_translated(error)

    async def _follow(self, client: httpx.AsyncClient, url: str, validators: Validators) -> Response:
        permanent: str | None = None
        unbroken = True
        seen = {url}
        conditions = _conditions(validators)
        while True:
            address = self._checked(url)
            # aiohttp refuses credentials in an address beside a header, and httpx would send both.
            headers = conditions | _authorization(address)
            request = client.build_request("GET", address.copy_with(userinfo=b""), headers=headers)
            response = await client.send(request, stream=True)
            try:
                if response.status_code not in _REDIRECTS:
                    return await self._read(response, url, permanent, conditional=bool(conditions))
                target = _redirect_target(response, url)
                unbroken = unbroken and response.status_code in _PERMANENT
            finally:
                await response.aclose()
            if target in seen or len(seen) > self._settings.max_redirects:
                raise FetchError(Reason.TOO_MANY_REDIRECTS, f"redirect {len(seen)} leads to {target}")
            seen.add(target)
            url = target
            permanent = target if unbroken else permanent

    def _checked(self, url: str) -> httpx.URL:
        if len(url) > MAX_URL_CHARACTERS:
            raise FetchError(Reason.ADDRESS_INVALID, f"the address has {len(url)} characters")
        try:
            parsed = httpx.URL(url)
            connected = yarl.URL(str(parsed))  # what aiohttp makes of it: the host that counts
        except (httpx.InvalidURL, ValueError) as error:
            raise FetchError(Reason.ADDRESS_INVALID, str(error)) from error
        if parsed.scheme not in {"http", "https"} or not parsed.host or not connected.host:
            raise FetchError(Reason.ADDRESS_INVALID, "not an http or https address")
        try:
            check_host(parsed.host, self._is_allowed)
            check_host(connected.host, self._is_allowed)
        except AddressRefused as error:
            raise FetchError(Reason.ADDRESS_REFUSED, str(error)) from error
        return parsed

    async def _read(self, response: httpx.Response, url: str, permanent: str | None, *, conditional: bool) -> Response:
        status = response.status_code
        body = b""
        if status == 200:
            body = await self._body(response)
        elif status != 304 or not conditional:
            raise status_error(response)
        return Response(status, dict(response.headers), body, url, permanent, self._clock())

    async def _body(self, response: httpx.Response) -> bytes:
        limit = self._settings.max_body_bytes
        stated = response.headers.get("content-length", "")
        if stated.isascii() and stated.isdigit() and int(stated[:20]) > limit:
            raise FetchError(Reason.BODY_TOO_LARGE, f"{stated[:20]} bytes are announced, {limit} are the limit")
        pieces = bytearray()
        try:
            inflater = Inflater(response.headers.get("content-encoding", ""), limit)
            async for chunk in response.aiter_raw():
                for piece in inflater.feed(chunk):
                    pieces += piece
                    await asyncio.sleep(0)  # a bomb must not hold the event loop
            inflater.finish()
        except BodyTooLarge as error:
            raise FetchError(Reason.BODY_TOO_LARGE, str(error)) from error
        except EncodingBroken as error:
            raise FetchError(Reason.BODY_ENCODING_BROKEN, str(error)) from error
        return bytes(pieces)


def _conditions(validators: Validators) -> dict[str, str]:
    stated = {
        "if-none-match": _validator(validators.etag),
        "if-modified-since": _validator(validators.last_modified),
    }
    return {name: value for name, value in stated.items() if value}


def _validator(stated: str | None) -> str | None:
    """A validator that can be sent back as a header: some servers' cannot, and would fail each later request."""
    usable = stated and stated.isascii() and stated.isprintable() and len(stated) <= MAX_VALIDATOR_CHARACTERS
    return stated if usable else None


def _authorization(address: httpx.URL) -> dict[str, str]:
    """Basic credentials (RFC 7617) for an address that holds them."""
    if not address.userinfo:
        return {}
    credentials = f"{address.username}:{address.password}".encode("utf-8", "replace")
    return {"authorization": f"Basic {base64.b64encode(credentials).decode()}"}


def _redirect_target(response: httpx.Response, url: str) -> str:
    location: str = response.headers.get("location", "").strip()
    if not location:
        raise FetchError(Reason.PROTOCOL_BROKEN, f"status {response.status_code} names no location")
    try:
        return urljoin(url, location).partition("#")[0]
    except ValueError as error:
        raise FetchError(Reason.ADDRESS_INVALID, f"redirect to a bad address: {error}") from error
