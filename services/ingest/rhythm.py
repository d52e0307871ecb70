"""Learn how often a feed publishes, and at which time of day: state and news in, interval and usual minutes out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.feed import FeedState
from services.ingest.settings import ScheduleSettings

POLLS_A_GAP = 2.0  # a feed is polled about this often for each article it brings
# Chosen in tests/bench/schedule_simulation.py: quicker steps waste polls on chance, slower ones miss bursts.
LENGTHEN = 1.15  # after a poll that brought nothing
STEP = 0.3  # how far, on a scale of ratios, news moves the wait to the wanted one
IDLE_AFTER = timedelta(days=30)
DATES_COUNTED = 10
KEPT_MINUTES = 8
NEAR_MINUTES = 20
USUAL_TIMES = 3  # of the kept ones, near each other: then it is a habit
SLOW_SECONDS = 3_600.0  # a quicker feed is polled often enough whatever the hour
AFTER_MINUTES = (5, 20, 60)  # when to look for news that usually comes at a minute of the day
MINUTES_A_DAY = 1_440


@dataclass(frozen=True, slots=True)
class News:
    """What a successful poll brought; `published` are the stated dates of its new articles."""

    new: int = 0
    is_edited: bool = False
    published: tuple[datetime, ...] = ()


def learned_interval(state: FeedState, news: News, now: datetime, settings: ScheduleSettings) -> float:
    """The wait that suits the feed, in seconds, between the bounds of the settings.

    News moves it towards half the mean gap between articles, a poll without lengthens it, and an edit alone leaves it.
    A first document is judged by the dates it states.
    """
    low, high = bounds(state, now, settings)
    interval = state.interval_seconds or settings.interval_seconds
    if state.last_document_at is None and news.new:
        gap = stated_gap(news.published, now)
        interval = settings.interval_seconds if gap is None else gap / POLLS_A_GAP
    elif news.new:
        since = (now - (state.last_success_at or now)).total_seconds()
        # After an outage it was long since the last look: that says nothing of the feed.
        wanted = min(max(since, interval) / news.new / POLLS_A_GAP, interval)
        interval = float(interval ** (1 - STEP) * max(wanted, 1.0) ** STEP)
    elif not news.is_edited:
        interval *= LENGTHEN
    return min(max(interval, low), high)


def bounds(state: FeedState, now: datetime, settings: ScheduleSettings) -> tuple[float, float]:
    """Shortest and longest wait for a feed that answers; one that has published nothing for long may wait longest."""
    low = min(settings.min_interval_seconds, settings.interval_seconds)
    last = state.last_new_article_at
    is_idle = last is not None and now - last > IDLE_AFTER
    longest = settings.max_idle_interval_seconds if is_idle else settings.max_interval_seconds
    return low, max(longest, low)


def stated_gap(published: Iterable[datetime], now: datetime) -> float | None:
    """Mean seconds between the newest of these dates up to now; None if there are too few to tell."""
    dates = sorted(moment for moment in published if moment <= now)[-DATES_COUNTED:]
    if len(dates) < USUAL_TIMES:
        return None
    return (now - dates[0]).total_seconds() / len(dates)


def kept_minutes(state: FeedState, news: News, interval: float, now: datetime) -> tuple[int, ...]:
    """The minutes of the day at which news came last, with this poll's; unchanged for feeds that need none."""
    if not news.new or interval < SLOW_SECONDS or state.last_document_at is None:
        return state.usual_minutes
    recent = [moment for moment in news.published if now - timedelta(days=1) < moment <= now]
    newest = max(recent, default=now)
    return (*state.usual_minutes, newest.hour * 60 + newest.minute)[-KEPT_MINUTES:]


def habitual_minutes(minutes: Sequence[int]) -> list[int]:
    """Of each group of minutes near each other that is a habit, the latest."""
    latest = set()
    for minute in minutes:
        offsets = [(other - minute + MINUTES_A_DAY // 2) % MINUTES_A_DAY - MINUTES_A_DAY // 2 for other in minutes]
        near = [offset for offset in offsets if abs(offset) <= NEAR_MINUTES]
        if len(near) >= USUAL_TIMES:
            latest.add((minute + max(near)) % MINUTES_A_DAY)
    return sorted(latest)


def next_habitual(
    minutes: Sequence[int], last_news: datetime | None, now: datetime, until: datetime
) -> datetime | None:
    """The first time after `now` and before `until` to look for news of the habit that has not come yet."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    looks = []
    for minute in habitual_minutes(minutes):
        for day in (-1, 0, 1):
            usual = midnight + timedelta(days=day, minutes=minute)
            has_come = last_news is not None and last_news > usual - timedelta(minutes=2 * NEAR_MINUTES)
            if not has_come:
                looks += [usual + timedelta(minutes=after) for after in AFTER_MINUTES]
    return min((look for look in looks if now < look < until), default=None)
