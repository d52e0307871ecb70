from services.common.event_log.brake import MAX_IN_ROW, WINDOW, Brake


def test_scattered_dead_letters_pass() -> None:
    brake = Brake()
    for _ in range(50):
        assert not brake.trips_on([True, False, False, False])
        brake.note([True, False, False, False])


def test_a_run_of_dead_letters_trips_before_the_batch_is_committed() -> None:
    brake = Brake()
    brake.note([True] * (MAX_IN_ROW - 1))
    assert not brake.trips_on([False, True])
    assert brake.trips_on([True])


def test_asking_does_not_count() -> None:
    brake = Brake()
    for _ in range(3):
        assert not brake.trips_on([True] * (MAX_IN_ROW - 1))


def test_more_than_half_of_the_last_records_trips() -> None:
    brake = Brake()
    brake.note([True, False] * (WINDOW // 2))
    assert not brake.trips_on([False])
    assert brake.trips_on([False, True, True, True])


def test_old_dead_letters_are_forgotten() -> None:
    brake = Brake()
    brake.note(([True] * 50 + [False]) * 8)
    brake.note([False] * WINDOW)
    assert not brake.trips_on([True] * (MAX_IN_ROW - 1))


def test_an_operator_can_let_dead_letters_pass() -> None:
    assert not Brake(accept=True).trips_on([True] * WINDOW)
