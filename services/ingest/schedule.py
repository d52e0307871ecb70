"""Decide when a feed is polled next and how it stands: state and outcome in, time and status out."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from schemas.feed import FeedState, FeedStatus
from schemas.reasons import Reason
from services.ingest.settings import ScheduleSettings

FAILING_AFTER = 5  # failures in a row; below it an outage is likely to be short
BLOCKED_BY = frozenset({Reason.UNAUTHORISED, Reason.FORBIDDEN, Reason.RATE_LIMITED})
_SECONDS = re.compile(r"[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class PollOutcome:
    """How one poll went. `reason` None is success: a document or a 304; `retry_after` is the header as sent."""

    reason: Reason | None = None
    retry_after: str | None = None


def next_poll_at(
    state: FeedState, outcome: PollOutcome, now: datetime, settings: ScheduleSettings, jitter: float
) -> datetime:
    """When to poll next, always later than `now`.

    `state` is the feed's state before this poll, `jitter` a number in [0, 1). A success waits one interval, the nth
    failure in a row 2**(n - 1) intervals up to `max_backoff_seconds`, a feed that is gone the longest of these. A
    Retry-After (RFC 9110 §10.2.3) can only lengthen the wait, and jitter never shortens what the server asked for.
    """
    spread = settings.jitter_share * (2 * jitter - 1)
    wait = _backoff_seconds(state, outcome, settings) * (1 + spread)
    asked = read_retry_after(outcome.retry_after, now)
    if asked is not None:
        wait = max(wait, min(asked, settings.max_retry_after_seconds))
    return now + timedelta(seconds=max(wait, 1.0))


def feed_status(state: FeedState, outcome: PollOutcome) -> FeedStatus:
    """How the feed stands after this poll; `state` is the one before it."""
    if outcome.reason is None:
        return FeedStatus.HEALTHY
    if outcome.reason in BLOCKED_BY:
        return FeedStatus.BLOCKED
    return FeedStatus.FAILING if state.failures_in_row + 1 >= FAILING_AFTER else FeedStatus.DEGRADED


def read_retry_after(stated: str | None, now: datetime) -> float | None:
    """Seconds to wait that a Retry-After header asks for: a number, or an HTTP date. None if it says nothing usable."""
    if stated is None:
        return None
    stated = stated.strip()
    if _SECONDS.fullmatch(stated):
        return float(stated)
    try:
        moment = parsedate_to_datetime(stated)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def _backoff_seconds(state: FeedState, outcome: PollOutcome, settings: ScheduleSettings) -> float:
    if outcome.reason is None:
        return settings.interval_seconds
    longest = max(settings.max_backoff_seconds, settings.interval_seconds)
    if outcome.reason is Reason.GONE:
        return longest
    doublings = min(state.failures_in_row, 32)  # more would only overflow
    return float(min(settings.interval_seconds * 2**doublings, longest))
