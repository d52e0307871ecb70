"""Hostile servers: statuses, headers, redirects, framing, encodings, and those that never come to an end."""

import asyncio
import gzip
import importlib
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from schemas.reasons import Reason
from services.ingest.codings import ACCEPTED_CODINGS
from tests.hostile.case import FEED, FORBIDDEN_NAME, ITEM, READ, XML, Case, Reasons, answer, one_of, rss

STATUSES: dict[int, Reason] = {
    401: Reason.UNAUTHORISED,
    403: Reason.FORBIDDEN,
    404: Reason.NOT_FOUND,
    410: Reason.GONE,
    429: Reason.RATE_LIMITED,
}
BROKEN = one_of(Reason.PROTOCOL_BROKEN)
TIMED_OUT = one_of(Reason.TIMED_OUT)
LARGE = one_of(Reason.BODY_TOO_LARGE)
UNPACKABLE = one_of(Reason.BODY_ENCODING_BROKEN)
REFUSED = one_of(Reason.ADDRESS_REFUSED)
INVALID = one_of(Reason.ADDRESS_INVALID)


def status_cases() -> Iterator[Case]:
    client, server = range(400, 452), range(500, 512)
    for status in (201, 202, 203, 204, 205, 206, 226, 300, 304, 305, 306, *client, *server, 599, 600, 999):
        reason = STATUSES.get(status)
        if reason is None:
            reason = (
                Reason.CLIENT_ERROR
                if 400 <= status < 500
                else Reason.SERVER_ERROR
                if 500 <= status < 600
                else Reason.UNEXPECTED_STATUS
            )
        body = b"" if status in {204, 205, 304} else FEED
        yield Case(f"status {status}", answer(body, XML, status=f"{status} Thus"), one_of(reason))
    yield Case(
        "304 unasked with a body",
        answer(FEED, XML, status="304 Not Modified"),
        BROKEN | one_of(Reason.UNEXPECTED_STATUS),
    )


RETRY_AFTERS = (
    "-1",
    "-99999999999",
    "0",
    "1e9",
    "NaN",
    "99999999999999999999999999",
    "soon",
    "",
    "12, 13",
    "0x10",
    "\u0661\u0662",
    "Mon, 01 Jan 0001 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Mon, 99 Foo 2026 99:99:99 XYZ",
    "9" * 5_000,
)


def retry_after_cases() -> Iterator[Case]:
    for number, stated in enumerate(RETRY_AFTERS):
        for status, reason in (("429 Slow", Reason.RATE_LIMITED), ("503 Down", Reason.SERVER_ERROR)):
            reply = answer(b"", ("Retry-After", stated), status=status)
            yield Case(f"{status[:3]} with Retry-After {number}: {stated[:30]}", reply, one_of(reason))


