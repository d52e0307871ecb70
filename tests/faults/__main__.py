"""The matrix of faults on a real Kafka. Ends with 0 if nothing was lost, repeated or out of order, else with 1."""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.faults import report
from tests.faults.cases import APACHE, CASES, CannotRunHere, Case
from tests.faults.checker import Verdict
from tests.faults.embedded import EMBEDDED
from tests.faults.judge import verdict_without
from tests.faults.mutations import MUTATIONS
from tests.faults.scenario import Result, run_case

DEFAULT_SEED = 1


def main() -> int:
    options = _parse_options()
    folder = Path(tempfile.mkdtemp(prefix="newsflow-faults-"))
    results, embedded = asyncio.run(_run_cases(_cases(options), options, folder))
    mutated = asyncio.run(_mutate(_mutations(options.mutate), options.seed, folder))
    text = report.section(results, embedded, mutated)
    print(text)
    if options.write:
        report.write(text)
    is_good = (
        all(result.verdict.is_good for result in results)
        and all(verdict.is_good for verdict in embedded.values())
        and not any(verdict.is_good for verdict in mutated.values())
    )
    print(f"logs and histories: {folder}", file=sys.stderr)
    return 0 if is_good else 1


async def _run_cases(
    cases: Sequence[Case], options: argparse.Namespace, folder: Path
) -> tuple[list[Result], dict[str, Verdict]]:
    results = []
    for case in cases:
        _tell(f"{case.name}: {case.about}, seed {options.seed}, {case.records} records, {case.seconds:.0f} s")
        try:
            result = await run_case(case, options.seed, _made(folder / case.name))
        except CannotRunHere as error:
            _tell(f"{case.name}: skipped, {error}")
            continue
        _tell(str(result) if result.verdict.is_good else result.report())
        results.append(result)
    embedded: dict[str, Verdict] = {}
    for name in EMBEDDED if options.case is None and not options.mutate_only else [options.case]:
        if name in EMBEDDED:
            try:
                embedded[name] = await EMBEDDED[name](options.seed, _made(folder / name))
                _tell(f"{name}: {embedded[name]}")
            except CannotRunHere as error:
                _tell(f"{name}: skipped, {error}")
    return results, embedded


async def _mutate(names: Sequence[str], seed: int, folder: Path) -> Mapping[str, Verdict]:
    verdicts = {}
    for name in names:
        mutation = MUTATIONS[name]
        verdicts[name] = await verdict_without(name, _made(folder / name), seed)
        caught = "nobody noticed" if verdicts[name].is_good else f"{mutation.case} is red: {verdicts[name]}"
        _tell(f"without “{mutation.guard}”: {caught}")
    return verdicts


def _cases(options: argparse.Namespace) -> list[Case]:
    if options.mutate_only or options.case in EMBEDDED:
        return []
    every = {**CASES, APACHE.name: APACHE} if options.long or options.case == APACHE.name else CASES
    chosen = [every[options.case]] if options.case else list(every.values())
    return [case.longer() if options.long and case is not APACHE else case for case in chosen]


def _mutations(asked: str) -> list[str]:
    return list(MUTATIONS) if asked == "all" else [asked] if asked else []


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--long", action="store_true", help="the long matrix, with 100,000 records on three brokers")
    parser.add_argument("--case", choices=[*CASES, APACHE.name, *EMBEDDED], help="this case alone")
    parser.add_argument("--mutate", default="", choices=["", "all", *MUTATIONS], help="also take out these guards")
    parser.add_argument("--mutate-only", action="store_true", help="no cases, only the guards")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("FAULT_SEED", DEFAULT_SEED)))
    parser.add_argument("--write", action="store_true", help="write docs/reliability.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
