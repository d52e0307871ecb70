"""When a feed is polled next, and how it stands."""

from datetime import UTC, datetime, timedelta

import pytest

from schemas.feed import FeedState, FeedStatus
from schemas.reasons import Reason
from services.ingest.rhythm import News, habitual_minutes, next_habitual, stated_gap
from services.ingest.schedule import BLOCKED_AFTER, FAILING_AFTER, GONE_AFTER, PollOutcome, feed_status, schedule
from services.ingest.settings import ScheduleSettings

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
SETTINGS = ScheduleSettings(interval_seconds=600, jitter_share=0.1)
MIDDLE = 0.5
DAY, WEEK = 86_400, 604_800


def state(failures: int = 0, **fields: object) -> FeedState:
    made = FeedState(feed_id="f", home="h", url="https://h/", next_poll_at=NOW, failures_in_row=failures)
    return made.model_copy(update=fields)


def wait(
    before: FeedState, outcome: PollOutcome, settings: ScheduleSettings = SETTINGS, jitter: float = MIDDLE
) -> float:
    return (schedule(before, outcome, NOW, settings, jitter).next_poll_at - NOW).total_seconds()


@pytest.mark.parametrize(
    ("failures", "reason", "retry_after", "seconds"),
    [
        (0, Reason.TIMED_OUT, None, 600),
        (1, Reason.TIMED_OUT, None, 1_200),
        (3, Reason.SERVER_ERROR, None, 4_800),
        (20, Reason.SERVER_ERROR, None, DAY),
        (10_000, Reason.SERVER_ERROR, None, DAY),
        (0, Reason.NOT_FOUND, None, 2_400),
        (0, Reason.FORBIDDEN, None, 2_400),
        (1, Reason.FORBIDDEN, None, 4_800),
        (10_000, Reason.FORBIDDEN, None, DAY),
        (0, Reason.GONE, None, DAY),
        (GONE_AFTER - 1, Reason.GONE, None, WEEK),
        (10_000, Reason.GONE, None, WEEK),
        (0, Reason.RATE_LIMITED, "7200", 7_200),
        (0, Reason.SERVER_ERROR, "7200", 7_200),
        (0, Reason.RATE_LIMITED, "5", 600),
        (0, Reason.RATE_LIMITED, "9999999999", WEEK),
        (0, Reason.RATE_LIMITED, "Wed, 04 Mar 2026 14:00:00 GMT", 7_200),
        (0, Reason.RATE_LIMITED, "Wed, 04 Mar 2020 14:00:00 GMT", 600),
        (0, Reason.RATE_LIMITED, "soon", 600),
        (0, Reason.RATE_LIMITED, "-1", 600),
    ],
)
def test_failures_wait_longer_and_longer_but_never_for_good(
    failures: int, reason: Reason, retry_after: str | None, seconds: float
) -> None:
    assert wait(state(failures), PollOutcome(reason, retry_after)) == seconds


def test_a_failure_forgets_nothing_of_what_was_learned() -> None:
    before = state(interval_seconds=432.0, usual_minutes=(1, 2, 3))
    after = schedule(before, PollOutcome(Reason.TIMED_OUT), NOW, SETTINGS, MIDDLE)
    assert (after.interval_seconds, after.usual_minutes) == (432.0, (1, 2, 3))


def test_jitter_spreads_but_never_cuts_what_the_server_asked_for() -> None:
    assert wait(state(), PollOutcome(Reason.TIMED_OUT), jitter=0.0) == 540
    assert wait(state(), PollOutcome(Reason.RATE_LIMITED, "7200"), jitter=0.0) == 7_200
    assert wait(state(interval_seconds=600.0), PollOutcome(fresh_seconds=1_800), jitter=0.0) == 1_800


def test_next_poll_is_never_now() -> None:
    tight = ScheduleSettings(interval_seconds=0.001, max_interval_seconds=0.001, jitter_share=1)
    assert wait(state(), PollOutcome(), tight, 0.0) > 0


def learned(polls: list[int], between: float = 900.0) -> list[float]:
    """The intervals after polls that brought so many new articles each."""
    intervals = []
    before = state(last_document_at=NOW, last_success_at=NOW - timedelta(seconds=between))
    for new in polls:
        after = schedule(before, PollOutcome(news=News(new)), NOW, SETTINGS, MIDDLE)
        assert after.interval_seconds is not None
        intervals.append(after.interval_seconds)
        before = before.model_copy(update={"interval_seconds": after.interval_seconds})
    return intervals


def test_a_feed_without_news_is_polled_less_and_less_up_to_a_bound() -> None:
    intervals = learned([0] * 30)
    assert intervals == sorted(intervals)
    assert intervals[0] > SETTINGS.interval_seconds
    assert intervals[-1] == SETTINGS.max_interval_seconds


def test_a_feed_with_much_news_is_polled_more_and_more_down_to_a_bound() -> None:
    intervals = learned([10] * 30)
    assert intervals == sorted(intervals, reverse=True)
    assert intervals[-1] == SETTINGS.min_interval_seconds


def test_an_edit_alone_changes_no_interval() -> None:
    before = state(interval_seconds=700.0, last_document_at=NOW)
    assert schedule(before, PollOutcome(news=News(0, is_edited=True)), NOW, SETTINGS, 0.5).interval_seconds == 700.0


def test_a_first_document_is_judged_by_the_dates_it_states() -> None:
    hourly = tuple(NOW - timedelta(hours=hour) for hour in range(1, 31))
    monthly = tuple(NOW - timedelta(days=30 * month) for month in range(1, 11))
    assert wait(state(), PollOutcome(news=News(30, published=hourly))) == 1_800
    assert wait(state(), PollOutcome(news=News(10, published=monthly))) == SETTINGS.max_interval_seconds
    assert wait(state(), PollOutcome(news=News(30))) == SETTINGS.interval_seconds, "no dates, nothing learned"