def header_cases() -> Iterator[Case]:
    for name, value in {
        "ETag with a control character": '"a\x01b"',
        "ETag with a tab": '"a\tb"',
        "ETag in Latin-1": b'"Z\xfcrich"'.decode("utf-8", "surrogateescape"),
        "ETag of 10,000 characters": '"' + "x" * 10_000 + '"',
        "ETag empty": "",
        "ETag of a lone quote": '"',
        "ETag with escapes": '"\x1b[2J"',
        "ETag that looks like headers": '"a", X-Other: b',
    }.items():
        allowed = READ | BROKEN if "control" in name or "escapes" in name else READ
        yield Case(name, answer(FEED, XML, ("ETag", value)), allowed)
    for value in ("tomorrow", "Mon, 01 Jan 0001 00:00:00 GMT", "\x7f", "0", "x" * 5_000):
        yield Case(f"Last-Modified {value[:20]!r}", answer(FEED, XML, ("Last-Modified", value)), READ | BROKEN)
    for value in ("max-age=-1", "max-age=99999999999999999999", "max-age=x", "," * 5_000, "max-age" * 500):
        yield Case(f"Cache-Control {value[:30]}", answer(FEED, XML, ("Cache-Control", value)), READ)
    for value in ("-1", "0", "Fri, 31 Dec 9999 23:59:59 GMT"):
        yield Case(f"Expires {value}", answer(FEED, XML, ("Expires", value), ("Age", "-5")), READ)
    for value in ("text/xml; charset=", "text/xml; charset=\x00", "x" * 5_000, "application/xml; charset=rot13"):
        yield Case(f"Content-Type {value[:30]!r}", answer(FEED, ("Content-Type", value)), READ | BROKEN)
    yield Case("NUL in a header", answer(FEED, XML, ("X-Nul", "a\x00b")), READ | BROKEN)
    yield Case("header flood by number", answer(FEED, *((f"X-{n}", "y") for n in range(10_000))), BROKEN)
    yield Case("header flood by size", answer(FEED, *((f"X-{n}", "y" * 15_000) for n in range(100))), BROKEN)
    yield Case("header of 10 MB", answer(FEED, ("X-Long", "y" * 10_000_000)), BROKEN)
    yield Case("cookie flood", answer(FEED, XML, *((("Set-Cookie", f"c{n}=1; Path=/")) for n in range(100))), READ)
    yield Case("status line of 1 MB", b"HTTP/1.1 200 " + b"O" * 1_000_000 + b"\r\n\r\n", BROKEN)


def redirect_cases() -> Iterator[Case]:
    def to(location: str, status: str = "302 Found") -> bytes:
        return answer(b"", ("Location", location), status=status)

    loops = one_of(Reason.TOO_MANY_REDIRECTS)
    yield Case("redirect to itself", to("/loop"), loops, path="/loop")
    yield Case("endless redirects", b"", loops, path="/deep", say=_deeper)
    for status in (301, 303, 307, 308):
        yield Case(f"{status} without a location", answer(b"", status=f"{status} Gone"), BROKEN)
    for host in (
        FORBIDDEN_NAME,
        "127.0.0.2",
        "127.2",
        "2130706434",
        "0x7f000002",
        "0177.0.0.2",
        "[::ffff:127.0.0.2]",
        "[::1]",
        "[64:ff9b::7f00:2]",
        "127.0.0.2.",
        "127。0。0。2",
        "169.254.169.254",
        "10.0.0.1",
        "0.0.0.0",
        "[fe80::1]",
        f"hostile.example@{FORBIDDEN_NAME}",
    ):
        yield Case(f"redirect to {host}", to(f"http://{host}:{{port}}/secret"), REFUSED)
    for port in (1, 22, 25, 6379, 65_535):
        yield Case(f"redirect to port {port}", to(f"http://hostile.example:{port}/"), REFUSED)
    yield Case("redirect to port 0", to("http://hostile.example:0/"), REFUSED | INVALID)
    for number, location in enumerate(
        (
            "file:///etc/passwd",
            "ftp://hostile.example/feed",
            "gopher://127.0.0.2:6379/_INFO",
            "data:text/xml,<rss/>",
            "javascript:alert(1)",
            "http://[::1",
            "http://a b.example/",
            "http://hostile.example:99999/",
            "http://" + "a" * 9_000,
            "http://..../",
        )
    ):
        yield Case(f"redirect {number} to {location[:30]}", to(location), INVALID)
    yield Case(
        "redirect with a body of 1 GB announced",
        answer(b"x", ("Location", "/loop"), status="302 F", length=10**9),
        loops,
    )


async def _deeper(writer: asyncio.StreamWriter, path: str) -> None:
    writer.write(answer(b"", ("Location", f"{path}x"), status="301 Moved"))


