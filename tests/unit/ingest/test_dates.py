"""Stated dates, by a table of forms found in feeds."""

from datetime import UTC, datetime

import pytest

from schemas.article import DateQuality
from services.ingest.dates import read_date

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
STATED, ASSUMED = DateQuality.STATED, DateQuality.ZONE_ASSUMED


@pytest.mark.parametrize(
    ("stated", "read", "quality"),
    [
        ("Mon, 06 Sep 2021 16:45:00 GMT", "2021-09-06T16:45:00", STATED),
        ("Mon, 6 Sep 21 16:45 EST", "2021-09-06T21:45:00", STATED),
        ("06 Sep 2021 16:45:00 +0000 (UTC)", "2021-09-06T16:45:00", STATED),
        ("Mon,06 Sep 2021 16:45:00 GMT+2", "2021-09-06T14:45:00", STATED),
        ("Mon, 06 Sep 2021 16:45:60 -0330", "2021-09-06T20:15:59", STATED),
        ("Mon, 06 Sep 2021 24:00:00 GMT", "2021-09-07T00:00:00", STATED),
        ("Wrongday, 06 Sep 2021 16:45:00 Z", "2021-09-06T16:45:00", STATED),
        ("Mon, 06-Sep-2021 16:45:00 GMT", "2021-09-06T16:45:00", STATED),
        ("lun., 6 septembre 2021 16:45:00 +0200", "2021-09-06T14:45:00", STATED),
        ("2021-09-06T16:45:00Z", "2021-09-06T16:45:00", STATED),
        ("2021-09-06T16:45:00.1239+02:00", "2021-09-06T14:45:00.123", STATED),
        ("2021-09-06t16:45z", "2021-09-06T16:45:00", STATED),
        ("2021-09-06 16:45:00 +0530", "2021-09-06T11:15:00", STATED),
        ("20210906T164500Z", "2021-09-06T16:45:00", STATED),
        ("2021/09/06 16:45:00", "2021-09-06T16:45:00", ASSUMED),
        ("2021-09-06", "2021-09-06T00:00:00", ASSUMED),
        ("2021-09", "2021-09-01T00:00:00", ASSUMED),
        ("Mon Sep  6 16:45:00 2021", "2021-09-06T16:45:00", ASSUMED),
        ("Mon Sep  6 16:45:00 UTC 2021", "2021-09-06T16:45:00", STATED),
        ("Sept. 6, 2021 4:45 PM PDT", "2021-09-06T23:45:00", STATED),
        ("September 6, 2021 12:05 a.m.", "2021-09-06T00:05:00", ASSUMED),
        ("Monday, September 6, 2021 - 16:45", "2021-09-06T16:45:00", ASSUMED),
        ("Mon, 06 Sep 2021 16:45:00 QQQ", "2021-09-06T16:45:00", ASSUMED),
        ("1630946700", "2021-09-06T16:45:00", STATED),
        ("1630946700123", "2021-09-06T16:45:00", STATED),
        ("Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00", DateQuality.EPOCH),
        ("2026-03-05T11:59:59Z", "2026-03-05T11:59:59", STATED),
        ("2026-03-05T12:00:01Z", "2026-03-05T12:00:01", DateQuality.FUTURE),
    ],
)
def test_date_is_read(stated: str, read: str, quality: DateQuality) -> None:
    assert read_date(stated, NOW) == (datetime.fromisoformat(read).replace(tzinfo=UTC), quality)


@pytest.mark.parametrize(
    "stated",
    [
        *("yesterday", "06/09/2021", "Mon, 31 Feb 2021 00:00:00 GMT", "0000-00-00 00:00:00", "2021-13-01"),
        *("0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "2021-09-06T25:00:00Z", "13:00 PM", "x" * 1_000),
        *("2021-09-06T16:45:00+99:00", "Sept. 6, 2021 13:45 PM"),
    ],
)
def test_unreadable_date_is_null(stated: str) -> None:
    assert read_date(stated, NOW) == (None, DateQuality.UNREADABLE)


@pytest.mark.parametrize("stated", [None, "", "  \n"])
def test_missing_date_is_null(stated: str | None) -> None:
    assert read_date(stated, NOW) == (None, DateQuality.MISSING)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("2026-3-4", "2026-03-04T00:00:00+00:00"),
        ("2026-3-4 1:02:03", "2026-03-04T01:02:03+00:00"),
        ("2026. 3. 4. 10:00", "2026-03-04T10:00:00+00:00"),
        ("2026年3月4日 10:00", "2026-03-04T10:00:00+00:00"),
        ("04.03.2026 10:00", "2026-03-04T10:00:00+00:00"),
        ("4.3.2026", "2026-03-04T00:00:00+00:00"),
        ("2026-03-04+01:00", "2026-03-03T23:00:00+00:00"),
        ("2026-03-04Z", "2026-03-04T00:00:00+00:00"),
        ("20260304", "2026-03-04T00:00:00+00:00"),
        ("2026-03-04 10:00:00 +0200 EET", "2026-03-04T08:00:00+00:00"),
        ("2026-03-04T10:00:00+01:00[Europe/Berlin]", "2026-03-04T09:00:00+00:00"),
        ('<time datetime="2026-03-04T10:00:00Z" class="x">Wed, 03/04/2026</time>', "2026-03-04T10:00:00+00:00"),
        ("الأربعاء، 04 مارس 2026 10:00:00 +0300", "2026-03-04T07:00:00+00:00"),
        ("Τετ, 04 Μαρ 2026 10:00:00 +0200", "2026-03-04T08:00:00+00:00"),
        ("4 marca 2026, 10:00", "2026-03-04T10:00:00+00:00"),
        ("2 października 2025", "2025-10-02T00:00:00+00:00"),
        ("st, 04 března 2026 10:00:00 +0100", "2026-03-04T09:00:00+00:00"),
        ("onsdag 4 mars 2026 10:00", "2026-03-04T10:00:00+00:00"),
        ("ke 4. maaliskuuta 2026", "2026-03-04T00:00:00+00:00"),
        ("Ср, 04 мар 2026 10:00:00 +0300", "2026-03-04T07:00:00+00:00"),
        ("4 марта 2026", "2026-03-04T00:00:00+00:00"),
        ("Çar, 04 Şub 2026 10:00:00 +0300", "2026-02-04T07:00:00+00:00"),
    ],
)
def test_dates_as_other_places_write_them(stated: str, expected: str) -> None:
    assert read_date(stated, NOW)[0] == datetime.fromisoformat(expected)


@pytest.mark.parametrize("stated", ["2026-306", "2026-W45-1", "31.02.2026", "2026-13-02", "03/04/2026"])
def test_what_would_have_to_be_guessed_is_unreadable(stated: str) -> None:
    assert read_date(stated, NOW) == (None, DateQuality.UNREADABLE)
