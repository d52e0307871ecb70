"""One hostile feed: what its server answers, and which reasons are right for it. None is: read as a feed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from schemas.reasons import Reason

FORBIDDEN_NAME = "forbidden.example"  # leads to an address that must not be connected to
Say = Callable[[asyncio.StreamWriter, str], Awaitable[None]]  # to whom, and the path that was asked for
Reasons = frozenset[Reason | None]


@dataclass(frozen=True)
class Case:
    """`reply` is all that is said, or makes it, or `say` says it bit by bit; `{port}` of the server is filled in."""

    name: str
    reply: bytes | Callable[[], bytes]
    reasons: Reasons
    path: str | None = None
    say: Say | None = None


def one_of(*reasons: Reason | None) -> Reasons:
    return frozenset(reasons)


READ: Reasons = frozenset({None})
XML = ("Content-Type", "application/rss+xml")


def answer(
    body: bytes = b"", *headers: tuple[str, str], status: str = "200 OK", length: int | str | None = None
) -> bytes:
    """An HTTP response. The length is right unless one is given; "" leaves it out."""
    stated = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
    if stated != "":
        lines.append(f"Content-Length: {stated}")
    head = "\r\n".join([*lines, "Connection: close", "", ""])
    return head.encode("utf-8", "surrogateescape") + body


def rss(*items: str, extra: str = "", declaration: str = "<?xml version='1.0' encoding='utf-8'?>") -> bytes:
    found = "".join(items) or ITEM
    text = f"{declaration}<rss version='2.0'><channel><title>Hostile</title>{extra}{found}</channel></rss>"
    return text.encode("utf-8", "surrogatepass")


ITEM = "<item><guid>1</guid><title>A story</title><link>https://hostile.example/1</link></item>"
FEED = rss()
