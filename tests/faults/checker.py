"""What was served against what was seen: lost, repeated, out of order, aborted records seen. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.faults.history import History, Seen

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Event:
    """An event that the target must hold once. `content` is a text its record must contain."""

    event_id: str
    content: str = ""


@dataclass(frozen=True, slots=True)
class Expected:
    """By key the events in their order. With `edits_may_merge` only the first event and the last content are sure:
    an edit that comes between two polls is part of the first event."""

    events: Mapping[str, Sequence[Event]]
    dead_letters: tuple[str, ...] = ()
    edits_may_merge: bool = False

    @property
    def count(self) -> int:
        return sum(map(len, self.events.values()))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Counts by kind of problem, and a few examples of each."""

    lost: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    out_of_order: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    wrong_content: tuple[str, ...] = ()
    aborted_seen: tuple[str, ...] = ()
    dead_letters: tuple[str, ...] = ()
    other: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        return not self.problems()

    def problems(self) -> dict[str, tuple[str, ...]]:
        return {name: found for name in self.__dataclass_fields__ if (found := getattr(self, name))}

    def __str__(self) -> str:
        parts = [
            f"{len(found)} {name.replace('_', ' ')}: {', '.join(found[:SHOWN])}{', …' if len(found) > SHOWN else ''}"
            for name, found in self.problems().items()
        ]
        return "; ".join(parts) or "0 lost, 0 repeated, 0 out of order"


def check(expected: Expected, history: History) -> Verdict:
    """Everything that is wrong with a run."""
    by_key: dict[str, list[Seen]] = {}
    for seen in sorted(history.committed, key=lambda seen: seen.place):
        by_key.setdefault(seen.key, []).append(seen)
    times = Counter(seen.event_id for seen in history.committed)
    known = {event.event_id: event for events in expected.events.values() for event in events}
    return Verdict(
        lost=tuple(_lost(expected, by_key)),
        repeated=tuple(sorted(event_id for event_id, count in times.items() if count > 1)),
        out_of_order=tuple(_out_of_order(expected, by_key)),
        unexpected=tuple(sorted(times.keys() - known.keys())),
        wrong_content=tuple(
            f"{seen.event_id} at {seen.partition}:{seen.offset}"
            for seen in history.committed
            if seen.event_id in known
            and not expected.edits_may_merge
            and known[seen.event_id].content not in seen.content
        ),
        aborted_seen=tuple(_aborted_seen(history)),
        dead_letters=tuple(_differences(expected.dead_letters, history.dead_letters)),
        other=() if history.drained else ("the backlog was not drained in time",),
    )


def aborted_count(history: History) -> int:
    """Records that were written and must not be seen: shows that a run was a test at all."""
    return len({seen.place for seen in history.uncommitted} - {seen.place for seen in history.committed})


def _lost(expected: Expected, by_key: Mapping[str, Sequence[Seen]]) -> Iterable[str]:
    for key, events in expected.events.items():
        there = {seen.event_id for seen in by_key.get(key, ())}
        if not expected.edits_may_merge:
            yield from (event.event_id for event in events if event.event_id not in there)
        elif events[0].event_id not in there:
            yield events[0].event_id
        elif events[-1].content not in by_key[key][-1].content:
            yield f"the last content of {key}"


def _out_of_order(expected: Expected, by_key: Mapping[str, Sequence[Seen]]) -> Iterable[str]:
    for key, records in by_key.items():
        if len({seen.partition for seen in records}) > 1:
            yield f"{key} is in several partitions"
        ranks = {event.event_id: rank for rank, event in enumerate(expected.events.get(key, ()))}
        order = list(dict.fromkeys(seen.event_id for seen in records if seen.event_id in ranks))
        if order != sorted(order, key=lambda event_id: ranks[event_id]):
            yield key


def _aborted_seen(history: History) -> Iterable[str]:
    """A follower may see only what stays, and nobody what `read_uncommitted` does not have."""
    committed = {seen.place for seen in history.committed}
    for seen in history.live:
        if seen.place not in committed:
            yield f"{seen.event_id} at {seen.partition}:{seen.offset} was seen and is gone"
    uncommitted = {seen.place: seen.event_id for seen in history.uncommitted}
    for seen in history.committed:
        if uncommitted and uncommitted.get(seen.place) != seen.event_id:
            yield f"{seen.event_id} at {seen.partition}:{seen.offset} was never written"


def _differences(wanted: Sequence[str], found: Sequence[str]) -> Iterable[str]:
    wanted_times, found_times = Counter(wanted), Counter(found)
    for name in sorted(wanted_times | found_times):
        if wanted_times[name] != found_times[name]:
            yield f"{name} {found_times[name]} times instead of {wanted_times[name]}"
