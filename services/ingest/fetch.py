"""Fetch a feed over HTTP: an address and its validators in, a whole bounded body out, or one FetchError."""

import asyncio
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self
from urllib.parse import urljoin

import aiohttp
import yarl
from aiohttp import hdrs
from aiohttp.abc import AbstractResolver

from schemas.reasons import Reason
from services.common.clock import Clock, system_clock
from services.ingest.access import NO_ACCESS, Access
from services.ingest.addresses import AddressRefused, GuardedResolver, IsAllowed, check_host, is_any, is_public
from services.ingest.cookies import Cookies
from services.ingest.fetch_errors import FetchError, raise_translated, status_error
from services.ingest.hosts import host_of, is_downgrade
from services.ingest.inflate import BodyTooLarge, EncodingBroken, Inflater
from services.ingest.request import (
    MAX_HEADER_BYTES,
    MAX_HEADERS,
    MAX_LINE_BYTES,
    Response,
    Validators,
    checked_address,
    common_headers,
    conditions_of,
    request_headers,
    stated_headers,
    tls_context,
)
from services.ingest.settings import FetchSettings

__all__ = ["FetchError", "Fetcher", "Response", "Validators"]

KEEP_ALIVE_SECONDS = 15
CHUNK_BYTES = 64 * 1024

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PERMANENT: Final = frozenset({301, 308})


