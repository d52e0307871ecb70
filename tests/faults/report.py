"""`docs/reliability.md`: what was run, when, on what, and what came of it. Values in, text out."""

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.checker import Verdict, aborted_count
from tests.faults.history import broker_stall_seconds, longest_stall, takeover_seconds
from tests.faults.mutations import MUTATIONS
from tests.faults.processes import ROOT
from tests.faults.scenario import Result

PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- begin: written by `make faults` -->", "<!-- end: written by `make faults` -->"
_HEAD = """# Reliability: the record

Every case runs real processes and a real Apache Kafka; kcat, which is not our client, feeds copiers and reads what came
out. `read_uncommitted` shows what was aborted and must not be seen. `python -m tests.faults --case NAME --seed N`
repeats a row.

"""


def machine() -> str:
    """Size of this machine in a line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


def section(results: Sequence[Result], embedded: Mapping[str, Verdict], mutated: Mapping[str, Verdict]) -> str:
    """What the page has between its marks."""
    parts = [f"{datetime.now(UTC):%Y-%m-%d}, {machine()}.", _matrix(results)]
    if embedded:
        rows = [f"| {name} | {verdict} |" for name, verdict in embedded.items()]
        parts.append("\n".join(["| embedded log | found |", "| --- | --- |", *rows]))
    if mutated:
        parts.append("Each guard taken out in turn, and the case that goes red without it:")
        rows = [
            f"| {MUTATIONS[name].guard} | `{name}` | {MUTATIONS[name].case} | {_found(verdict)} |"
            for name, verdict in mutated.items()
        ]
        parts.append("\n".join(["| guard | without it | case | found |", "| --- | --- | --- | --- |", *rows]))
    return "\n\n".join(parts)


def write(text: str, page: Path = PAGE) -> None:
    """Replace what is between the marks; what people wrote around them stays."""
    page.parent.mkdir(exist_ok=True)
    whole = page.read_text(encoding="utf-8") if page.exists() else f"{_HEAD}{BEGIN}\n{END}\n"
    if BEGIN not in whole:
        whole = f"{whole}\n{BEGIN}\n{END}\n"
    before, _, rest = whole.partition(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def _matrix(results: Sequence[Result]) -> str:
    head = (
        "| | case | seed | records | brokers | lost | repeated | out of order | aborted | longest stall | takeover "
        "| broker stall | SIGTERM to exit | other |"
    )
    return "\n".join([head, "|" + " --- |" * 14, *map(_row, results)])


def _row(result: Result) -> str:
    case, history, verdict = result.case, result.history, result.verdict
    known = {"lost", "repeated", "out_of_order"}
    other = "; ".join(f"{len(v)} {k}" for k, v in verdict.problems().items() if k not in known)
    seconds = (
        longest_stall(history),
        takeover_seconds(history),
        broker_stall_seconds(history),
        max(history.exit_seconds, default=0.0),
    )
    cells = [
        case.letter,
        f"{case.name}: {case.about}",
        result.seed,
        len(history.committed),
        case.brokers,
        len(verdict.lost),
        len(verdict.repeated),
        len(verdict.out_of_order),
        aborted_count(history),
        *(f"{value:.1f} s" if value else "" for value in seconds),
        other,
    ]
    return f"| {' | '.join(map(str, cells))} |"


def _found(verdict: Verdict) -> str:
    if verdict.is_good:
        return "**nothing**"
    return ", ".join(f"{len(found)} {name.replace('_', ' ')}" for name, found in verdict.problems().items())