def framing_cases() -> Iterator[Case]:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield Case("length too long", answer(FEED, XML, length=len(FEED) + 100), BROKEN)
    yield Case(
        "length too short", answer(FEED, XML, length=60), BROKEN | one_of(Reason.MALFORMED, Reason.NOT_A_FEED, None)
    )
    yield Case("length of an exabyte", answer(FEED, XML, length=10**18), LARGE)
    yield Case("length beyond all numbers", answer(FEED, XML, length="9" * 400), LARGE | BROKEN)
    for stated in ("-1", "0x10", "1e3", "ten", "+5", " ", "5, 6", "\u0665"):
        yield Case(f"length {stated!r}", answer(FEED, XML, length=stated), BROKEN | READ)
    yield Case("two lengths", answer(FEED, XML, ("Content-Length", "5")), BROKEN)
    yield Case("length and chunks", answer(FEED, ("Transfer-Encoding", "chunked")), BROKEN)
    yield Case("chunk size no number", chunked + b"zz\r\n", BROKEN)
    yield Case("chunk size negative", chunked + b"-5\r\nabcde\r\n0\r\n\r\n", BROKEN)
    yield Case("chunk of an exabyte", chunked + b"fffffffffffffff\r\nab", BROKEN)
    yield Case(
        "chunk size line of 1 MB",
        chunked + b"5;" + b"x" * 1_000_000 + b"\r\nabcde\r\n0\r\n\r\n",
        BROKEN | one_of(Reason.NOT_A_FEED),
    )
    yield Case("chunks cut off", chunked + b"5\r\nabc", BROKEN)
    yield Case("trailer flood", chunked + b"0\r\n" + b"X: y\r\n" * 50_000 + b"\r\n", BROKEN | one_of(Reason.BODY_EMPTY))
    yield Case("no answer at all", b"", BROKEN)
    yield Case("another protocol", b"SSH-2.0-OpenSSH_9\r\n", BROKEN)
    yield Case("HTTP/0.9", FEED, BROKEN)
    yield Case("HTTP/9.9", b"HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n", BROKEN | one_of(Reason.BODY_EMPTY))
    yield Case("status of letters", b"HTTP/1.1 abc OK\r\n\r\n", BROKEN)
    yield Case(
        "status of one digit", b"HTTP/1.1 2 OK\r\nContent-Length: 0\r\n\r\n", BROKEN | one_of(Reason.UNEXPECTED_STATUS)
    )
    yield Case("TLS greeting", b"\x16\x03\x01\x02\x00\x01\x00", BROKEN)
    yield Case("random bytes", bytes(range(256)) * 40, BROKEN)
    yield Case(
        "switching protocols",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
        one_of(Reason.UNEXPECTED_STATUS) | BROKEN,
    )


def encoding_cases() -> Iterator[Case]:
    def packed(name: str, coding: str, body: bytes | Callable[[], bytes], reasons: Reasons) -> Case:
        return Case(name, partial(_coded, body, coding), reasons)

    yield packed("gzip bomb of 40 MB", "gzip", partial(_gzip_bomb, 40), LARGE)
    yield packed("gzip bomb of a feed", "gzip", lambda: gzip.compress(rss(ITEM * 150_000), 1), LARGE)
    yield packed("gzip bomb in many members", "gzip", lambda: _zeros(gzip.compress) * 40, LARGE)
    yield packed("gzip within gzip", "gzip", lambda: gzip.compress(_gzip_bomb(40)), UNPACKABLE)
    yield packed("gzip, gzip", "gzip, gzip", gzip.compress(gzip.compress(FEED)), UNPACKABLE)
    yield packed("deflate bomb", "deflate", partial(_zeros, zlib.compress, 30), LARGE)
    yield packed("gzip cut off", "gzip", gzip.compress(FEED * 50)[:-20], UNPACKABLE)
    yield packed("gzip with a broken checksum", "gzip", gzip.compress(FEED)[:-8] + b"\0" * 8, UNPACKABLE)
    yield packed("gzip that is none", "gzip", FEED, UNPACKABLE)
    yield packed("gzip with junk behind", "gzip", gzip.compress(FEED) + b"junk" * 100, READ)
    yield packed("gzip of nothing", "gzip", gzip.compress(b""), one_of(Reason.BODY_EMPTY))
    yield packed("gzip with a name of 5 MB", "gzip", _named_gzip, READ)
    yield packed("deflate that is none", "deflate", b"\xff" * 100, UNPACKABLE)
    yield packed("deflate cut off", "deflate", zlib.compress(FEED)[:-5], UNPACKABLE)
    for coding in ("compress", "br2", "exi", "pack200-gzip", "*", "gzip;q=1"):
        yield packed(f"coding {coding}", coding, FEED, UNPACKABLE)
    for coding, module in (("br", "brotli"), ("zstd", "backports.zstd")):
        yield packed(f"{coding} that is none", coding, FEED, UNPACKABLE)
        if coding in ACCEPTED_CODINGS.split(", "):
            library: Any = importlib.import_module(module)
            yield packed(f"{coding} bomb", coding, partial(_zeros, library.compress, 30), LARGE)
            yield packed(f"{coding} bomb of a feed", coding, partial(_packed_feed, library.compress), LARGE)
            yield packed(f"{coding} cut off", coding, library.compress(FEED * 50)[:-5], UNPACKABLE)


