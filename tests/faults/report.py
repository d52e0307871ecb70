"""`docs/reliability.md`: what was run, when, on what, and what came of it. Values in, text out."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path

from tests.faults.processes import ROOT
from tests.faults.record import Guard, Record, Row

PAGE = ROOT / "docs" / "reliability.md"
DATA = ROOT / "docs" / "reliability.json"
BEGIN, END = "<!-- begin: written by `make faults` -->", "<!-- end: written by `make faults` -->"


def machine() -> str:
    """Size of this machine in a line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


def section(record: Record) -> str:
    """What the page has between its marks."""
    rows = list(record.rows.values())
    total = f"{sum(row.records for row in rows):,} records, {sum(row.aborted for row in rows):,} more aborted"
    found = [sum(row.lost for row in rows), sum(row.repeated for row in rows), sum(row.out_of_order for row in rows)]
    parts = [
        f"{machine()}. In all: {total}; {found[0]} lost, {found[1]} repeated, {found[2]} out of order.",
        _table(_MATRIX, [_cells(row) for row in rows]),
    ]
    parts += [f"- `{name}` was skipped: {reason}" for name, reason in record.skipped.items()]
    if record.guards:
        parts.append("## Without its guard\n\nEach guard is taken out in turn, and its case must go red.")
        parts.append(_table(_GUARDS, [_guard_cells(guard) for guard in record.guards.values()]))
    return "\n\n".join(parts)


def write(text: str, page: Path = PAGE) -> None:
    """Replace what is between the marks; what people wrote around them stays."""
    whole = page.read_text(encoding="utf-8")
    before, _, rest = whole.partition(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


_MATRIX = (
    *("", "case", "date", "seed", "brokers", "records", "lost", "repeated", "out of order", "aborted"),
    *("longest stall", "takeover", "broker stall", "SIGTERM to exit", "other"),
)
_GUARDS = ("guard", "without it", "date", "case", "found")


def _cells(row: Row) -> Sequence[object]:
    seconds = (row.stall_seconds, row.takeover_seconds, row.broker_stall_seconds, row.exit_seconds)
    return [
        *(row.letter, f"`{row.case}`: {row.about}", row.date, row.seed, row.brokers or "", row.records or ""),
        *(row.lost, row.repeated, row.out_of_order, row.aborted or ""),
        *(f"{value:.1f} s" if value else "" for value in seconds),
        row.other,
    ]


def _guard_cells(guard: Guard) -> Sequence[object]:
    return guard.guard, f"`{guard.name}`", guard.date, f"`{guard.case}`", guard.found or "**nothing**"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
