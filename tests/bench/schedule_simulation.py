"""Polls per new article and delay from publication over synthetic publishers: our schedule against fixed intervals."""

import random
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from schemas.feed import FeedState
from schemas.reasons import Reason
from services.ingest.rhythm import News
from services.ingest.schedule import PollOutcome, schedule
from services.ingest.settings import ScheduleSettings

START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
DAYS = 28
COUNTED_FROM = START + timedelta(days=7)  # by then the schedule has learned what there is to learn
END = START + timedelta(days=DAYS)
FEEDS = 10  # of each publisher, each with its own times
WINDOW = 30  # articles a document holds
FIXED_SECONDS = (300, 900, 3_600)
OURS = "adaptive"
EVERYBODY = "all of these"


@dataclass(frozen=True, slots=True)
class Publisher:
    """`publishes` gives the times of a feed's articles; the rest is what its server says beside them."""

    name: str
    publishes: Callable[[random.Random], Iterator[datetime]]
    fresh_seconds: float = 0.0
    ttl_seconds: float = 0.0
    failure: Reason | None = None


@dataclass(frozen=True, slots=True)
class SimulationRow:
    """`polls_per_article` is None where nothing was published; delays are minutes; `lost` were never seen."""

    publisher: str
    policy: str
    polls_per_day: float
    polls_per_article: float | None
    mean_delay: float | None
    p90_delay: float | None
    lost: int


def _steady(per_day: float) -> Callable[[random.Random], Iterator[datetime]]:
    def times(chance: random.Random) -> Iterator[datetime]:
        at = START
        while True:
            at += timedelta(days=chance.expovariate(per_day))
            yield at

    return times


def _daily(chance: random.Random) -> Iterator[datetime]:
    """One article a day within a quarter of an hour of the same time."""
    hour = chance.uniform(0, 24)
    for day in range(DAYS + 1):
        yield START + timedelta(days=day, hours=hour, minutes=chance.uniform(-7, 7))


def _office(chance: random.Random) -> Iterator[datetime]:
    """Every half hour or so on weekdays from 8 to 18, and nothing else."""
    for at in _steady(48.0)(chance):
        if at.weekday() < 5 and 8 <= at.hour < 18:
            yield at


def _bursty(chance: random.Random) -> Iterator[datetime]:
    """Bursts of ten articles two minutes apart, about twice a day."""
    for begin in _steady(2.0)(chance):
        yield from (begin + timedelta(minutes=2 * number) for number in range(10))


def _silent(_: random.Random) -> Iterator[datetime]:
    """Nothing after the first week's article: yields just that."""
    yield START + timedelta(hours=1)


PUBLISHERS = (
    Publisher("wire, 200 a day", _steady(200.0)),
    Publisher("paper, 24 a day", _steady(24.0)),
    Publisher("blog, 1 a day at any time", _steady(1.0)),
    Publisher("daily, at its hour", _daily),
    Publisher("office hours", _office),
    Publisher("bursty", _bursty),
    Publisher("silent", _silent),
    Publisher("gone (410)", _silent, failure=Reason.GONE),
    Publisher("failing (503)", _silent, failure=Reason.SERVER_ERROR),
    Publisher("lying: ttl of a week, 24 a day", _steady(24.0), ttl_seconds=604_800.0),
    Publisher("lying: max-age of a year, 24 a day", _steady(24.0), fresh_seconds=31_536_000.0),
)


def simulation_rows() -> list[SimulationRow]:
    """A row for each publisher and policy, and for all publishers together, of the same articles. Deterministic."""
    policies = (OURS, *map(_fixed_name, FIXED_SECONDS))
    runs = {
        (publisher.name, policy): _run(publisher, policy, range(FEEDS))
        for publisher in PUBLISHERS
        for policy in policies
    }
    rows = [_row(name, policy, [run]) for (name, policy), run in runs.items()]
    for policy in policies:
        rows.append(_row(EVERYBODY, policy, [runs[publisher.name, policy] for publisher in PUBLISHERS]))
    return rows


def _fixed_name(seconds: int) -> str:
    return f"fixed {seconds // 60} min"


@dataclass(frozen=True, slots=True)
class _Run:
    feeds: int
    polls: int
    delays: list[float]
    lost: int