def _coded(body: bytes | Callable[[], bytes], coding: str) -> bytes:
    return answer(body if isinstance(body, bytes) else body(), XML, ("Content-Encoding", coding))


def _packed_feed(pack: Any) -> bytes:
    return bytes(pack(rss(ITEM * 150_000)))


def _zeros(pack: Any, megabytes: int = 1) -> bytes:
    return bytes(pack(b"\0" * (megabytes * 1_000_000)))


def _gzip_bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(1, wbits=31)
    return b"".join(packer.compress(b"\0" * 1_000_000) for _ in range(megabytes)) + packer.flush()


def _named_gzip() -> bytes:
    packed = gzip.compress(FEED)
    return packed[:3] + b"\x08" + packed[4:10] + b"n" * 5_000_000 + b"\0" + packed[10:]


def endless_cases() -> Iterator[Case]:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n"
    yield Case("silence", b"", TIMED_OUT, say=partial(_drip, first=b"", again=b"", pause=60.0))
    yield Case("headers, then silence", b"", TIMED_OUT, say=partial(_drip, first=head + b"\r\n", again=b"", pause=60.0))
    yield Case("headers in drips", b"", TIMED_OUT, say=partial(_drip, first=head, again=b"X", pause=0.1))
    yield Case("body in drips", b"", TIMED_OUT, say=partial(_drip, first=head + b"\r\n<rss>", again=b" ", pause=0.1))
    yield Case("endless body", b"", LARGE, say=partial(_drip, first=head + b"\r\n", again=b"x" * 65_536, pause=0.0))
    yield Case("endless headers", b"", BROKEN, say=partial(_drip, first=head, again=b"X-Y: z\r\n" * 100, pause=0.0))
    again = b"HTTP/1.1 100 Continue\r\n\r\n"
    yield Case("endless 100 Continue", b"", TIMED_OUT, say=partial(_drip, first=again, again=again, pause=0.05))
    yield Case(
        "half a feed, then silence",
        b"",
        TIMED_OUT,
        say=partial(_drip, first=answer(FEED[:90], length=900), again=b"", pause=60.0),
    )
    packed = zlib.compressobj(wbits=31)
    start = head + b"Content-Encoding: gzip\r\n\r\n" + packed.compress(b"<rss>") + packed.flush(zlib.Z_SYNC_FLUSH)
    yield Case("gzip in drips", b"", TIMED_OUT, say=partial(_drip, first=start, again=b"", pause=60.0))


async def _drip(writer: asyncio.StreamWriter, _: str, first: bytes, again: bytes, pause: float) -> None:
    """Until the client goes."""
    writer.write(first)
    while not writer.transport.is_closing():
        writer.write(again)
        await writer.drain()
        await asyncio.sleep(pause)


def http_cases() -> list[Case]:
    makers = (
        status_cases,
        retry_after_cases,
        header_cases,
        redirect_cases,
        framing_cases,
        encoding_cases,
        endless_cases,
    )
    return [case for make in makers for case in make()]
