"""FetchError, and what the errors of aiohttp and httpx and the statuses of servers mean in its terms."""

import re
import ssl
from collections.abc import Mapping
from typing import Final, NoReturn

import aiohttp
import httpx

from schemas.reasons import Reason
from services.common.errors import NewsflowError
from services.ingest.addresses import AddressRefused

DETAIL_CHARACTERS = 300
_SECRETS = re.compile(r"(?<=://)[^\s/@]*@|\?[^\s'\">]*")

_STATUS_REASONS: Final[Mapping[int, Reason]] = {
    401: Reason.UNAUTHORISED,
    403: Reason.FORBIDDEN,
    404: Reason.NOT_FOUND,
    410: Reason.GONE,
    429: Reason.RATE_LIMITED,
}


class FetchError(NewsflowError):
    """A fetch that brought no document. `retry_after` is the server's header as sent.

    `detail` is made public with the feed's status, so user names and queries of addresses are taken out of it.
    """

    def __init__(
        self, reason: Reason, detail: str, *, retry_after: str | None = None, status: int | None = None
    ) -> None:
        self.reason = reason
        self.detail = _SECRETS.sub("", " ".join(detail.split()))[:DETAIL_CHARACTERS]
        self.retry_after = retry_after
        self.status = status
        super().__init__(f"{reason}: {self.detail}")


def raise_translated(error: Exception) -> NoReturn:
    """Raise the FetchError that says what `error`, or what it was caused by, means."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    for kinds, reason in _TRANSLATIONS:
        for part in chain:
            if isinstance(part, kinds):
                raise FetchError(reason, str(part) or type(part).__name__) from error
    raise FetchError(Reason.PROTOCOL_BROKEN, str(error) or type(error).__name__) from error


# The first row that matches anything in the chain of causes wins: httpx-aiohttp maps many errors to one class.
_TRANSLATIONS: Final[tuple[tuple[tuple[type[BaseException], ...], Reason], ...]] = (
    ((AddressRefused,), Reason.ADDRESS_REFUSED),
    ((aiohttp.ClientConnectorDNSError,), Reason.NAME_UNKNOWN),
    ((aiohttp.ClientSSLError, ssl.SSLError, ssl.CertificateError), Reason.TLS_FAILED),
    ((aiohttp.ClientConnectorError,), Reason.CONNECT_FAILED),
    ((TimeoutError,), Reason.TIMED_OUT),
    ((aiohttp.InvalidURL, httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError), Reason.ADDRESS_INVALID),
    ((aiohttp.ClientPayloadError, aiohttp.ClientResponseError), Reason.PROTOCOL_BROKEN),
    ((aiohttp.ServerDisconnectedError, httpx.ProtocolError), Reason.PROTOCOL_BROKEN),
    ((httpx.TimeoutException,), Reason.TIMED_OUT),
    ((aiohttp.ClientOSError, httpx.NetworkError, OSError), Reason.CONNECT_FAILED),
)


def status_error(response: httpx.Response) -> FetchError:
    """The error that a status other than success means; the body is not looked at."""
    status = response.status_code
    reason = _STATUS_REASONS.get(status)
    if reason is None and 400 <= status < 500:
        reason = Reason.CLIENT_ERROR
    elif reason is None and 500 <= status < 600:
        reason = Reason.SERVER_ERROR
    return FetchError(
        reason or Reason.UNEXPECTED_STATUS,
        f"status {status}",
        retry_after=response.headers.get("retry-after"),
        status=status,
    )
