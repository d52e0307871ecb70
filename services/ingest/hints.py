"""How long a server or a document says it will stay as it is: caching headers, `ttl` and `sy:`, in seconds."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_SECONDS = re.compile(r"\"?([0-9]{1,10})(?:\.[0-9]*)?\"?\s*(?:s(?:ec(?:onds?)?)?)?", re.IGNORECASE)
_MAX_AGE = re.compile(r"(?:^|[,;\s])max-age\s*=\s*\"?([0-9]{1,10})")
# Where a field that was sent twice was joined; the comma after the weekday of a date is none of these.
_JOINT = re.compile(r"\s*(?:;|(?<!on|ue|ed|hu|ri|at|un|ay),)\s*")
_NUMBER = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,3})?")
MAX_STATED_CHARACTERS: Final = 1_000  # of a header: what is longer is no number and no date
_PERIODS: Final[Mapping[str, float]] = {
    "hourly": 3_600.0,
    "daily": 86_400.0,
    "weekly": 604_800.0,
    "monthly": 2_592_000.0,
    "yearly": 31_536_000.0,
}


def fresh_seconds(headers: Mapping[str, str], now: datetime) -> float:
    """For how much longer the response is fresh (RFC 9111 §4.2): its lifetime less its age; 0 if it does not say.

    Names are in lower case. `no-cache` and `no-store` ask for nothing: they speak of caches, not of when to come back.
    """
    control = headers.get("cache-control", "").lower()
    if "no-cache" in control or "no-store" in control:
        return 0.0
    stated = _MAX_AGE.search(control)
    if stated is not None:
        lifetime = float(stated[1])
    else:
        expires = http_date(headers.get("expires"))
        if expires is None:
            return 0.0
        # The server's own clock, where it states it: only the difference counts.
        lifetime = (expires - (http_date(headers.get("date")) or now)).total_seconds()
    return max(0.0, lifetime - max(_waits(headers.get("age")), default=0.0))


def document_seconds(ttl_minutes: str | None, period: str | None, frequency: str | None) -> float:
    """The wait a document asks for: RSS 2.0 `ttl` in minutes, or `sy:updatePeriod` over `sy:updateFrequency`.

    The longer one if it says both; 0 if it says nothing usable.
    """
    ttl = float(ttl_minutes.strip()) * 60 if ttl_minutes and _NUMBER.fullmatch(ttl_minutes.strip()) else 0.0
    whole = _PERIODS.get((period or "").strip().lower(), 0.0)
    times = float(frequency.strip()) if frequency and _NUMBER.fullmatch(frequency.strip()) else 1.0
    return max(ttl, whole / max(times, 1.0))


def read_retry_after(stated: str | None, now: datetime) -> float | None:
    """Seconds to wait that a Retry-After header asks for: a number, or an HTTP date. None if it says nothing usable.

    The longest wait of a header that was sent several times.
    """
    if stated is None:
        return None
    dates = filter(None, map(_read_date, _parts(stated)))
    return max((*_waits(stated), *(max(0.0, (date - now).total_seconds()) for date in dates)), default=None)


def http_date(stated: str | None) -> datetime | None:
    """A date of RFC 9110 §5.6.7, or what people write for it; without a zone it is UTC. The first of several."""
    return next(filter(None, map(_read_date, _parts(stated))), None)


def _parts(stated: str | None) -> list[str]:
    return _JOINT.split(stated[:MAX_STATED_CHARACTERS].strip()) if stated else []


def _waits(stated: str | None) -> list[float]:
    return [float(match[1]) for part in _parts(stated) if (match := _SECONDS.fullmatch(part))]


def _read_date(stated: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(stated)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, TypeError):
        return None
