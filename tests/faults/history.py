"""What was done to a run and what came of it, with the moments: values for the checker and for the report."""

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.faults.schedule import Act, Action


@dataclass(frozen=True, slots=True)
class Seen:
    """A record of the target as a client that is not ours saw it. `at_seconds`: when a follower had it."""

    partition: int
    offset: int
    key: str
    event_id: str
    content: str
    at_seconds: float = 0.0

    @property
    def place(self) -> tuple[int, int]:
        return self.partition, self.offset


@dataclass(frozen=True, slots=True)
class Done:
    """An action as it happened; `took_seconds` until what it asks for was so (an exit, a broker that is back)."""

    at_seconds: float
    action: Action
    took_seconds: float = 0.0
    note: str = ""


@dataclass
class History:
    """Of one run, in seconds since its start."""

    done: list[Done] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    live: list[Seen] = field(default_factory=list)
    committed: list[Seen] = field(default_factory=list)
    uncommitted: list[Seen] = field(default_factory=list)
    dead_letters: list[str] = field(default_factory=list)
    drained: bool = False
    exit_seconds: list[float] = field(default_factory=list)
    ended_at_seconds: float = 0.0

    def to_text(self) -> str:
        """One line an action, for people and for the file that a failed run leaves."""
        lines = [
            json.dumps(
                {"at": round(d.at_seconds, 2), "did": str(d.action), "took": round(d.took_seconds, 2)}
                | ({"note": d.note} if d.note else {})
            )
            for d in self.done
        ]
        return "\n".join([*lines, *self.crashes])

    def arrivals(self) -> str:
        """A line each: moment, place, event id."""
        return "\n".join(f"{seen.at_seconds:7.2f} {seen.partition}:{seen.offset} {seen.event_id}" for seen in self.live)


_ENDING = {Act.KILL, Act.TERM, Act.STOP, Act.BLOCK}
_OF_BROKERS = {Act.KILL_BROKER, Act.STOP_BROKER}


def longest_stall(history: History) -> float:
    """Seconds between two arrivals on the whole target, before the last one."""
    return _longest_gap(sorted(seen.at_seconds for seen in history.live))


def takeover_seconds(history: History) -> float:
    """The longest time for which a partition stood still around the end of a worker."""
    return max((_stall_around(history, done) for done in history.done if done.action.act in _ENDING), default=0.0)


def broker_stall_seconds(history: History) -> float:
    """The longest time for which the whole target stood still around the end of a broker."""
    arrivals = sorted(seen.at_seconds for seen in history.live)
    return max(
        (_gap_over(arrivals, done.at_seconds) for done in history.done if done.action.act in _OF_BROKERS), default=0.0
    )


def _stall_around(history: History, done: Done) -> float:
    by_partition: dict[int, list[float]] = {}
    for seen in history.live:
        by_partition.setdefault(seen.partition, []).append(seen.at_seconds)
    return max((_gap_over(sorted(arrivals), done.at_seconds) for arrivals in by_partition.values()), default=0.0)


def _gap_over(arrivals: Sequence[float], at_seconds: float) -> float:
    """The longest gap that begins within a second before the moment or three seconds after it."""
    gaps = [
        after - before for before, after in itertools.pairwise(arrivals) if at_seconds - 1 <= before <= at_seconds + 3
    ]
    return max(gaps, default=0.0)


def _longest_gap(arrivals: Sequence[float]) -> float:
    return max((after - before for before, after in itertools.pairwise(arrivals)), default=0.0)
