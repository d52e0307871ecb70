"""Documents that cost a worker process cost nothing else: the process is killed at its deadline and replaced."""

import pytest

from tests.hostile.case import Case
from tests.hostile.cases_bodies import heavy_cases
from tests.hostile.checks import check_case
from tests.hostile.run import GOOD_ARTICLES, GOOD_FEEDS, Outcome, run_cases

pytestmark = pytest.mark.slow
CASES = tuple(heavy_cases())


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run_cases(CASES, tmp_path_factory.mktemp("heavy"))


@pytest.mark.parametrize(("number", "case"), list(enumerate(CASES)), ids=[case.name for case in CASES])
def test_the_reason_is_right(outcome: Outcome, number: int, case: Case) -> None:
    check_case(outcome, number, case)


def test_good_feeds_are_read_in_full_beside_them(outcome: Outcome) -> None:
    for number in range(GOOD_FEEDS):
        assert outcome.articles[f"good{number}"] == GOOD_ARTICLES
