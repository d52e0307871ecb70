"""The matrix of faults on a real Kafka. Ends with 0 if nothing was lost, repeated or out of order, else with 1."""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

from tests.faults import report
from tests.faults.cases import APACHE, CASES, CannotRunHere, Case
from tests.faults.checker import Verdict
from tests.faults.embedded import EMBEDDED
from tests.faults.history import History
from tests.faults.judge import verdict_without
from tests.faults.mutations import MUTATIONS
from tests.faults.record import Record
from tests.faults.scenario import Result, run_case

DEFAULT_SEED = 1
LIMIT_SECONDS = 300.0  # for a case beyond twice its own time: one that hangs must not keep the others from running


def main() -> int:
    options = _parse_options()
    folder = Path(tempfile.mkdtemp(prefix="newsflow-faults-"))
    record = Record.load(report.DATA) if options.write else Record()
    is_good = asyncio.run(_run(options, folder, record))
    print(report.section(record))
    print(f"logs and histories: {folder}", file=sys.stderr)
    return 0 if is_good else 1


async def _run(options: argparse.Namespace, folder: Path, record: Record) -> bool:
    """Whether every case is green, and red without its guard. What one has shown is written before the next begins."""
    seed, verdicts = options.seed, []
    acts: list[Callable[[], Awaitable[bool]]] = [
        *(partial(_run_case, case, seed, folder / case.name, record) for case in _cases(options)),
        *(partial(_run_embedded, name, seed, folder / name, record) for name in _embedded(options)),
        *(partial(_mutate, name, seed, folder / name, record) for name in _mutations(options.mutate)),
    ]
    for act in acts:
        verdicts.append(await act())
        if options.write:
            record.save(report.DATA)
            report.write(report.section(record))
    return all(verdicts)


async def _run_case(case: Case, seed: int, folder: Path, record: Record) -> bool:
    _tell(f"{case.name}: {case.about}, seed {seed}, {case.records} records, {case.seconds:.0f} s")
    folder.mkdir()
    try:
        async with asyncio.timeout(2 * case.seconds + LIMIT_SECONDS):
            result = await run_case(case, seed, folder)
    except CannotRunHere as error:
        return _skip(case.name, error, record)
    except Exception as error:
        result = Result(case, seed, (), History(), _broken_off(error))
    _tell(str(result) if result.verdict.is_good else result.report())
    return record.add_result(result).is_good


async def _run_embedded(name: str, seed: int, folder: Path, record: Record) -> bool:
    case = EMBEDDED[name]
    folder.mkdir()
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            verdict = await case(seed, folder)
    except CannotRunHere as error:
        return _skip(name, error, record)
    except Exception as error:
        verdict = _broken_off(error)
    _tell(f"{name}: {verdict}")
    about = " ".join((case.__doc__ or "").split()).partition(".")[0]
    return record.add_embedded(name, about, seed, verdict).is_good


async def _mutate(name: str, seed: int, folder: Path, record: Record) -> bool:
    mutation = MUTATIONS[name]
    folder.mkdir()
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            verdict = await verdict_without(name, folder, seed)
    except Exception as error:
        verdict = _broken_off(error)
    caught = "nobody noticed" if verdict.is_good else f"{mutation.case} is red: {verdict}"
    _tell(f"without “{mutation.guard}”: {caught}")
    return bool(record.add_guard(name, mutation, verdict).found)


def _skip(name: str, error: CannotRunHere, record: Record) -> bool:
    _tell(f"{name}: skipped, {error}")
    record.skip(name, str(error))
    return True


def _broken_off(error: Exception) -> Verdict:
    return Verdict(other=(f"broke off: {error or type(error).__name__}",))


def _cases(options: argparse.Namespace) -> list[Case]:
    if options.mutate_only or options.case in EMBEDDED:
        return []
    every = {**CASES, APACHE.name: APACHE} if options.long or options.case == APACHE.name else CASES
    chosen = [every[options.case]] if options.case else list(every.values())
    return [case.longer() if options.long and case is not APACHE else case for case in chosen]


def _embedded(options: argparse.Namespace) -> Sequence[str]:
    if options.mutate_only or (options.case and options.case not in EMBEDDED):
        return []
    return [options.case] if options.case else list(EMBEDDED)


def _mutations(asked: str) -> list[str]:
    return list(MUTATIONS) if asked == "all" else [asked] if asked else []


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--long", action="store_true", help="the long matrix, with 100,000 records on three brokers")
    parser.add_argument("--case", choices=[*CASES, APACHE.name, *EMBEDDED], help="this case alone")
    parser.add_argument("--mutate", default="", choices=["", "all", *MUTATIONS], help="also take out these guards")
    parser.add_argument("--mutate-only", action="store_true", help="no cases, only the guards")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("FAULT_SEED", DEFAULT_SEED)))
    parser.add_argument("--write", action="store_true", help="write docs/reliability.md and .json as results come")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
