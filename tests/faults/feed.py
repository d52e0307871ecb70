"""What a case feeds, made from its seed, and what must become of it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from random import Random

from services.common.event_log.partitions import partition_of
from tests.faults.cases import Case
from tests.faults.checker import Event, Expected
from tests.faults.copier import OVERSIZE, POISON

KEYS_OF_A_PARTITION = 15
WARM_SHARE = 0.1  # fed at once, so that every partition is at work when the schedule begins
PADDING = "." * 200  # about the headline of an article


@dataclass(frozen=True, slots=True)
class Feed:
    """Lines for kcat, `key TAB text`."""

    lines: tuple[str, ...]

    @property
    def warm(self) -> int:
        """How many of the lines come first."""
        return round(len(self.lines) * WARM_SHARE)

    @property
    def expected(self) -> Expected:
        return expected_of(line.split("\t", 1) for line in self.lines)


def make_feed(case: Case, seed: int) -> Feed:
    """The numbers of a key rise by one; a line that is to be refused has a number of its own too."""
    chance = Random(f"feed/{seed}")
    keys = _even_keys(case.partitions)
    lines: list[str] = []
    numbers: Counter[str] = Counter()
    run = range(case.records // 2, case.records // 2 + case.brake_run)
    for place in range(case.records + case.brake_run):
        key = chance.choice(keys)
        numbers[key] += 1
        event_id = f"{key}:{numbers[key]}"
        kind = POISON if place in run else ""
        if case.poison_share and chance.random() < case.poison_share:
            kind = chance.choice((POISON, OVERSIZE))
        lines.append(f"{key}\t{kind} {event_id}" if kind else f"{key}\t{event_id} {PADDING}")
    return Feed(tuple(lines))


def expected_of(records: Iterable[Iterable[str]]) -> Expected:
    """What copiers must make of a source with these keys and texts: the nth record of a key is its event n."""
    events: dict[str, list[Event]] = {}
    refused: list[str] = []
    numbers: Counter[str] = Counter()
    for key, text in records:
        numbers[key] += 1
        first = text.split(maxsplit=1)[0]
        if first in {POISON, OVERSIZE}:
            refused.append(text)
        else:
            events.setdefault(key, []).append(Event(f"{key}:{numbers[key]}", f"{first} "))
    return Expected(events, tuple(refused))


def _even_keys(partitions: int) -> list[str]:
    """As many for each partition: one that seldom has a record would look like one that stands still."""
    keys: dict[int, list[str]] = {partition: [] for partition in range(partitions)}
    for number in count():
        if all(len(found) == KEYS_OF_A_PARTITION for found in keys.values()):
            break
        found = keys[partition_of(f"k{number}", partitions)]
        if len(found) < KEYS_OF_A_PARTITION:
            found.append(f"k{number}")
    return [key for found in keys.values() for key in found]
