"""Each guard is taken out in turn, and its case must go red. Minutes: only with FAULT_MUTATE=all (or a name)."""

import os
from pathlib import Path

import pytest

from tests.faults.judge import verdict_without
from tests.faults.mutations import MUTATIONS

ASKED = os.environ.get("FAULT_MUTATE", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not ASKED, reason="takes minutes: FAULT_MUTATE=all, or `make faults MUTATE=all`"),
]


@pytest.mark.parametrize("name", [name for name in MUTATIONS if ASKED in {"", "all", name}])
async def test_case_goes_red_without_its_guard(name: str, tmp_path: Path) -> None:
    verdict = await verdict_without(name, tmp_path)
    assert not verdict.is_good, f"nobody noticed that a guard was missing: {MUTATIONS[name].guard}"
