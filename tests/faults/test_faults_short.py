"""The short suite: the cases of the matrix with three fixed seeds. `FAULT_SEED=…` repeats one of them."""

import os
from pathlib import Path
from typing import NoReturn

import pytest

from deploy.kafka.install import MissingToolError
from tests.faults.cases import CASES, CannotRunHere
from tests.faults.embedded import EMBEDDED
from tests.faults.scenario import run_case
from tests.support.kafka import kcat_available

pytestmark = pytest.mark.slow
SEEDS = (11, 22, 33)
# Each case once, its seed by turns: three seeds for every case would take three times the eight minutes.
SHORT = (
    "killed",
    "both",
    "zombie",
    "blocked",
    "cut",
    "silence",
    "held-end",
    "cut-end",
    "late-end",
    "churn",
    "refused",
    "foreign",
    "poison",
    "brake",
    "disk-full",
    "stream",
)


def cannot_run(reason: str) -> NoReturn:
    if os.environ.get("NEWSFLOW_REQUIRE_KAFKA") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def seed_of(place: int) -> int:
    return int(os.environ.get("FAULT_SEED", SEEDS[place % len(SEEDS)]))


@pytest.mark.parametrize(("place", "name"), list(enumerate(SHORT)), ids=SHORT)
async def test_nothing_is_lost_repeated_or_out_of_order(place: int, name: str, tmp_path: Path) -> None:
    if not kcat_available():
        cannot_run("kcat is needed to read Kafka independently: no `kcat` on the PATH")
    try:
        result = await run_case(CASES[name], seed_of(place), tmp_path)
    except MissingToolError as error:
        cannot_run(str(error))
    except CannotRunHere as error:
        pytest.skip(str(error))
    print(result)
    assert result.verdict.is_good, result.report()


@pytest.mark.parametrize(("place", "name"), list(enumerate(EMBEDDED)), ids=list(EMBEDDED))
async def test_embedded_log_loses_and_repeats_nothing(place: int, name: str, tmp_path: Path) -> None:
    try:
        verdict = await EMBEDDED[name](seed_of(place), tmp_path)
    except CannotRunHere as error:
        pytest.skip(str(error))
    assert verdict.is_good, f"FAULT_SEED={seed_of(place)}: {verdict}"
