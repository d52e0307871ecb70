"""Worker processes are real here: they die, hang and run out of memory."""

import os
import signal
import time

import pytest

from schemas.reasons import Reason
from services.common.errors import NewsflowError
from services.common.workers import WorkerFailed, Workers

MEMORY = 1024**3


def _square(number: int) -> int:
    return number * number


def _die() -> None:
    os._exit(7)


def _hang() -> None:
    while True:
        time.sleep(1)


def _eat() -> int:
    return len(bytearray(2 * MEMORY))


def _fail() -> None:
    raise ValueError("bad input")


_prepared: list[str] = []


def _prepare(word: str) -> None:
    _prepared.append(word)


def _words() -> list[str]:
    return _prepared


async def test_lost_work_is_told_with_its_reason_and_the_next_work_finds_a_new_process() -> None:
    async with Workers(1, MEMORY) as workers:
        with pytest.raises(WorkerFailed, match="ended with code 7") as died:
            await workers.run(20.0, _die)
        assert died.value.reason is Reason.WORKER_DIED
        with pytest.raises(WorkerFailed, match="longer than") as hung:
            await workers.run(0.2, _hang)
        assert hung.value.reason is Reason.WORKER_TIMED_OUT
        with pytest.raises(WorkerFailed, match="out of memory") as ate:
            await workers.run(20.0, _eat)
        assert ate.value.reason is Reason.WORKER_DIED
        assert await workers.run(20.0, _square, 12) == 144


async def test_an_error_of_the_function_itself_comes_back_as_it_is() -> None:
    async with Workers(1, MEMORY) as workers:
        with pytest.raises(ValueError, match="bad input"):
            await workers.run(20.0, _fail)


async def test_each_new_process_is_prepared_once() -> None:
    async with Workers(1, MEMORY, _prepare, ("ready",)) as workers:
        assert await workers.run(20.0, _words) == ["ready"]
        with pytest.raises(WorkerFailed):
            await workers.run(20.0, _die)
        assert await workers.run(20.0, _words) == ["ready"]


async def test_a_process_that_dies_without_work_is_replaced() -> None:
    async with Workers(1, MEMORY) as workers:
        idle = await workers.run(20.0, os.getpid)
        os.kill(idle, signal.SIGKILL)
        while True:
            try:
                assert await workers.run(20.0, _square, 3) == 9
            except WorkerFailed as error:
                assert error.reason is Reason.WORKER_DIED
                continue
            assert await workers.run(20.0, os.getpid) != idle
            break


def _cannot_prepare() -> None:
    raise ValueError("no such language: xx")


async def test_a_process_that_cannot_be_prepared_says_why_in_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    async with Workers(1, MEMORY, _cannot_prepare) as workers:
        with pytest.raises(NewsflowError, match="do not start"):
            await workers.ready(20.0)
    said = capfd.readouterr().err
    assert "newsflow: worker process: ValueError: no such language: xx" in said
    assert "Traceback" not in said
