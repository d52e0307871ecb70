"""What to answer: a page, a request and a fault in, a whole reply out.

Conditional requests are answered as RFC 9110 §13 has them.
"""

import gzip
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from hashlib import sha256
from random import Random
from typing import Self
from urllib.parse import quote, urlencode

from services.fixture_feed.fault import Fault, Garbage, next_hop
from services.fixture_feed.rss import http_date

PLAIN_TYPE = "text/plain; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"
BOMB_BYTES = 64 << 20
_SIGN_IN = b"<!doctype html><title>Sign in</title><p>Sign in to use this network.</p>\n"
_ETAG = re.compile(r'(?:W/)?"([^"]*)"')
_GZIP_HEADER_BYTES = 10
_NO_SUCH_BLOCK = b"\x07" * 64  # a block of the reserved type (RFC 1951 §3.2.3)
_BODILESS = (204, 304)


@dataclass(frozen=True, slots=True)
class Page:
    """Something served. Only its gzip form is held: feed documents are long and alike inside, so it is far smaller."""

    content_type: str
    packed: bytes
    digest: str
    changed_at: datetime | None = None

    @classmethod
    def of(cls, body: bytes, content_type: str, changed_at: datetime | None = None) -> Self:
        """A page whose strong ETag is made from `body`. Without `changed_at` it has no Last-Modified."""
        return cls(content_type, gzip.compress(body, 6, mtime=0), sha256(body).hexdigest()[:32], changed_at)

    @property
    def body(self) -> bytes:
        return gzip.decompress(self.packed)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request. `headers` must find names in any case; `query` is that of the fault it meets."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_conditional(self) -> bool:
        return "If-None-Match" in self.headers or "If-Modified-Since" in self.headers


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes = b""
    wait_seconds: float = 0.0
    bytes_per_second: int | None = None
    drop_after: int | None = None


def reply_to(asked: Asked, page: Page | None, fault: Fault | None, now: datetime) -> Reply:
    """The reply to a request for `page` (None: there is no such page).

    A status, a redirect or garbage goes out whatever the request's conditions; the other faults leave them in force.
    """
    date = {"Date": http_date(now)}
    if page is None:
        return Reply(404, date | {"Content-Type": PLAIN_TYPE}, b"no such page; / lists what there is\n")
    if asked.method not in ("GET", "HEAD"):
        return Reply(405, date | {"Content-Type": PLAIN_TYPE, "Allow": "GET, HEAD"}, b"only GET and HEAD\n")
    status, headers, body = _answer(asked, page, fault)
    headers = date | headers
    if status in _BODILESS:
        body = b""
    if fault is None:
        return Reply(status, headers, body)
    if fault.retry_after is not None:
        headers["Retry-After"] = fault.retry_after
    return Reply(status, headers, body, fault.slow_seconds, fault.bytes_per_second, fault.drop_after)


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header takes gzip: by name, else by `*`, and not with a weight of 0."""
    weights: dict[str, float] = {}
    for item in accept_encoding.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        stated = next((value[2:] for value in parameters if value.startswith("q=")), "1")
        try:
            weights[name] = float(stated)
        except ValueError:
            weights[name] = 0.0
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _answer(asked: Asked, page: Page, fault: Fault | None) -> tuple[int, dict[str, str], bytes]:
    has_validators = fault is None or fault.has_validators
    packs = accepts_gzip(asked.headers.get("Accept-Encoding", ""))
    if fault is not None and fault.redirects:
        query = urlencode(next_hop(asked.query, fault))
        target = quote(asked.path) + (f"?{query}" if query else "")
        return fault.redirect_status, {"Content-Type": PLAIN_TYPE, "Location": target}, b"elsewhere\n"
    if fault is not None and fault.garbage is not None:
        headers, body = _garbage(page, fault.garbage, packs)
        return fault.status or 200, headers if has_validators else _without_validators(headers), body
    if fault is not None and fault.status is not None:
        return fault.status, {"Content-Type": PLAIN_TYPE}, f"{fault.status} on demand\n".encode()
    headers = _headers(page, packs)
    if not has_validators:
        return 200, _without_validators(headers), page.packed if packs else page.body
    if _is_unchanged(asked.headers, page):
        kept = ("ETag", "Last-Modified", "Vary")
        return 304, {name: value for name, value in headers.items() if name in kept}, b""
    return 200, headers, page.packed if packs else page.body


def _headers(page: Page, packs: bool) -> dict[str, str]:
    # Two codings are two representations, so a strong ETag has to differ (RFC 9110 §8.8.3.3).
    headers = {
        "Content-Type": page.content_type,
        "ETag": f'"{page.digest}-gzip"' if packs else f'"{page.digest}"',
        "Vary": "Accept-Encoding",
    }
    if packs:
        headers["Content-Encoding"] = "gzip"
    if page.changed_at is not None:
        headers["Last-Modified"] = http_date(page.changed_at)
    return headers


def _without_validators(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in ("ETag", "Last-Modified")}


def _is_unchanged(headers: Mapping[str, str], page: Page) -> bool:
    tags = headers.get("If-None-Match")
    if tags is not None:
        return tags.strip() == "*" or any(tag in (page.digest, f"{page.digest}-gzip") for tag in _ETAG.findall(tags))
    since = _read_date(headers.get("If-Modified-Since", ""))
    return since is not None and page.changed_at is not None and page.changed_at.replace(microsecond=0) <= since


def _read_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _garbage(page: Page, kind: Garbage, packs: bool) -> tuple[dict[str, str], bytes]:
    typed = {"Content-Type": page.content_type}
    match kind:
        case "html":
            return {"Content-Type": HTML_TYPE}, _SIGN_IN
        case "empty":
            return typed, b""
        case "binary":
            return typed, Random(page.digest).randbytes(4096)
        case "gzip-broken":
            return typed | {"Content-Encoding": "gzip"}, page.packed[:_GZIP_HEADER_BYTES] + _NO_SUCH_BLOCK
        case "bomb":
            return typed | {"Content-Encoding": "gzip"}, _bomb()
        case "gzip-cut" | "truncated":
            return _half(page, kind, packs)


def _half(page: Page, kind: Garbage, packs: bool) -> tuple[dict[str, str], bytes]:
    """Half a document with the validators of the whole one, as from a broken proxy: the trap is to believe them."""
    if kind == "gzip-cut":
        return _headers(page, packs=True), page.packed[: len(page.packed) // 2]
    body = page.body
    half = body[: len(body) // 2]
    return _headers(page, packs), gzip.compress(half, 6, mtime=0) if packs else half


@cache
def _bomb() -> bytes:
    packer = zlib.compressobj(level=1, wbits=31)
    block = b" " * (1 << 20)
    return b"".join(packer.compress(block) for _ in range(BOMB_BYTES >> 20)) + packer.flush()
