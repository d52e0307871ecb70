"""What a request to a feed says, address, headers and validators fit to be sent; and what comes back."""

import base64
import ssl
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import certifi
import yarl
from aiohttp import hdrs

from schemas.reasons import Reason
from services.ingest.access import Access
from services.ingest.codings import ACCEPTED_CODINGS
from services.ingest.fetch_errors import FetchError
from services.ingest.hosts import may_share_secrets

MAX_URL_CHARACTERS = 8_000
MAX_VALIDATOR_CHARACTERS = 1_000
MAX_LINE_BYTES = 16 * 1024  # a header line; aiohttp's own 8 KiB is short of some cookies
MAX_HEADERS = 128
MAX_HEADER_BYTES = 128 * 1024  # all of them together
# Fields with one value (RFC 9110 §5.5): the first counts where a server and what stands before it both send them.
# Retry-After is left out, as the longest wait counts.
_SINGLE: Final = frozenset({"age", "content-length", "date", "etag", "expires", "last-modified", "location"})
ACCEPTED_TYPES: Final = (
    "application/atom+xml, application/rss+xml, application/rdf+xml, application/feed+json, application/xml;q=0.9, "
    "text/xml;q=0.9, application/json;q=0.8, */*;q=0.5"
)


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
        etag, last_modified = self.headers.get("etag"), self.headers.get("last-modified")
        return Validators(usable_validator(etag), usable_validator(last_modified))


def common_headers(user_agent: str) -> dict[str, str]:
    return {"User-Agent": user_agent, "Accept": ACCEPTED_TYPES, "Accept-Encoding": ACCEPTED_CODINGS}


def conditions_of(validators: Validators) -> dict[str, str]:
    stated = {
        "If-None-Match": usable_validator(validators.etag),
        "If-Modified-Since": usable_validator(validators.last_modified),
    }
    return {name: value for name, value in stated.items() if value}


def usable_validator(stated: str | None) -> str | None:
    """A validator that can be sent back as a header: some servers' cannot, and would fail each later request."""
    usable = stated and stated.isascii() and stated.isprintable() and len(stated) <= MAX_VALIDATOR_CHARACTERS
    return stated if usable else None


def checked_address(url: str, ports: Set[int] | None) -> yarl.URL:
    """`url` as it is connected to. Raises FetchError if it is no web address, or its port is not of `ports`."""
    if len(url) > MAX_URL_CHARACTERS:
        raise FetchError(Reason.ADDRESS_INVALID, f"the address has {len(url)} characters")
    try:
        address = yarl.URL(url)
        host, port = address.host, address.port
    except (ValueError, UnicodeError) as error:
        raise FetchError(Reason.ADDRESS_INVALID, str(error)) from error
    if address.scheme not in {"http", "https"} or not host or not _is_host(host):
        raise FetchError(Reason.ADDRESS_INVALID, "not an http or https address")
    if ports is not None and port not in ports:
        raise FetchError(Reason.ADDRESS_REFUSED, f"port {port} is not allowed")
    return address


def _is_host(host: str) -> bool:
    """Whether a name can be looked up: no white space, no empty label."""
    return "" not in host.removesuffix(".").split(".") and not any(character.isspace() for character in host)


def request_headers(
    conditions: Mapping[str, str], access: Access, address: yarl.URL, url: str, cookies: str | None = None
) -> dict[str, str]:
    """The headers of one hop. What is secret to the feed goes to its own server alone, wherever redirects lead.

    `cookies` are those that this server set on an earlier hop; cookies of the feed itself stand before them.
    """
    headers = {**access.headers, **conditions}
    is_own = may_share_secrets(access.owner, url)
    if address.user is not None or address.password is not None:
        headers[hdrs.AUTHORIZATION] = _basic(f"{address.user or ''}:{address.password or ''}")
    elif access.credentials is not None and is_own:
        headers[hdrs.AUTHORIZATION] = _basic(access.credentials)
    if is_own:
        headers |= access.private
    if cookies is not None:
        own = next((name for name in headers if name.lower() == "cookie"), hdrs.COOKIE)
        headers[own] = f"{headers[own]}; {cookies}" if own in headers else cookies
    return headers


def _basic(credentials: str) -> str:
    """RFC 7617."""
    return f"Basic {base64.b64encode(credentials.encode('utf-8', 'replace')).decode()}"


def stated_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with names in lower case; lists sent twice are joined (RFC 9110 §5.3), bytes that are no UTF-8 kept."""
    stated: dict[str, str] = {}
    for spelled, value in headers.items():
        name = spelled.lower()
        text = value if value.isascii() else _text(value)
        if name not in stated:
            stated[name] = text
        elif name not in _SINGLE:
            stated[name] = f"{stated[name]}, {text}"
    return stated


def _text(value: str) -> str:
    """A header as UTF-8, which most that is not ASCII is (Location above all), else as Latin-1, as of old."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogateescape").decode("latin-1")
    return value


def tls_context() -> ssl.SSLContext:
    """Certificates are checked against the system's authorities, or certifi's where it has none."""
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"]:
        context.load_verify_locations(certifi.where())
    return context
