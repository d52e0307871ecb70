"""Each hostile case ends with the right reason; nothing crashes, connects elsewhere, or holds good feeds up."""

import pytest

from schemas.reasons import Reason
from tests.hostile.case import Case
from tests.hostile.cases_bodies import body_cases
from tests.hostile.cases_http import http_cases
from tests.hostile.checks import check_case
from tests.hostile.run import GOOD_ARTICLES, GOOD_FEEDS, MEBIBYTE, SETTINGS, SLOTS, Outcome, run_cases

CASES = (*http_cases(), *body_cases())


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run_cases(CASES, tmp_path_factory.mktemp("hostile"))


def test_there_are_enough_cases_with_names_of_their_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 150


@pytest.mark.parametrize(("number", "case"), list(enumerate(CASES)), ids=[case.name[:60] for case in CASES])
def test_the_reason_is_right(outcome: Outcome, number: int, case: Case) -> None:
    check_case(outcome, number, case)


def test_no_forbidden_connection_was_made(outcome: Outcome) -> None:
    assert outcome.forbidden == 0


def test_good_feeds_are_read_in_full_beside_them(outcome: Outcome) -> None:
    for number in range(GOOD_FEEDS):
        assert outcome.states[f"good{number}"].reason is None
        assert outcome.articles[f"good{number}"] == GOOD_ARTICLES


def test_no_worker_was_lost_where_none_need_be(outcome: Outcome) -> None:
    lost = [
        CASES[int(name.removeprefix("case"))].name
        for name, state in outcome.states.items()
        if state.reason in {Reason.WORKER_DIED, Reason.WORKER_TIMED_OUT}
    ]
    assert len(lost) <= 5, lost


def test_memory_is_bounded_by_what_is_in_flight(outcome: Outcome) -> None:
    assert outcome.grown_bytes <= SLOTS * 3 * SETTINGS.fetch.max_body_bytes + 200 * MEBIBYTE
