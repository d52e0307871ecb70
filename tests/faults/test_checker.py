"""The checker against made-up histories: each fault it is there for must be found."""

from dataclasses import replace

import pytest

from tests.faults.checker import Event, Expected, aborted_count, check
from tests.faults.history import Done, History, Seen, broker_stall_seconds, longest_stall, takeover_seconds
from tests.faults.schedule import Act, Action

EXPECTED = Expected({"a": [Event("a:1", "one"), Event("a:2", "two")], "b": [Event("b:1", "one")]})
A1, A2, B1 = Seen(0, 0, "a", "a:1", "one"), Seen(0, 2, "a", "a:2", "two"), Seen(1, 0, "b", "b:1", "one")


def history(*committed: Seen, **changes: object) -> History:
    whole = {"committed": list(committed), "uncommitted": list(committed), "drained": True, **changes}
    return History(**whole)  # type: ignore[arg-type]


def test_right_history_is_good() -> None:
    verdict = check(EXPECTED, history(A1, A2, B1, live=[B1, A1, A2]))
    assert verdict.is_good
    assert str(verdict) == "0 lost, 0 repeated, 0 out of order"


def test_lost_event_is_found() -> None:
    assert check(EXPECTED, history(A1, B1)).problems() == {"lost": ("a:2",)}


def test_lost_key_is_found() -> None:
    assert check(EXPECTED, history(A1, A2)).problems() == {"lost": ("b:1",)}


def test_repeated_event_is_found() -> None:
    again = replace(A2, offset=3)
    assert check(EXPECTED, history(A1, A2, again, B1)).problems() == {"repeated": ("a:2",)}


def test_number_minted_twice_is_found_by_its_content() -> None:
    minted_twice = Seen(0, 1, "a", "a:1", "two")
    problems = check(EXPECTED, history(A1, minted_twice, B1)).problems()
    assert problems.keys() == {"lost", "repeated", "wrong_content"}


def test_order_within_a_key_is_checked() -> None:
    swapped = (replace(A2, offset=0), replace(A1, offset=1))
    assert check(EXPECTED, history(*swapped, B1)).problems() == {"out_of_order": ("a",)}


def test_order_between_keys_is_free() -> None:
    assert check(EXPECTED, history(B1, A1, A2)).is_good


def test_key_in_two_partitions_is_found() -> None:
    assert "out_of_order" in check(EXPECTED, history(A1, replace(A2, partition=1, offset=9), B1)).problems()


def test_event_that_nobody_served_is_found() -> None:
    invented = Seen(0, 5, "a", "a:3", "three")
    assert check(EXPECTED, history(A1, A2, B1, invented)).problems() == {"unexpected": ("a:3",)}


def test_record_that_was_seen_and_is_gone_is_found() -> None:
    aborted = Seen(0, 1, "a", "a:2", "two")
    verdict = check(EXPECTED, history(A1, A2, B1, live=[A1, aborted, A2, B1]))
    assert verdict.problems() == {"aborted_seen": ("a:2 at 0:1 was seen and is gone",)}


def test_record_that_was_never_written_is_found() -> None:
    verdict = check(EXPECTED, history(A1, A2, B1, uncommitted=[A1, A2]))
    assert "aborted_seen" in verdict.problems()


def test_aborted_record_that_nobody_saw_is_no_fault() -> None:
    aborted = Seen(0, 1, "a", "a:2", "two")
    run = history(A1, A2, B1, uncommitted=[A1, aborted, A2, B1])
    assert check(EXPECTED, run).is_good
    assert aborted_count(run) == 1


@pytest.mark.parametrize("letters", [[], ["poison a:3", "poison a:3"], ["poison a:3", "poison a:4"]])
def test_dead_letters_come_exactly_once(letters: list[str]) -> None:
    expected = replace(EXPECTED, dead_letters=("poison a:3",))
    assert check(expected, history(A1, A2, B1, dead_letters=["poison a:3"])).is_good
    assert check(expected, history(A1, A2, B1, dead_letters=letters)).problems().keys() == {"dead_letters"}


def test_backlog_that_stays_is_found() -> None:
    assert check(EXPECTED, history(A1, A2, B1, drained=False)).problems().keys() == {"other"}


def test_merged_edit_must_have_the_last_content() -> None:
    expected = replace(EXPECTED, edits_may_merge=True)
    assert check(expected, history(replace(A1, content="one and two"), B1)).is_good
    assert check(expected, history(A1, B1)).problems() == {"lost": ("the last content of a",)}
    assert check(expected, history(A2, B1)).problems() == {"lost": ("a:1",)}


def test_empty_history_is_not_good() -> None:
    assert not check(EXPECTED, history()).is_good


def test_stalls_are_measured_around_their_faults() -> None:
    arrivals = [(0, 1.0), (1, 1.5), (0, 2.0), (1, 5.5), (0, 5.0), (1, 6.0), (0, 15.0)]
    live = [Seen(partition, number, "a", "a:1", "", at) for number, (partition, at) in enumerate(arrivals)]
    ends = [Done(1.9, Action(1.9, Act.KILL, 1)), Done(1.9, Action(1.9, Act.KILL_BROKER, 1))]
    run = History(live=live, done=ends)
    assert longest_stall(run) == 9.0
    assert takeover_seconds(run) == 4.0
    assert broker_stall_seconds(run) == 3.0