def _run(publisher: Publisher, policy: str, numbers: range) -> _Run:
    polls, delays, lost = 0, list[float](), 0
    for number in numbers:
        seed = f"{publisher.name} {number}"
        articles = sorted(_until_end(publisher.publishes(random.Random(seed))))
        times = (
            _adaptive(publisher, articles, random.Random(seed))
            if policy == OURS
            else _fixed(int(policy.split()[1]) * 60, random.Random(seed))
        )
        more_polls, more_delays, more_lost = _seen(publisher, articles, times)
        polls, lost = polls + more_polls, lost + more_lost
        delays += more_delays
    return _Run(len(numbers), polls, delays, lost)


def _row(name: str, policy: str, runs: Sequence[_Run]) -> SimulationRow:
    delays = sorted(delay for run in runs for delay in run.delays)
    polls = sum(run.polls for run in runs)
    return SimulationRow(
        publisher=name,
        policy=policy,
        polls_per_day=polls / (END - COUNTED_FROM).days / sum(run.feeds for run in runs),
        polls_per_article=polls / len(delays) if delays else None,
        mean_delay=sum(delays) / len(delays) if delays else None,
        p90_delay=delays[int(len(delays) * 0.9)] if delays else None,
        lost=sum(run.lost for run in runs),
    )


def _until_end(times: Iterator[datetime]) -> Iterator[datetime]:
    for at in times:
        if at >= END:
            return
        yield at


def _fixed(seconds: int, chance: random.Random) -> Iterator[datetime]:
    at = START + timedelta(seconds=chance.uniform(0, seconds))
    while at < END:
        yield at
        at += timedelta(seconds=seconds)


def _adaptive(publisher: Publisher, articles: Sequence[datetime], chance: random.Random) -> Iterator[datetime]:
    """The times of polls as the service would make them: each from the state the poll before left."""
    settings = ScheduleSettings()
    state = FeedState(feed_id="f", home="h", url="https://h/", next_poll_at=START)
    at, seen = START + timedelta(seconds=chance.uniform(0, settings.interval_seconds)), 0
    while at < END:
        yield at
        here = bisect_right(articles, at)
        new = articles[max(seen, here - WINDOW) : here]
        outcome = PollOutcome(
            reason=publisher.failure,
            fresh_seconds=publisher.fresh_seconds,
            document_seconds=publisher.ttl_seconds,
            news=News(len(new), published=tuple(new)),
        )
        plan = schedule(state, outcome, at, settings, chance.random())
        update: dict[str, object] = {
            "interval_seconds": plan.interval_seconds,
            "usual_minutes": plan.usual_minutes,
            "failures_in_row": state.failures_in_row + 1,
        }
        if publisher.failure is None:
            update |= {"failures_in_row": 0, "last_success_at": at}
            update |= {"last_document_at": at, "last_new_article_at": at} if new else {}
        state = state.model_copy(update=update)
        at, seen = plan.next_poll_at, here


def _seen(
    publisher: Publisher, articles: Sequence[datetime], times: Iterator[datetime]
) -> tuple[int, list[float], int]:
    """Polls, delays in minutes and lost articles, of what happened once counting began."""
    polls, delays, lost, seen = 0, list[float](), 0, 0
    for at in times:
        polls += at >= COUNTED_FROM
        if publisher.failure is not None:
            continue
        here = bisect_right(articles, at)
        lost += sum(article >= COUNTED_FROM for article in articles[seen : max(seen, here - WINDOW)])
        found = articles[max(seen, here - WINDOW) : here]
        delays += [(at - article).total_seconds() / 60 for article in found if article >= COUNTED_FROM]
        seen = here
    return polls, delays, lost


def simulation_table(rows: Sequence[SimulationRow]) -> str:
    """Markdown."""
    lines = [
        "| publisher | policy | polls a day | polls per new article | mean delay, min | p90 delay, min | lost |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        numbers = (row.polls_per_article, row.mean_delay, row.p90_delay)
        cells = ("" if number is None else f"{number:,.1f}" for number in numbers)
        lines.append(
            f"| {row.publisher} | {row.policy} | {row.polls_per_day:,.1f} | {' | '.join(cells)} | {row.lost} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print(simulation_table(simulation_rows()))