def test_dates_in_the_future_count_for_nothing() -> None:
    assert stated_gap([NOW + timedelta(days=day) for day in range(1, 20)], NOW) is None


def test_a_feed_that_published_nothing_for_a_month_may_wait_a_day() -> None:
    quiet = state(interval_seconds=90_000.0, last_document_at=NOW, last_new_article_at=NOW - timedelta(days=31))
    assert wait(quiet, PollOutcome()) == DAY
    recent = quiet.model_copy(update={"last_new_article_at": NOW - timedelta(days=29)})
    assert wait(recent, PollOutcome()) == SETTINGS.max_interval_seconds


@pytest.mark.parametrize(
    ("interval", "fresh", "document", "seconds"),
    [
        (600.0, 0.0, 0.0, 690.0),  # a poll without news lengthens by 15 %
        (600.0, 1_000.0, 0.0, 1_000.0),
        (600.0, 10.0, 0.0, 690.0),
        (600.0, 31_536_000.0, 0.0, 3_600.0),  # believed up to an hour
        (600.0, 0.0, 1_200.0, 1_200.0),
        (600.0, 0.0, 604_800.0, 3_600.0),
        (600.0, 0.0, 3_000.0, 1_500.0),  # the feed was seen to be quicker than it says
        (7_000.0, 3_600.0, 3_600.0, 7_200.0),
    ],
)
def test_hints_lengthen_the_wait_within_bounds(interval: float, fresh: float, document: float, seconds: float) -> None:
    before = state(interval_seconds=interval, last_document_at=NOW)
    outcome = PollOutcome(fresh_seconds=fresh, document_seconds=document)
    assert wait(before, outcome) == pytest.approx(seconds)


def test_three_times_near_the_same_minute_are_a_habit_also_around_midnight() -> None:
    assert habitual_minutes([360, 365, 370]) == [370]
    assert habitual_minutes([360, 365]) == []
    assert habitual_minutes([360, 500, 900]) == []
    assert habitual_minutes([1_435, 2, 10]) == [10]
    assert habitual_minutes([360, 362, 364, 1_000, 1_001, 1_002]) == [364, 1_002]


def test_a_daily_feed_is_looked_at_soon_after_its_usual_time() -> None:
    minutes = (13 * 60, 13 * 60 + 2, 13 * 60 + 4)
    yesterday = NOW - timedelta(hours=23)
    look = next_habitual(minutes, yesterday, NOW, NOW + timedelta(hours=4))
    assert look == NOW.replace(hour=13, minute=9)
    assert next_habitual(minutes, yesterday, NOW, NOW + timedelta(minutes=30)) is None, (
        "it is polled before that anyway"
    )
    today = NOW.replace(hour=13, minute=3)
    later = NOW.replace(hour=13, minute=10)
    assert next_habitual(minutes, yesterday, later, later + timedelta(hours=4)) == NOW.replace(hour=13, minute=24)
    assert next_habitual(minutes, today, later, later + timedelta(hours=4)) is None, "today's news has come"


def test_the_schedule_keeps_the_habit_of_a_slow_feed() -> None:
    before = state(
        interval_seconds=7_200.0,
        last_document_at=NOW,
        last_new_article_at=NOW - timedelta(hours=23),
        usual_minutes=(12 * 60 + 40,) * 3,
    )
    after = schedule(before, PollOutcome(), NOW, SETTINGS, 0.0)
    assert after.next_poll_at == NOW + timedelta(minutes=45)
    with_news = schedule(before, PollOutcome(news=News(1)), NOW, SETTINGS, 0.0)
    assert with_news.usual_minutes[-1] == 12 * 60


@pytest.mark.parametrize(
    ("failures", "reason", "status"),
    [
        (9, None, FeedStatus.HEALTHY),
        (0, Reason.TIMED_OUT, FeedStatus.DEGRADED),
        (FAILING_AFTER - 2, Reason.TIMED_OUT, FeedStatus.DEGRADED),
        (FAILING_AFTER - 1, Reason.TIMED_OUT, FeedStatus.FAILING),
        (0, Reason.FORBIDDEN, FeedStatus.DEGRADED),
        (BLOCKED_AFTER - 1, Reason.FORBIDDEN, FeedStatus.BLOCKED),
        (BLOCKED_AFTER - 1, Reason.UNAUTHORISED, FeedStatus.BLOCKED),
        (BLOCKED_AFTER - 1, Reason.ROBOTS_DISALLOWED, FeedStatus.BLOCKED),
        (BLOCKED_AFTER - 1, Reason.BOT_CHALLENGE, FeedStatus.BLOCKED),
        (BLOCKED_AFTER - 1, Reason.LOGIN_WALL, FeedStatus.BLOCKED),
        (50, Reason.RATE_LIMITED, FeedStatus.BLOCKED),
        (0, Reason.GONE, FeedStatus.FAILING),
        (0, Reason.NOT_FOUND, FeedStatus.DEGRADED),
        (FAILING_AFTER - 1, Reason.NOT_FOUND, FeedStatus.FAILING),
    ],
)
def test_feed_status(failures: int, reason: Reason | None, status: FeedStatus) -> None:
    assert feed_status(state(failures), PollOutcome(reason)) is status


def test_a_feed_at_an_adopted_address_has_moved_while_it_answers() -> None:
    assert feed_status(state(), PollOutcome(), has_moved=True) is FeedStatus.MOVED
    assert feed_status(state(), PollOutcome(Reason.TIMED_OUT), has_moved=True) is FeedStatus.DEGRADED
