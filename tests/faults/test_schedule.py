"""Schedules repeat by their seed, and what they break they also mend."""

import pytest

from services.common.event_log.partitions import partition_of
from tests.faults.cases import CASES, Case
from tests.faults.embedded import EMBEDDED
from tests.faults.feed import make_feed
from tests.faults.mutations import MUTATIONS
from tests.faults.schedule import Act, Action, schedule

SEEDS = range(20)
SHORT_SEEDS = (11, 22, 33)
ENDS_OF_BROKERS = {Act.KILL_BROKER, Act.STOP_BROKER}


def actions_of(case: Case, seed: int) -> tuple[Action, ...]:
    return schedule(case.plans, seed, case.stage)


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.name)
def test_seed_repeats_a_schedule(case: Case) -> None:
    assert actions_of(case, 7) == actions_of(case, 7)
    assert make_feed(case, 7) == make_feed(case, 7)


@pytest.mark.parametrize(
    "case", [c for c in CASES.values() if c.name not in {"nothing", "brake"}], ids=lambda c: c.name
)
@pytest.mark.parametrize("size", ["short", "long"])
def test_every_case_does_something_while_records_come(case: Case, size: str) -> None:
    played = case if size == "short" else case.longer()
    for seed in SEEDS:
        actions = actions_of(played, seed)
        assert len(actions) > 0
        assert min(action.at_seconds for action in actions) < played.seconds / 2
        assert list(actions) == sorted(actions, key=lambda action: action.at_seconds)


def test_other_seeds_are_other_schedules() -> None:
    assert len({actions_of(CASES["killed"], seed) for seed in SEEDS}) == len(SEEDS)


@pytest.mark.parametrize("name", ["brokers", "both"])
def test_never_are_two_brokers_away_at_once(name: str) -> None:
    for seed in SEEDS:
        away: set[int] = set()
        for action in actions_of(CASES[name].longer(), seed):
            if action.act in ENDS_OF_BROKERS:
                away.add(action.target)
                assert len(away) == 1
            elif action.act is Act.RESTART_BROKER:
                away.remove(action.target)
        assert not away


def test_every_broker_is_killed_and_stopped_in_a_long_run() -> None:
    actions = actions_of(CASES["brokers"].longer(), 1)
    for act in ENDS_OF_BROKERS:
        assert {action.target for action in actions if action.act is act} == {1, 2, 3}


def test_single_broker_is_never_killed() -> None:
    for case in CASES.values():
        if case.brokers == 1:
            assert not any(action.act is Act.KILL_BROKER for action in actions_of(case, 1))


@pytest.mark.parametrize("name", ["zombie", "cut", "killed", "foreign"])
def test_what_is_broken_is_mended(name: str) -> None:
    mends = {Act.STOP: Act.CONT, Act.KILL: Act.START, **dict.fromkeys(BREAKS_OF_LINES, Act.RECONNECT)}
    for seed in SEEDS:
        actions = actions_of(CASES[name], seed)
        for place, action in enumerate(actions):
            if mend := mends.get(action.act):
                assert any((later.act, later.target) == (mend, action.target) for later in actions[place:])


def test_every_mutation_names_a_case() -> None:
    assert {mutation.case for mutation in MUTATIONS.values()} <= CASES.keys() | EMBEDDED.keys()


def test_feed_expects_each_line_once() -> None:
    feed = make_feed(CASES["poison"], 3)
    assert feed.expected.count + len(feed.expected.dead_letters) == len(feed.lines)
    assert len(feed.expected.dead_letters) > 5


BREAKS_OF_LINES = (Act.REFUSE, Act.LOSE_ANSWERS, Act.LOSE_REQUESTS, Act.DELAY)


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.name)
def test_warm_up_reaches_every_partition(case: Case) -> None:
    for seed in (*SEEDS, *SHORT_SEEDS):
        feed = make_feed(case, seed)
        keys = {line.partition("\t")[0] for line in feed.lines[: feed.warm]}
        assert {partition_of(key, case.partitions) for key in keys} == set(range(case.partitions))
