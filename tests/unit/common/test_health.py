from services.common.health import STALLED_SECONDS, Health


def test_a_service_is_not_ready_until_its_start_is_cleared() -> None:
    health = Health(lambda: 0.0)
    assert health.why_not_ready() == "start: still starting"
    health.clear("start")
    assert health.why_not_ready() is None


def test_each_check_in_the_way_is_named() -> None:
    health = Health(lambda: 0.0)
    health.clear("start")
    health.block("log", "no answer")
    health.block("enrich brake", "too many dead letters")
    assert health.why_not_ready() == "log: no answer; enrich brake: too many dead letters"


def test_a_loop_that_no_longer_moves_is_named() -> None:
    now = 0.0
    health = Health(lambda: now)
    health.moved("enrich")
    health.moved("publish")
    now = STALLED_SECONDS
    health.moved("publish")
    assert health.why_not_live() is None
    now += 0.1
    assert health.why_not_live() == "stalled: enrich"
