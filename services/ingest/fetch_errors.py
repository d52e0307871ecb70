"""FetchError, and what the errors of aiohttp and the statuses of servers mean in its terms."""

import re
import ssl
from collections.abc import Iterable, Mapping
from typing import Final, NoReturn

import aiohttp

from schemas.reasons import Reason
from services.common.errors import NewsflowError
from services.ingest.addresses import AddressRefused

DETAIL_CHARACTERS = 300
HIDDEN = "***"
_ADDRESS = re.compile(r"(https?://)(?:[^\s/@'\"]*@)?([^\s/?#'\"<>]*)[^\s'\"<>]*", re.IGNORECASE)
_QUOTED = re.compile(r"\n|\bb['\"]")
_QUERY = re.compile(r"\?[^\s'\">]*")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]")

_STATUS_REASONS: Final[Mapping[int, Reason]] = {
    401: Reason.UNAUTHORISED,
    403: Reason.FORBIDDEN,
    404: Reason.NOT_FOUND,
    410: Reason.GONE,
    429: Reason.RATE_LIMITED,
}


class FetchError(NewsflowError):
    """A fetch that brought no document. `retry_after` is the header as sent by `host`, the server that answered.

    `detail` is made public with the feed's status, so addresses in it are cut to scheme and host.
    """

    def __init__(
        self,
        reason: Reason,
        detail: str,
        *,
        retry_after: str | None = None,
        status: int | None = None,
        host: str | None = None,
    ) -> None:
        self.reason = reason
        self.detail = _clean(detail)[:DETAIL_CHARACTERS]
        self.retry_after = retry_after
        self.status = status
        self.host = host
        super().__init__(f"{reason}: {self.detail}")

    def without(self, secrets: Iterable[str]) -> "FetchError":
        """The same error with none of `secrets` in its text."""
        detail = self.detail
        for secret in sorted(secrets, key=len, reverse=True):
            detail = detail.replace(_clean(secret), HIDDEN)
        return FetchError(self.reason, detail, retry_after=self.retry_after, status=self.status, host=self.host)


def _clean(text: str) -> str:
    return _QUERY.sub("", _ADDRESS.sub(r"\1\2", " ".join(_UNPRINTABLE.sub(" ", text).split())))


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
                raise FetchError(reason, _said(part)) from error
    raise FetchError(Reason.PROTOCOL_BROKEN, _said(error)) from error


def _said(error: BaseException) -> str:
    """What the error says, without the part of the response that aiohttp quotes: bodies are for nobody's log."""
    text = error.message if isinstance(error, aiohttp.ClientResponseError) else str(error)
    return _QUOTED.split(text, maxsplit=1)[0].rstrip(" :,") or type(error).__name__


# The first row that matches anything in the chain of causes wins.
_TRANSLATIONS: Final[tuple[tuple[tuple[type[BaseException], ...], Reason], ...]] = (
    ((AddressRefused,), Reason.ADDRESS_REFUSED),
    ((aiohttp.ClientConnectorDNSError,), Reason.NAME_UNKNOWN),
    ((aiohttp.ClientHttpProxyError, aiohttp.ClientProxyConnectionError), Reason.CONNECT_FAILED),
    ((aiohttp.ClientSSLError, ssl.SSLError, ssl.CertificateError), Reason.TLS_FAILED),
    ((aiohttp.ClientConnectorError,), Reason.CONNECT_FAILED),
    ((TimeoutError,), Reason.TIMED_OUT),
    ((aiohttp.InvalidURL, UnicodeError), Reason.ADDRESS_INVALID),
    ((aiohttp.ClientPayloadError, aiohttp.ClientResponseError), Reason.PROTOCOL_BROKEN),
    ((aiohttp.ServerDisconnectedError,), Reason.PROTOCOL_BROKEN),
    ((aiohttp.ClientOSError, OSError), Reason.CONNECT_FAILED),
)


def status_error(status: int, headers: Mapping[str, str], host: str) -> FetchError:
    """The error that a status other than success means; the body is not looked at. Header names are in lower case."""
    reason = _STATUS_REASONS.get(status)
    if reason is None and 400 <= status < 500:
        reason = Reason.CLIENT_ERROR
    elif reason is None and 500 <= status < 600:
        reason = Reason.SERVER_ERROR
    return FetchError(
        reason or Reason.UNEXPECTED_STATUS,
        f"status {status}",
        retry_after=headers.get("retry-after"),
        status=status,
        host=host,
    )
