from datetime import UTC, datetime, timedelta

from services.ingest.agenda import Agenda

NOW = datetime(2026, 1, 31, tzinfo=UTC)
GAP = 2.0


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def agenda(*feeds: tuple[str, str, float], gap: float = GAP) -> Agenda:
    made = Agenda(gap, started=-gap)
    for feed_id, host, seconds in feeds:
        made.plan(feed_id, host, later(seconds))
    return made


def test_feeds_come_when_they_are_due_in_order_of_time() -> None:
    plans = agenda(("late", "a", 10), ("first", "b", -2), ("second", "c", -1))
    assert plans.take(NOW, 0.0) == "first"
    assert plans.take(NOW, 0.0) == "second"
    assert plans.take(NOW, 0.0) is None
    assert plans.take(later(10), 10.0) == "late"


def test_a_host_gets_one_request_at_a_time_and_a_gap_after_it() -> None:
    plans = agenda(("one", "host", 0), ("two", "host", 0), ("other", "yonder", 0))
    assert plans.take(NOW, 0.0) == "one"
    assert plans.take(NOW, 0.0) == "other"
    assert plans.take(NOW, 100.0) is None, "the first request has not ended"
    plans.finished("host", 100.0)
    assert plans.take(NOW, 100.0 + GAP - 0.1) is None
    assert plans.take(NOW, 100.0 + GAP) == "two"


def test_the_first_request_after_a_start_waits_one_gap() -> None:
    plans = Agenda(GAP, started=50.0)
    plans.plan("feed", "host", NOW)
    assert plans.take(NOW, 50.0 + GAP - 0.1) is None
    assert plans.take(NOW, 50.0 + GAP) == "feed"


def test_a_feed_planned_anew_is_polled_at_its_new_time_only() -> None:
    plans = agenda(("feed", "host", 0))
    plans.plan("feed", "host", later(30))
    assert plans.take(NOW, 0.0) is None
    assert plans.take(later(30), 30.0) == "feed"
    plans.finished("host", 30.0)
    assert plans.take(later(99), 99.0) is None


def test_a_feed_planned_anew_while_it_waits_for_its_host_is_not_polled_too_early() -> None:
    plans = agenda(("busy", "host", -1), ("feed", "host", 0))
    assert plans.take(NOW, 0.0) == "busy"
    plans.plan("feed", "host", later(60))
    plans.finished("host", 0.0)
    assert plans.take(later(5), 5.0) is None
    assert plans.take(later(60), 60.0) == "feed"


def test_a_dropped_feed_does_not_come() -> None:
    plans = agenda(("feed", "host", 0))
    plans.drop("feed")
    assert plans.take(NOW, 0.0) is None


def test_the_wait_is_until_the_next_feed_or_the_next_free_host() -> None:
    plans = agenda()
    assert plans.seconds_to_next(NOW, 0.0) is None
    plans.plan("feed", "host", later(7))
    assert plans.seconds_to_next(NOW, 0.0) == 7.0
    assert plans.take(later(7), 7.0) == "feed"
    plans.plan("next", "host", later(7))
    plans.finished("host", 7.0)
    assert plans.take(later(7), 7.0) is None
    assert plans.seconds_to_next(later(7), 7.0) == GAP


def test_hosts_that_have_nothing_to_do_are_forgotten() -> None:
    plans = agenda(*((f"feed{n}", f"host{n}", 0) for n in range(100)))
    for _ in range(100):
        feed_id = plans.take(NOW, 0.0)
        assert feed_id is not None
        plans.finished(feed_id.replace("feed", "host"), 0.0)
    assert plans.take(later(10), 10.0) is None
    assert plans.seconds_to_next(later(10), 10.0) is None