class Fetcher:
    """An HTTP client that is safe to point at addresses strangers chose. An async context manager; share one.

    Every hop is checked against private addresses and odd ports, proxies of the environment are ignored, cookies live
    for the redirects of one fetch, time and size are bounded.
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
        self._inner_resolver = resolver
        self._tls = tls
        self._guard: GuardedResolver | None = None
        self._direct: aiohttp.ClientSession | None = None
        self._proxied: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._tls = self._tls or tls_context()
        self._guard = GuardedResolver(self._is_allowed, inner=self._inner_resolver)
        self._direct = self._session(self._guard)
        return self

    def _session(self, resolver: AbstractResolver) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            resolver=resolver,
            ssl=self._tls or True,
            limit=self._settings.max_connections,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=common_headers(self._settings.user_agent),
            timeout=aiohttp.ClientTimeout(
                total=None,
                sock_connect=self._settings.connect_timeout_seconds,
                sock_read=self._settings.read_timeout_seconds,
            ),
            auto_decompress=False,
            trust_env=False,
            max_line_size=MAX_LINE_BYTES,
            max_field_size=MAX_LINE_BYTES,
            max_headers=MAX_HEADERS,
        )

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for session in (self._direct, self._proxied):
            if session is not None:
                await session.close()
        self._direct = self._proxied = None

    async def fetch(self, url: str, validators: Validators | None = None, access: Access = NO_ACCESS) -> Response:
        """Get `url`, conditionally if there are validators. Raises FetchError, and nothing else but cancellation."""
        if self._direct is None:
            raise RuntimeError("a Fetcher is an async context manager")
        try:
            return await self._bounded(url, validators or Validators(), access)
        except FetchError as error:
            if not access.secrets:
                raise
            # Nothing of the error before may stay reachable: its text can hold a secret.
            raise error.without(access.secrets) from None

    async def _bounded(self, url: str, validators: Validators, access: Access) -> Response:
        try:
            async with asyncio.timeout(self._settings.total_timeout_seconds):
                return await self._follow(url, validators, access)
        except FetchError:
            raise
        except TimeoutError as error:
            raise FetchError(Reason.TIMED_OUT, f"took over {self._settings.total_timeout_seconds:g} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise_translated(error)

    async def _follow(self, url: str, validators: Validators, access: Access) -> Response:
        permanent: str | None = None
        unbroken = True
        seen = {url}
        redirects = 0
        cookies = Cookies()
        conditions = conditions_of(validators)
        while True:
            address = self._checked(url)
            headers = request_headers(conditions, access, address, url, cookies.header(url))
            session, proxy = await self._session_for(access, address)
            async with session.get(
                address.with_user(None), headers=headers, allow_redirects=False, proxy=proxy
            ) as response:
                answer = stated_headers(response.headers)
                if response.status not in _REDIRECTS:
                    return await self._read(response, answer, url, permanent, conditional=bool(conditions))
                target = _redirect_target(answer, response.status, url)
                unbroken = unbroken and response.status in _PERMANENT
                may_end = cookies.take(url, response.headers.getall(hdrs.SET_COOKIE, ()))
            redirects += 1
            if (target in seen and not may_end) or redirects > self._settings.max_redirects:
                raise FetchError(Reason.TOO_MANY_REDIRECTS, f"redirect {redirects} leads to {target}")
            if is_downgrade(url, target) and not self._settings.allow_downgrade:
                raise FetchError(Reason.REDIRECT_REFUSED, f"redirect from https to {target}")
            seen.add(target)
            url = target
            permanent = target if unbroken else permanent

    def _checked(self, url: str) -> yarl.URL:
        address = checked_address(url, self._settings.ports)
        try:
            check_host(address.host or "", self._is_allowed)
        except AddressRefused as error:
            raise FetchError(Reason.ADDRESS_REFUSED, str(error)) from error
        return address

    async def _session_for(self, access: Access, address: yarl.URL) -> tuple[aiohttp.ClientSession, yarl.URL | None]:
        """A proxy looks names up itself, so that the check here is of what we see; it is the operator's own."""
        assert self._direct is not None
        assert self._guard is not None
        if access.proxy is None:
            return self._direct, None
        try:
            await self._guard.resolve(address.host or "", address.port or 0)
        except AddressRefused:
            raise
        except OSError:
            pass  # a name that only the proxy knows
        if self._proxied is None:
            self._proxied = self._session(GuardedResolver(is_any, inner=self._inner_resolver))
        return self._proxied, yarl.URL(access.proxy)

    async def _read(
        self,
        response: aiohttp.ClientResponse,
        headers: Mapping[str, str],
        url: str,
        permanent: str | None,
        *,
        conditional: bool,
    ) -> Response:
        status = response.status
        if sum(len(name) + len(value) for name, value in response.raw_headers) > MAX_HEADER_BYTES:
            raise FetchError(Reason.PROTOCOL_BROKEN, f"more than {MAX_HEADER_BYTES} bytes of headers")
        body = b""
        if status == 200:
            body = await self._body(response, headers)
        elif status != 304 or not conditional:
            raise status_error(status, headers, host_of(url))
        return Response(status, headers, body, url, permanent, self._clock())

    async def _body(self, response: aiohttp.ClientResponse, headers: Mapping[str, str]) -> bytes:
        limit = self._settings.max_body_bytes
        stated = headers.get("content-length", "")
        if stated.isascii() and stated.isdigit() and int(stated[:20]) > limit:
            raise FetchError(Reason.BODY_TOO_LARGE, f"{stated[:20]} bytes are announced, {limit} are the limit")
        pieces = bytearray()
        try:
            inflater = Inflater(headers.get("content-encoding", ""), limit, self._settings.max_inflation)
            async for chunk in response.content.iter_chunked(CHUNK_BYTES):
                for piece in inflater.feed(chunk):
                    pieces += piece
                    await asyncio.sleep(0)  # a bomb must not hold the event loop
            inflater.finish()
        except BodyTooLarge as error:
            raise FetchError(Reason.BODY_TOO_LARGE, str(error)) from error
        except EncodingBroken as error:
            raise FetchError(Reason.BODY_ENCODING_BROKEN, str(error)) from error
        return bytes(pieces)


def _redirect_target(headers: Mapping[str, str], status: int, url: str) -> str:
    location = headers.get("location", "").strip()
    if not location:
        raise FetchError(Reason.PROTOCOL_BROKEN, f"status {status} names no location")
    try:
        return urljoin(url, location).partition("#")[0]
    except ValueError as error:
        raise FetchError(Reason.ADDRESS_INVALID, f"redirect to a bad address: {error}") from error
