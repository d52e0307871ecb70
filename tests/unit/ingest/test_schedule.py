"""When a feed is polled next, and how it stands."""

from datetime import UTC, datetime, timedelta

import pytest

from schemas.feed import FeedState, FeedStatus
from schemas.reasons import Reason
from services.ingest.schedule import FAILING_AFTER, PollOutcome, feed_status, next_poll_at, read_retry_after
from services.ingest.settings import ScheduleSettings

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
SETTINGS = ScheduleSettings(interval_seconds=600, jitter_share=0.1)
MIDDLE = 0.5


def state(failures: int = 0) -> FeedState:
    return FeedState(feed_id="f", home="h", url="https://h/", next_poll_at=NOW, failures_in_row=failures)


@pytest.mark.parametrize(
    ("failures", "reason", "retry_after", "seconds"),
    [
        (0, None, None, 600),
        (7, None, None, 600),
        (0, Reason.TIMED_OUT, None, 600),
        (1, Reason.TIMED_OUT, None, 1_200),
        (3, Reason.SERVER_ERROR, None, 4_800),
        (20, Reason.SERVER_ERROR, None, 86_400),
        (10_000, Reason.SERVER_ERROR, None, 86_400),
        (0, Reason.GONE, None, 86_400),
        (0, Reason.RATE_LIMITED, "7200", 7_200),
        (0, Reason.RATE_LIMITED, "5", 600),
        (0, Reason.RATE_LIMITED, "99999999", 604_800),
        (0, Reason.RATE_LIMITED, "Wed, 04 Mar 2026 14:00:00 GMT", 7_200),
        (0, Reason.RATE_LIMITED, "Wed, 04 Mar 2020 14:00:00 GMT", 600),
        (0, Reason.RATE_LIMITED, "soon", 600),
        (0, Reason.RATE_LIMITED, "-1", 600),
    ],
)
def test_next_poll(failures: int, reason: Reason | None, retry_after: str | None, seconds: float) -> None:
    due = next_poll_at(state(failures), PollOutcome(reason, retry_after), NOW, SETTINGS, MIDDLE)
    assert due == NOW + timedelta(seconds=seconds)


def test_jitter_spreads_but_never_cuts_what_the_server_asked_for() -> None:
    early = next_poll_at(state(), PollOutcome(), NOW, SETTINGS, 0.0)
    asked = next_poll_at(state(), PollOutcome(Reason.RATE_LIMITED, "7200"), NOW, SETTINGS, 0.0)
    assert early == NOW + timedelta(seconds=540)
    assert asked == NOW + timedelta(seconds=7_200)


def test_next_poll_is_never_now() -> None:
    tight = ScheduleSettings(interval_seconds=0.001, jitter_share=1)
    assert next_poll_at(state(), PollOutcome(), NOW, tight, 0.0) > NOW


def test_retry_after_of_an_impossible_date_says_nothing() -> None:
    assert read_retry_after("Wed, 99 Mar 2026 14:00:00 GMT", NOW) is None


@pytest.mark.parametrize(
    ("failures", "reason", "status"),
    [
        (9, None, FeedStatus.HEALTHY),
        (0, Reason.TIMED_OUT, FeedStatus.DEGRADED),
        (FAILING_AFTER - 2, Reason.TIMED_OUT, FeedStatus.DEGRADED),
        (FAILING_AFTER - 1, Reason.TIMED_OUT, FeedStatus.FAILING),
        (0, Reason.FORBIDDEN, FeedStatus.BLOCKED),
        (0, Reason.UNAUTHORISED, FeedStatus.BLOCKED),
        (50, Reason.RATE_LIMITED, FeedStatus.BLOCKED),
    ],
)
def test_feed_status(failures: int, reason: Reason | None, status: FeedStatus) -> None:
    assert feed_status(state(failures), PollOutcome(reason)) is status
