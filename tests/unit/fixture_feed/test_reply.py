import gzip
import zlib
from datetime import UTC, datetime, timedelta

import pytest

from services.fixture_feed.fault import parse_fault
from services.fixture_feed.reply import BOMB_BYTES, Asked, Page, Reply, accepts_gzip, reply_to
from services.fixture_feed.rss import RSS_TYPE, http_date

CHANGED = datetime(2025, 4, 14, 9, 30, 0, 500_000, tzinfo=UTC)
NOW = CHANGED + timedelta(hours=1)
BODY = b"<rss>" + b"rain " * 200 + b"</rss>"
PAGE = Page.of(BODY, RSS_TYPE, CHANGED)
ETAG, GZIP_ETAG = f'"{PAGE.digest}"', f'"{PAGE.digest}-gzip"'
STAMP = "Mon, 14 Apr 2025 09:30:00 GMT"


def ask(headers: dict[str, str] | None = None, page: Page | None = PAGE, method: str = "GET", **query: str) -> Reply:
    return reply_to(Asked(method, "/feed.xml", headers or {}, query), page, parse_fault(query), NOW)


def test_plain_reply() -> None:
    assert ask() == Reply(
        200,
        {
            "Date": "Mon, 14 Apr 2025 10:30:00 GMT",
            "Content-Type": RSS_TYPE,
            "ETag": ETAG,
            "Vary": "Accept-Encoding",
            "Last-Modified": STAMP,
        },
        BODY,
    )


def test_packed_reply_has_its_own_etag() -> None:
    reply = ask({"Accept-Encoding": "gzip, deflate"})
    assert (reply.headers["Content-Encoding"], reply.headers["ETag"]) == ("gzip", GZIP_ETAG)
    assert gzip.decompress(reply.body) == BODY


@pytest.mark.parametrize(
    ("header", "accepts"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP;q=0.5", True),
        ("br, x-gzip", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("gzip;q=x", False),
        ("*", True),
        ("gzip;q=0, *", False),
        ("identity", False),
    ],
)
def test_when_gzip_is_accepted(header: str, accepts: bool) -> None:
    assert accepts_gzip(header) is accepts


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-None-Match": ETAG}, 304),
        ({"If-None-Match": GZIP_ETAG}, 304),
        ({"If-None-Match": f"W/{ETAG}"}, 304),
        ({"If-None-Match": f'"other", {ETAG}'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"other"'}, 200),
        ({"If-None-Match": PAGE.digest}, 200),
        ({"If-Modified-Since": STAMP}, 304),
        ({"If-Modified-Since": "Mon, 14 Apr 2025 09:30:01 GMT"}, 304),
        ({"If-Modified-Since": "Monday, 14-Apr-25 09:30:00 GMT"}, 304),
        ({"If-Modified-Since": "Mon Apr 14 09:30:00 2025"}, 304),
        ({"If-Modified-Since": "Mon, 14 Apr 2025 09:29:59 GMT"}, 200),
        ({"If-Modified-Since": "yesterday"}, 200),
        ({"If-None-Match": '"other"', "If-Modified-Since": STAMP}, 200),
        ({"If-None-Match": ETAG, "If-Modified-Since": "Mon, 14 Apr 2025 09:29:59 GMT"}, 304),
    ],
)
def test_conditional_requests(headers: dict[str, str], status: int) -> None:
    reply = ask(headers)
    assert reply.status == status
    if status == 304:
        assert reply.body == b""
        assert set(reply.headers) == {"Date", "ETag", "Last-Modified", "Vary"}


def test_page_without_a_date_ignores_if_modified_since() -> None:
    page = Page.of(BODY, RSS_TYPE)
    reply = ask({"If-Modified-Since": http_date(NOW)}, page)
    assert reply.status == 200
    assert "Last-Modified" not in reply.headers


def test_no_such_page_and_no_such_method() -> None:
    assert ask(page=None).status == 404
    assert (ask(method="POST").status, ask(method="POST").headers["Allow"]) == (405, "GET, HEAD")


def test_status_on_demand_has_no_validators_and_no_conditions() -> None:
    reply = ask({"If-None-Match": ETAG}, status="503", retry_after="2")
    assert (reply.status, reply.headers["Retry-After"]) == (503, "2")
    assert "ETag" not in reply.headers
    assert ask(status="204").body == b""


def test_redirect_leads_to_the_rest_of_the_query() -> None:
    assert ask(redirect="2", status="500").headers["Location"] == "/feed.xml?redirect=1&status=500"
    last = ask(redirect="1", redirect_status="308")
    assert (last.status, last.headers["Location"]) == (308, "/feed.xml")
    assert ask(redirect="loop").headers["Location"] == "/feed.xml?redirect=loop"


def test_slow_drip_and_drop_leave_conditions_in_force() -> None:
    reply = ask({"If-None-Match": ETAG}, slow="2", drip="10", drop="3")
    assert (reply.status, reply.wait_seconds, reply.bytes_per_second, reply.drop_after) == (304, 2, 10, 3)


def test_without_validators_there_is_no_304() -> None:
    reply = ask({"If-None-Match": ETAG}, validators="off")
    assert (reply.status, reply.body) == (200, BODY)
    assert not {"ETag", "Last-Modified"} & set(reply.headers)
    assert "ETag" not in ask(garbage="truncated", validators="off").headers


def test_half_documents_claim_to_be_whole() -> None:
    half = BODY[: len(BODY) // 2]
    assert (ask(garbage="truncated").body, ask(garbage="truncated").headers["ETag"]) == (half, ETAG)
    packed = ask({"Accept-Encoding": "gzip"}, garbage="truncated")
    assert gzip.decompress(packed.body) == half
    cut = ask(garbage="gzip-cut")
    assert (cut.headers["Content-Encoding"], cut.headers["ETag"]) == ("gzip", GZIP_ETAG)
    with pytest.raises(EOFError):
        gzip.decompress(cut.body)


def test_other_garbage() -> None:
    assert ask(garbage="empty").body == b""
    assert ask(garbage="html").headers["Content-Type"].startswith("text/html")
    with pytest.raises(zlib.error):
        gzip.decompress(ask(garbage="gzip-broken").body)
    binary = ask(garbage="binary").body
    assert binary == ask(garbage="binary").body
    with pytest.raises(UnicodeDecodeError):
        binary.decode()
    assert not any("ETag" in ask(garbage=kind).headers for kind in ("empty", "html", "binary", "gzip-broken", "bomb"))


def test_bomb_is_small_and_unpacks_to_much() -> None:
    packed = ask(garbage="bomb").body
    assert len(packed) < BOMB_BYTES // 100
    unpacker = zlib.decompressobj(wbits=31)
    total = 0
    while not unpacker.eof:
        total += len(unpacker.decompress(packed, 1 << 20))
        packed = unpacker.unconsumed_tail
    assert total == BOMB_BYTES
