"""What runs have shown, kept as JSON: a row a case and a row a guard, each with its date. The page is made from it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from tests.faults.checker import Verdict, aborted_count
from tests.faults.history import History, broker_stall_seconds, longest_stall, takeover_seconds
from tests.faults.mutations import Mutation
from tests.faults.scenario import Result

_COUNTED = {"lost", "repeated", "out_of_order"}


@dataclass(frozen=True, slots=True)
class Row:
    """What came of a case. Seconds are the longest of their kind, 0 where nothing of the kind happened."""

    date: str
    case: str
    letter: str
    about: str
    seed: int
    brokers: int
    records: int
    lost: int
    repeated: int
    out_of_order: int
    aborted: int
    stall_seconds: float
    takeover_seconds: float
    broker_stall_seconds: float
    exit_seconds: float
    other: str

    @property
    def is_good(self) -> bool:
        return not (self.lost or self.repeated or self.out_of_order or self.other)


@dataclass(frozen=True, slots=True)
class Guard:
    """What its case found while a guard was taken out; an empty `found` means that nobody noticed."""

    date: str
    name: str
    guard: str
    case: str
    found: str


@dataclass(frozen=True, slots=True)
class Record:
    """By name, in the order in which they were first run."""

    rows: dict[str, Row] = field(default_factory=dict)
    guards: dict[str, Guard] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Empty if there is no such file."""
        if not path.exists():
            return cls()
        parts = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            {name: Row(**row) for name, row in parts["rows"].items()},
            {name: Guard(**guard) for name, guard in parts["guards"].items()},
            parts["skipped"],
        )

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def add_result(self, result: Result) -> Row:
        case = result.case
        return self._add(
            _row(case.name, case.letter, case.about, case.brokers, result.seed, result.history, result.verdict)
        )

    def add_embedded(self, name: str, about: str, seed: int, verdict: Verdict) -> Row:
        return self._add(_row(name, "k", about, 0, seed, History(), verdict))

    def add_guard(self, name: str, mutation: Mutation, verdict: Verdict) -> Guard:
        counted = {kind: found for kind, found in verdict.problems().items() if kind != "other"}
        found = ", ".join(part for part in (counts(counted), *verdict.other) if part)
        guard = Guard(today(), name, mutation.guard, mutation.case, found)
        self.guards[name] = guard
        return guard

    def skip(self, name: str, reason: str) -> None:
        """An earlier run's row stays."""
        if name not in self.rows:
            self.skipped[name] = reason

    def _add(self, row: Row) -> Row:
        self.skipped.pop(row.case, None)
        self.rows[row.case] = row
        return row


def counts(problems: Mapping[str, tuple[str, ...]]) -> str:
    return ", ".join(f"{len(found)} {name.replace('_', ' ')}" for name, found in problems.items())


def today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"


def _row(name: str, letter: str, about: str, brokers: int, seed: int, history: History, verdict: Verdict) -> Row:
    problems = verdict.problems()
    return Row(
        date=today(),
        case=name,
        letter=letter,
        about=about,
        seed=seed,
        brokers=brokers,
        records=len(history.committed),
        lost=len(verdict.lost),
        repeated=len(verdict.repeated),
        out_of_order=len(verdict.out_of_order),
        aborted=aborted_count(history),
        stall_seconds=longest_stall(history),
        takeover_seconds=takeover_seconds(history),
        broker_stall_seconds=broker_stall_seconds(history),
        exit_seconds=max(history.exit_seconds, default=0.0),
        other="; ".join(verdict.other) or counts({k: v for k, v in problems.items() if k not in _COUNTED}),
    )
