"""Decide when a feed is polled next and how it stands: state and outcome in, time and status out."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.feed import FeedState, FeedStatus
from schemas.reasons import Reason
from services.ingest.hints import read_retry_after
from services.ingest.rhythm import News, kept_minutes, learned_interval, next_habitual
from services.ingest.settings import ScheduleSettings

HELD = frozenset({FeedStatus.PAUSED, FeedStatus.REMOVED})  # by an operator: not polled
FAILING_AFTER = 5  # failures in a row; below it an outage is likely to be short
BLOCKED_AFTER = 2  # refusals in a row: a single one is often a bad moment
GONE_AFTER = 3  # times in a row that a server says so
REFUSED_INTERVALS = 4  # a server that says no is not asked again as soon as one that failed
REFUSALS = frozenset(
    {Reason.UNAUTHORISED, Reason.FORBIDDEN, Reason.ROBOTS_DISALLOWED, Reason.BOT_CHALLENGE, Reason.LOGIN_WALL}
)
BLOCKED_BY = REFUSALS | {Reason.RATE_LIMITED, Reason.CREDENTIALS_MISSING}
SLOWLY = REFUSALS | {Reason.NOT_FOUND, Reason.CREDENTIALS_MISSING}
BELIED = 4  # a feed whose learned wait is so much shorter than what it states does not keep to it
HABIT_SPREAD_SECONDS = 240.0


@dataclass(frozen=True, slots=True)
class PollOutcome:
    """How one poll went. `reason` None is success: a document or a 304.

    `retry_after` is the header as sent, `fresh_seconds` what caching headers and `document_seconds` what the document
    asks for (see `hints`).
    """

    reason: Reason | None = None
    retry_after: str | None = None
    fresh_seconds: float = 0.0
    document_seconds: float = 0.0
    news: News = field(default_factory=News)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When to poll next, always later than now, and what was learned."""

    next_poll_at: datetime
    interval_seconds: float | None
    usual_minutes: tuple[int, ...]


def schedule(
    state: FeedState, outcome: PollOutcome, now: datetime, settings: ScheduleSettings, jitter: float
) -> Schedule:
    """Decide from the feed's state before this poll, and a number in [0, 1) that spreads feeds.

    A success waits the interval learned from what the feed publishes, but not less than hints ask for, up to
    `max_hint_seconds`; a feed with a habit is looked at when its news usually comes. The nth failure in a row waits
    2**(n - 1) intervals up to `max_backoff_seconds`; a feed that is gone, the longest. Retry-After (RFC 9110 §10.2.3)
    can only lengthen the wait, and jitter never shortens what the server asked for.
    """
    spread = 1 + settings.jitter_share * (2 * jitter - 1)
    if outcome.reason is not None:
        wait = max(_backoff_seconds(state, outcome.reason, settings) * spread, _asked_seconds(outcome, now, settings))
        return Schedule(_after(now, wait), state.interval_seconds, state.usual_minutes)
    interval = learned_interval(state, outcome.news, now, settings)
    minutes = kept_minutes(state, outcome.news, interval, now)
    floor = _hinted_seconds(outcome, interval, settings)
    at = _after(now, max(interval * spread, floor))
    last_news = now if outcome.news.new else state.last_new_article_at
    look = next_habitual(minutes, last_news, now, at)
    if look is not None:
        at = max(look + timedelta(seconds=HABIT_SPREAD_SECONDS * jitter), _after(now, floor))
    return Schedule(at, interval, minutes)


def feed_status(state: FeedState, outcome: PollOutcome, *, has_moved: bool = False) -> FeedStatus:
    """How the feed stands after this poll; `state` is the one before it."""
    if outcome.reason is None:
        return FeedStatus.MOVED if has_moved else FeedStatus.HEALTHY
    failures = state.failures_in_row + 1
    if outcome.reason in BLOCKED_BY and failures >= BLOCKED_AFTER:
        return FeedStatus.BLOCKED
    if outcome.reason is Reason.GONE or failures >= FAILING_AFTER:
        return FeedStatus.FAILING
    return FeedStatus.DEGRADED


def _after(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=max(seconds, 1.0))


def _backoff_seconds(state: FeedState, reason: Reason, settings: ScheduleSettings) -> float:
    longest = max(settings.max_backoff_seconds, settings.interval_seconds)
    if reason is Reason.GONE:
        return max(settings.gone_interval_seconds, longest) if state.failures_in_row + 1 >= GONE_AFTER else longest
    first = settings.interval_seconds * (REFUSED_INTERVALS if reason in SLOWLY else 1)
    doublings = min(state.failures_in_row, 32)  # more would only overflow
    return float(min(first * 2**doublings, longest))


def _asked_seconds(outcome: PollOutcome, now: datetime, settings: ScheduleSettings) -> float:
    return min(read_retry_after(outcome.retry_after, now) or 0.0, settings.max_retry_after_seconds)


def _hinted_seconds(outcome: PollOutcome, interval: float, settings: ScheduleSettings) -> float:
    """Caching headers are believed: earlier, a cache would answer. A document's own hint, until its feed belies it."""
    document = outcome.document_seconds
    if interval < document / BELIED:
        document /= 2
    return min(max(outcome.fresh_seconds, document), settings.max_hint_seconds)
