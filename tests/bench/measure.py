"""CPU time per article, ours against the obvious way, in one process and one run."""

import time
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Row:
    """Microseconds of CPU per article; `obvious` None where there is no other way to compare with."""

    step: str
    ours: float
    obvious: float | None
    note: str


def cpu_microseconds(work: Callable[[], object], articles: int, rounds: int = ROUNDS) -> float:
    """Median over rounds, after one that is not counted."""
    work()
    taken = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return sorted(taken)[rounds // 2] / articles * 1e6


def table(rows: list[Row]) -> str:
    """Markdown."""
    lines = ["| step | ours, CPU µs an article | obvious way | ratio | |", "| --- | --- | --- | --- | --- |"]
    for row in rows:
        obvious = "" if row.obvious is None else f"{row.obvious:,.0f}"
        ratio = "" if row.obvious is None else f"{row.obvious / row.ours:.1f}×"
        lines.append(f"| {row.step} | {row.ours:,.0f} | {obvious} | {ratio} | {row.note} |")
    return "\n".join(lines)
