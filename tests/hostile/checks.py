"""What holds for each case, whatever it was."""

from schemas.feed import FeedStatus
from tests.hostile.case import Case
from tests.hostile.run import SETTINGS, Outcome


def check_case(outcome: Outcome, number: int, case: Case) -> None:
    state = outcome.states[f"case{number}"]
    assert state.reason in case.reasons, state.detail
    assert state.last_poll_at is not None
    wait = (state.next_poll_at - state.last_poll_at).total_seconds()
    assert 0 < wait <= SETTINGS.schedule.max_retry_after_seconds
    assert state.detail is None or (len(state.detail) <= 300 and state.detail.isprintable())
    if state.reason is None:
        assert state.status is FeedStatus.HEALTHY
    for validator in (state.etag, state.last_modified):
        assert validator is None or (validator.isascii() and validator.isprintable() and len(validator) <= 1_000)
