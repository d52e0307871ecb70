"""Runs a mutation: its case, which must go red."""

from pathlib import Path

from tests.faults.cases import CASES
from tests.faults.checker import Verdict
from tests.faults.embedded import EMBEDDED
from tests.faults.mutations import MUTATIONS
from tests.faults.scenario import run_case

SEED = 1


async def verdict_without(name: str, folder: Path, seed: int = SEED) -> Verdict:
    """What its case says of an adapter without this guard. Good means that nobody noticed."""
    case = MUTATIONS[name].case
    if case in EMBEDDED:
        return await EMBEDDED[case](seed, folder, name)
    return (await run_case(CASES[case], seed, folder, name)).verdict
