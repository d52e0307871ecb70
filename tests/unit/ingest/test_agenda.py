from datetime import UTC, datetime, timedelta

from services.ingest.agenda import Agenda

NOW = datetime(2026, 1, 31, tzinfo=UTC)
GAP = 2.0


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def taken(plans: Agenda, now: datetime, monotonic: float) -> str | None:
    due = plans.take(now, monotonic)
    return None if due is None else due[0]


def agenda(*feeds: tuple[str, str, float], gap: float = GAP) -> Agenda:
    made = Agenda(gap, started=-gap)
    for feed_id, host, seconds in feeds:
        made.plan(feed_id, host, later(seconds))
    return made


def test_feeds_come_when_they_are_due_in_order_of_time() -> None:
    plans = agenda(("late", "a", 10), ("first", "b", -2), ("second", "c", -1))
    assert taken(plans, NOW, 0.0) == "first"
    assert taken(plans, NOW, 0.0) == "second"
    assert taken(plans, NOW, 0.0) is None
    assert taken(plans, later(10), 10.0) == "late"


def test_a_host_gets_one_request_at_a_time_and_a_gap_after_it() -> None:
    plans = agenda(("one", "host", 0), ("two", "host", 0), ("other", "yonder", 0))
    assert taken(plans, NOW, 0.0) == "one"
    assert taken(plans, NOW, 0.0) == "other"
    assert taken(plans, NOW, 100.0) is None, "the first request has not ended"
    plans.finished("host", 100.0)
    assert taken(plans, NOW, 100.0 + GAP - 0.1) is None
    assert taken(plans, NOW, 100.0 + GAP) == "two"


def test_the_first_request_after_a_start_waits_one_gap() -> None:
    plans = Agenda(GAP, started=50.0)
    plans.plan("feed", "host", NOW)
    assert taken(plans, NOW, 50.0 + GAP - 0.1) is None
    assert taken(plans, NOW, 50.0 + GAP) == "feed"


def test_a_feed_planned_anew_is_polled_at_its_new_time_only() -> None:
    plans = agenda(("feed", "host", 0))
    plans.plan("feed", "host", later(30))
    assert taken(plans, NOW, 0.0) is None
    assert taken(plans, later(30), 30.0) == "feed"
    plans.finished("host", 30.0)
    assert taken(plans, later(99), 99.0) is None


def test_a_feed_planned_anew_while_it_waits_for_its_host_is_not_polled_too_early() -> None:
    plans = agenda(("busy", "host", -1), ("feed", "host", 0))
    assert taken(plans, NOW, 0.0) == "busy"
    plans.plan("feed", "host", later(60))
    plans.finished("host", 0.0)
    assert taken(plans, later(5), 5.0) is None
    assert taken(plans, later(60), 60.0) == "feed"


def test_a_dropped_feed_does_not_come() -> None:
    plans = agenda(("feed", "host", 0))
    plans.drop("feed")
    assert taken(plans, NOW, 0.0) is None


def test_the_wait_is_until_the_next_feed_or_the_next_free_host() -> None:
    plans = agenda()
    assert plans.seconds_to_next(NOW, 0.0) is None
    plans.plan("feed", "host", later(7))
    assert plans.seconds_to_next(NOW, 0.0) == 7.0
    assert taken(plans, later(7), 7.0) == "feed"
    plans.plan("next", "host", later(7))
    plans.finished("host", 7.0)
    assert taken(plans, later(7), 7.0) is None
    assert plans.seconds_to_next(later(7), 7.0) == GAP


def test_hosts_that_have_nothing_to_do_are_forgotten() -> None:
    plans = agenda(*((f"feed{n}", f"host{n}", 0) for n in range(100)))
    for _ in range(100):
        due = plans.take(NOW, 0.0)
        assert due is not None
        plans.finished(due[1], 0.0)
    assert taken(plans, later(10), 10.0) is None
    assert plans.seconds_to_next(later(10), 10.0) is None


def test_no_feed_of_a_resting_host_is_polled_and_all_are_afterwards() -> None:
    plans = agenda(("one", "host", 0), ("two", "host", 5), ("other", "yonder", 0))
    plans.rest("host", later(900))
    assert taken(plans, NOW, 0.0) == "other"
    assert taken(plans, later(899), 899.0) is None
    assert plans.seconds_to_next(later(899), 899.0) == 1.0
    assert taken(plans, later(900), 900.0) == "one"
    plans.finished("host", 900.0)
    assert taken(plans, later(902), 900.0 + GAP) == "two"


def test_a_rest_can_be_made_longer_while_it_lasts() -> None:
    plans = agenda(("feed", "host", 0))
    plans.rest("host", later(10))
    assert taken(plans, NOW, 0.0) is None
    plans.rest("host", later(100))
    assert taken(plans, later(99), 99.0) is None
    assert taken(plans, later(100), 100.0) == "feed"


def test_a_gap_can_be_wider_for_one_host() -> None:
    plans = agenda(("one", "host", 0), ("three", "host", 1), ("two", "host", 2))
    plans.widen("host", 30.0)
    assert taken(plans, NOW, 0.0) == "one"
    plans.finished("host", 0.0)
    assert taken(plans, later(29), 29.0) is None
    assert taken(plans, later(30), 30.0) == "three"
    plans.widen("host", 0.0)
    plans.finished("host", 30.0)
    assert taken(plans, later(32), 30.0 + GAP) == "two"
