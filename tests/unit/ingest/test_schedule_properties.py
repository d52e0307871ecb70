"""The schedule as a function of any state, outcome and time."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from schemas.feed import FeedState
from schemas.reasons import Reason
from services.ingest.hints import document_seconds, fresh_seconds, read_retry_after
from services.ingest.rhythm import MINUTES_A_DAY, News, habitual_minutes
from services.ingest.schedule import HABIT_SPREAD_SECONDS, PollOutcome, schedule
from services.ingest.settings import ScheduleSettings

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
OPTIONAL = st.none() | MOMENTS
SECONDS = st.floats(0, 1e9)
JITTER = st.floats(0, 1, exclude_max=True)
SETTINGS = st.builds(
    ScheduleSettings,
    interval_seconds=st.floats(0.01, 1e6),
    min_interval_seconds=st.floats(0.01, 1e6),
    max_interval_seconds=st.floats(0.01, 1e6),
    jitter_share=st.floats(0, 1),
)
STATES = st.builds(
    FeedState,
    feed_id=st.just("f"),
    home=st.just("h"),
    url=st.just("https://h/"),
    next_poll_at=MOMENTS,
    last_success_at=OPTIONAL,
    last_document_at=OPTIONAL,
    last_new_article_at=OPTIONAL,
    failures_in_row=st.integers(0, 10**6),
    interval_seconds=st.none() | st.floats(0.001, 1e9),
    usual_minutes=st.lists(st.integers(0, MINUTES_A_DAY - 1), max_size=8).map(tuple),
)
NEWS = st.builds(News, st.integers(0, 2_000), st.booleans(), st.lists(MOMENTS, max_size=20).map(tuple))
HEADERS = st.dictionaries(
    st.sampled_from(["cache-control", "expires", "date", "age", "retry-after"]),
    st.text(max_size=40)
    | st.sampled_from(["max-age=600", "max-age=-1", "no-cache", "0", "Wed, 04 Mar 2026 14:00:00 GMT"]),
)
SUCCESSES = st.builds(PollOutcome, st.none(), st.none(), SECONDS, SECONDS, NEWS)
FAILURES = st.builds(PollOutcome, st.sampled_from(Reason), st.none() | st.text(max_size=40))


@given(STATES, SUCCESSES | FAILURES, MOMENTS, SETTINGS, JITTER)
def test_the_next_poll_is_later_than_now_and_never_given_up(
    state: FeedState, outcome: PollOutcome, now: datetime, settings: ScheduleSettings, jitter: float
) -> None:
    plan = schedule(state, outcome, now, settings, jitter)
    longest = max(value for value in settings.model_dump().values() if isinstance(value, float))
    assert timedelta(0) < plan.next_poll_at - now <= timedelta(seconds=2 * longest + HABIT_SPREAD_SECONDS + 1)


@given(STATES, SUCCESSES, MOMENTS, SETTINGS, JITTER)
def test_the_learned_interval_is_within_its_bounds(
    state: FeedState, outcome: PollOutcome, now: datetime, settings: ScheduleSettings, jitter: float
) -> None:
    interval = schedule(state, outcome, now, settings, jitter).interval_seconds
    assert interval is not None
    low = min(settings.min_interval_seconds, settings.interval_seconds)
    assert low <= interval <= max(low, settings.max_interval_seconds, settings.max_idle_interval_seconds)


@given(STATES, SUCCESSES | FAILURES, MOMENTS, SETTINGS, JITTER)
def test_the_same_is_decided_from_the_same(
    state: FeedState, outcome: PollOutcome, now: datetime, settings: ScheduleSettings, jitter: float
) -> None:
    assert schedule(state, outcome, now, settings, jitter) == schedule(state, outcome, now, settings, jitter)


@given(STATES, st.integers(0, 604_800), MOMENTS, JITTER)
def test_what_a_server_asks_for_is_never_cut(state: FeedState, seconds: int, now: datetime, jitter: float) -> None:
    outcome = PollOutcome(Reason.RATE_LIMITED, str(seconds))
    plan = schedule(state, outcome, now, ScheduleSettings(), jitter)
    assert plan.next_poll_at - now >= timedelta(seconds=seconds)


@given(STATES, SUCCESSES, MOMENTS, JITTER, st.integers(1, 2_000))
def test_more_news_never_means_fewer_polls(
    state: FeedState, outcome: PollOutcome, now: datetime, jitter: float, more: int
) -> None:
    known = state.model_copy(update={"last_document_at": now, "usual_minutes": ()})
    settings = ScheduleSettings()
    some = schedule(known, PollOutcome(news=News(outcome.news.new)), now, settings, jitter)
    much = schedule(known, PollOutcome(news=News(outcome.news.new + more)), now, settings, jitter)
    assert much.interval_seconds is not None
    assert some.interval_seconds is not None
    assert much.interval_seconds <= some.interval_seconds * (1 + 1e-9)


@given(HEADERS, MOMENTS)
def test_any_header_is_a_number_of_seconds(headers: dict[str, str], now: datetime) -> None:
    assert fresh_seconds(headers, now) >= 0
    asked = read_retry_after(headers.get("retry-after"), now)
    assert asked is None or asked >= 0


@given(st.none() | st.text(max_size=20), st.none() | st.text(max_size=20), st.none() | st.text(max_size=20))
def test_any_hint_of_a_document_is_a_number_of_seconds(ttl: str | None, period: str | None, times: str | None) -> None:
    assert document_seconds(ttl, period, times) >= 0


@given(st.lists(st.integers(0, MINUTES_A_DAY - 1), max_size=8))
def test_habits_are_minutes_of_the_day(minutes: list[int]) -> None:
    assert set(habitual_minutes(minutes)) <= set(minutes)
