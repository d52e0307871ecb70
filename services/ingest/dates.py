"""Dates as feeds state them: text in, an instant in UTC and what it is worth out."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from schemas.article import DateQuality

FUTURE_SLACK = timedelta(days=1)  # clocks and zones that are off
EPOCH_YEAR = 1971  # a zero somewhere in the publisher's software, not a date
CONSTANT_ENTRIES = 5
CONSTANT_DAY = timedelta(days=7)
_MAX_CHARACTERS = 100

# Hours east of UTC. `ET` and alike are left out: they name two offsets, by season.
_HOURS: Final[dict[str, float]] = {
    **dict.fromkeys(("z", "ut", "utc", "gmt", "wet"), 0),
    **dict.fromkeys(("bst", "west", "cet", "met", "mez"), 1),
    **dict.fromkeys(("cest", "mest", "mesz", "eet", "sast", "cat"), 2),
    **dict.fromkeys(("eest", "msk", "eat", "trt"), 3),
    **dict.fromkeys(("hkt", "sgt", "awst", "pht"), 8),
    **{"ist": 5.5, "pkt": 5, "npt": 5.75, "ict": 7, "wib": 7, "jst": 9, "kst": 9, "acst": 9.5, "aest": 10, "aedt": 11},
    **{"nzst": 12, "nzdt": 13, "nst": -3.5, "ndt": -2.5, "ast": -4, "adt": -3, "brt": -3, "art": -3},
    **{"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7},
    **{"akst": -9, "akdt": -8, "hst": -10},
}
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier enero januari ene janeiro gennaio gen oca ocak янв января "
            "ianuarie ian stycznia sty ledna led tammikuuta січня ιανουαρίου ιαν يناير",
            "feb february februar février fevrier febrero februari fev fevereiro febbraio şub şubat фев февраля "
            "februarie lutego lut února úno helmikuuta лютого φεβρουαρίου φεβ فبراير",
            "mar march märz marz mars marzo maart mrz mär março mart мар марта "
            "martie marca března bře maaliskuuta березня μαρτίου μαρ مارس",
            "apr april avril abril avr abr aprile nis nisan апр апреля "
            "aprilie kwietnia kwi dubna dub huhtikuuta квітня απριλίου απρ أبريل ابريل",
            "may mai mayo mei maio maggio mag mayıs мая май "
            "maj maja května kvě toukokuuta травня μαΐου μαϊ μαΐ μάι مايو",
            "jun june juni juin junio junho giugno giu haz haziran июн июня "
            "iunie iun czerwca cze června čvn kesäkuuta червня ιουνίου ιουν ιούν يونيو",
            "jul july juli juillet julio juil julho luglio lug tem temmuz июл июля "
            "iulie iul lipca lip července čvc heinäkuuta липня ιουλίου ιουλ ιούλ يوليو",
            "aug august août aout agosto augustus ago ağu ağustos авг августа "
            "augusti sierpnia sie srpna srp elokuuta серпня αυγούστου αυγ αύγ أغسطس",
            "sep sept september septembre septiembre set setembro settembre eyl eylül сен сентября "
            "septembrie września wrz září zář syyskuuta вересня σεπτεμβρίου σεπ سبتمبر",
            "oct october oktober octobre octubre okt out outubro ottobre ott eki ekim окт октября "
            "octombrie października paź října říj lokakuuta жовтня οκτωβρίου οκτ أكتوبر",
            "nov november novembre noviembre novembro kas kasım ноя ноября "
            "noiembrie listopada lis listopadu marraskuuta листопада νοεμβρίου νοε νοέ نوفمبر",
            "dec december dezember décembre decembre diciembre dez dic dezembro dicembre ara aralık дек декабря "
            "desember des decembrie grudnia gru prosince pro joulukuuta грудня δεκεμβρίου δεκ ديسمبر",
        ),
        start=1,
    )
    for name in names.split()
}

_TIME = (
    r"(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,](?P<fraction>\d+))?)?"
    r"\s*(?P<half>[ap]\.?m\.?(?![a-z]))?"
)
_ZONE = r"(?P<zone>(?:(?:gmt|utc)\s*)?[+\u2212-]\s*\d{1,2}:?(?:\d{2})?|[a-z]{1,5}(?![a-z]))?(?:(?<=\d)\s+[a-z]{3,4})?"
_ISO = re.compile(
    rf"(?P<year>\d{{4}})(?:(?:[-/.]\s?(?P<month>\d{{1,2}})(?:[-/.]\s?(?P<day>\d{{1,2}})\.?)?|(?P<packed>\d{{4}}))"
    rf"(?:(?:t|\s+|,\s*|:)(?:{_TIME}|(?P<compact>\d{{4}}(?:\d{{2}})?(?:[.,]\d+)?))\s*{_ZONE}|\s?(?P<day_zone>z|[+-]\d{{2}}:?\d{{2}}))?)?"
)
# Day, month and year with dots are never meant in another order; with slashes they are.
_DOTTED = re.compile(rf"(?P<day>\d{{1,2}})\.\s?(?P<month>\d{{1,2}})\.\s?(?P<year>\d{{4}})(?:,?\s+{_TIME}\s*{_ZONE})?")
_SIGNS: Final = str.maketrans({"年": "-", "月": "-", "日": " ", "،": ","})
_WEEKDAY = r"(?:[^\W\d_]{2,12}\.?,?\s+|[^\W\d_]{2,12},)?"
_DAY_FIRST = re.compile(
    rf"{_WEEKDAY}(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?[\s/-]*(?:de\s+)?(?P<name>[^\W\d_]{{3,12}})\.?[\s,/-]*(?:de\s+)?"
    rf"(?P<year>\d{{4}}|\d{{2}})(?:[\s,T-]+(?:at\s+)?{_TIME})?\s*{_ZONE}"
)
_MONTH_FIRST = re.compile(
    rf"{_WEEKDAY}(?P<name>[^\W\d_]{{3,12}})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})"
    rf"(?:[\s,-]+(?:at\s+)?{_TIME})?\s*{_ZONE}"
)
_ASCTIME = re.compile(rf"{_WEEKDAY}(?P<name>[a-z]{{3}})\s+(?P<day>\d{{1,2}})\s+{_TIME}\s*{_ZONE}\s*(?P<year>\d{{4}})")
# What nine feeds in ten write, RFC 822 in full, read in a third of the time that the general patterns take.
_COMMON = re.compile(
    r"(?:[a-z]{3}, )?([0-9]{1,2}) (jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec) ([0-9]{4}) "
    r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))? (gmt|utc|z|[+-][0-9]{4})"
)
_UNIX = re.compile(r"(?P<seconds>\d{9,10})(?P<milliseconds>\d{3})?(?:\.\d+)?")
_COMMENT = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")  # RFC 5322 §3.2.2, as in `+0000 (UTC)`; Java's `Z[UTC]`
_TIME_ELEMENT = re.compile(r"<time\s[^<>]{0,500}?\bdatetime\s*=\s*[\"']([^\"'<>]+)")  # Drupal puts HTML into dates
_MIDNIGHT = re.compile(r"(?<![0-9:])(?:00:00|12:00(?=(?::00)?\s*am))(?::00(?:\.0+)?)?(?![0-9:])", re.IGNORECASE)
_OFFSET = re.compile(r"(?:gmt|utc)?\s*([+\u2212-])\s*(\d{1,2}):?(\d{2})?")


def read_date(stated: str | None, now: datetime) -> tuple[datetime | None, DateQuality]:
    """The instant `stated` names, in UTC, and its quality; None only when it is missing or unreadable.

    Reads RFC 822 and 2822 with named zones, RFC 3339 and ISO 8601, asctime, dates with the month spelled out in most
    languages of Europe or in Arabic, those with dots or 年月日, HTML's `<time>`, and Unix time. A date without a time
    is its midnight. Without a zone, or with one nobody knows, UTC is assumed and said so. Dates in figures with
    slashes and the day or month first are ambiguous, so unreadable.
    """
    if stated is None or not stated.strip():
        return None, DateQuality.MISSING
    if "<" in stated and (element := _TIME_ELEMENT.search(stated[:1_000])):
        stated = element[1]
    if len(stated) > _MAX_CHARACTERS:
        return None, DateQuality.UNREADABLE
    text = " ".join(_COMMENT.sub(" ", stated).translate(_SIGNS).split()).lower()
    try:
        moment, zone_known = _read(text)
    except (ValueError, OverflowError):
        return None, DateQuality.UNREADABLE
    if moment.year <= EPOCH_YEAR:
        return moment, DateQuality.EPOCH
    if moment > now + FUTURE_SLACK:
        return moment, DateQuality.FUTURE
    return moment, DateQuality.STATED if zone_known else DateQuality.ZONE_ASSUMED


def _read(text: str) -> tuple[datetime, bool]:
    if match := _COMMON.fullmatch(text):
        day, name, year, hour, minute, second, zone = match.groups()
        moment = datetime(int(year), _MONTHS[name], int(day), int(hour), int(minute), int(second or 0), tzinfo=UTC)
        return moment - (_offset(zone) or timedelta()), True
    if match := _UNIX.fullmatch(text):
        return datetime.fromtimestamp(int(match["seconds"]), UTC), True
    for pattern in (_DAY_FIRST, _ISO, _MONTH_FIRST, _ASCTIME, _DOTTED):
        if match := pattern.fullmatch(text):
            break
    else:
        raise ValueError("no known form")
    parts = match.groupdict()
    if packed := parts.get("packed"):
        parts |= {"month": packed[:2], "day": packed[2:]}
    naive = datetime(_year(parts["year"]), _month(parts), int(parts["day"] or 1))
    if (day := parts.get("compact")) is not None:
        time = timedelta(hours=int(day[:2]), minutes=int(day[2:4]), seconds=int(day[4:6] or 0))
    else:
        time = _time(parts)
    if time > timedelta(hours=24, seconds=1):  # 24:00 is the end of the day in ISO 8601
        raise ValueError("no such time")
    offset = _offset(parts["zone"] or parts.get("day_zone"))
    return (naive + time - (offset or timedelta())).replace(tzinfo=UTC), offset is not None


def _year(stated: str) -> int:
    year = int(stated)
    if len(stated) == 4:
        return year
    return year + (2000 if year < 50 else 1900)  # RFC 5322 §4.3


def _month(parts: dict[str, str | None]) -> int:
    if name := parts.get("name"):
        if name not in _MONTHS:
            raise ValueError("no known month")
        return _MONTHS[name]
    return int(parts.get("month") or 1)


def _time(parts: dict[str, str | None]) -> timedelta:
    if parts["hour"] is None:
        return timedelta()
    hour, minute, second = int(parts["hour"]), int(parts["minute"] or 0), int(parts["second"] or 0)
    if parts["half"]:
        if not 1 <= hour <= 12:
            raise ValueError("no such hour")
        hour = hour % 12 + (12 if parts["half"].startswith("p") else 0)
    if minute > 59 or second > 60:
        raise ValueError("no such time")
    milliseconds = int((parts["fraction"] or "0").ljust(3, "0")[:3])
    # A leap second becomes the one before it.
    return timedelta(hours=hour, minutes=minute, seconds=min(second, 59), milliseconds=milliseconds)


@lru_cache(maxsize=512)  # a feed has few, and hostile ones must not fill memory
def _offset(zone: str | None) -> timedelta | None:
    if not zone:
        return None
    if match := _OFFSET.fullmatch(zone):
        sign, hours, minutes = match.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        if offset > timedelta(hours=15):
            raise ValueError("no such zone")
        return offset if sign == "+" else -offset
    hours_east = _HOURS.get(zone)
    return None if hours_east is None else timedelta(hours=hours_east)


def constant_dates(dates: Sequence[tuple[datetime | None, str | None]], now: datetime) -> frozenset[datetime]:
    """Dates that a document's software states, not its authors: one instant for at least half of its entries, five at
    least. `dates` has for each entry the instant and the text it was read from.

    Entries of one day that state no time share their date honestly, unless that day is over a week ago.
    """
    counted = Counter(date for date, _ in dates if date is not None)
    constant = {date for date, count in counted.items() if count >= CONSTANT_ENTRIES and 2 * count >= len(dates)}
    timeless = {date for date, stated in dates if stated and (":" not in stated or _MIDNIGHT.search(stated))}
    return frozenset(date for date in constant if date not in timeless or now - date > CONSTANT_DAY)
