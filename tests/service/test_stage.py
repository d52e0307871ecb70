"""The stage loop on a real embedded log: three outcomes, one commit, the brake."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.dead_letter import DeadLetter
from schemas.reasons import Reason
from schemas.topics import DEAD_LETTERS, ENRICHED, LOG_TOPICS, MAX_RECORD_BYTES, RAW
from services.common.clock import FixedClock
from services.common.errors import LogUnavailable, TryAgain
from services.common.event_log.brake import MAX_IN_ROW, Brake
from services.common.event_log.open import open_log
from services.common.event_log.port import EventLog, Record, Start, StoredRecord
from services.common.event_log.sqlite.shares import SqliteShare
from services.common.event_log.transform import BatchDone, Dead, Done, Observer, Outcome, Stage, Step

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[EventLog]:
    async with open_log(f"sqlite:///{tmp_path}/log.sqlite", FixedClock(NOW)) as log:
        await log.ensure(LOG_TOPICS.values(), create=True)
        yield log


class Witness(Observer):
    """Stops the stage once it has committed so many records, or when the brake comes on."""

    def __init__(self, stop: asyncio.Event, until: int) -> None:
        self.stop, self.until = stop, until
        self.batches: list[BatchDone] = []
        self.waits: list[float] = []
        self.braked = False
        self.lags: dict[int, list[int | None]] = {}

    def batch_done(self, batch: BatchDone) -> None:
        self.batches.append(batch)
        if sum(done.records for done in self.batches) >= self.until:
            self.stop.set()

    def lag(self, stage: str, partition: int, offsets: int | None) -> None:
        self.lags.setdefault(partition, []).append(offsets)

    def trying_again(self, stage: str, partition: int, error: TryAgain, wait_seconds: float) -> None:
        self.waits.append(wait_seconds)

    def brake(self, stage: str, partition: int, *, is_on: bool) -> None:
        self.braked = is_on
        if is_on:
            self.stop.set()


async def run(log: EventLog, step: Step, until: int, brake: Brake | None = None) -> Witness:
    stop = asyncio.Event()
    witness = Witness(stop, until)
    stage = Stage("enrich", RAW.name, step, FixedClock(NOW), observer=witness, brake=brake or Brake())
    async with asyncio.timeout(20):
        await stage.run(log, stop)
    return witness


async def values(log: EventLog, topic: str) -> list[bytes | None]:
    return [record.value async for record in log.read(topic, Start.EARLIEST, follow=False)]


async def upper(records: Sequence[StoredRecord]) -> list[Outcome]:
    return [Done((Record(ENRICHED.name, record.key or "", (record.value or b"").upper()),)) for record in records]


async def test_good_records_pass_and_are_consumed_once(log: EventLog) -> None:
    await log.append([Record(RAW.name, f"k{n}", b"v%d" % n) for n in range(50)])
    witness = await run(log, upper, until=50)
    assert sorted(await values(log, ENRICHED.name)) == sorted(b"V%d" % n for n in range(50))  # type: ignore[type-var]
    assert sum((await log.lag(RAW.name, "enrich")).values()) == 0
    assert sum(batch.written for batch in witness.batches) == 50


async def test_the_lag_is_told_until_there_is_none_and_the_partition_is_given_up(log: EventLog) -> None:
    await log.append([Record(RAW.name, "key", b"%d" % n) for n in range(250)])
    witness = await run(log, upper, until=250)
    (lags,) = [lags for lags in witness.lags.values() if lags[0]]
    assert lags == [250, 150, 150, 50, 50, 0, None]  # in batches of 100: when read, and when committed
    assert all(lags[-1] is None for lags in witness.lags.values())


async def test_a_bad_record_becomes_a_dead_letter_and_its_neighbours_pass(log: EventLog) -> None:
    async def step(records: Sequence[StoredRecord]) -> list[Outcome]:
        good = await upper(records)
        return [
            Dead(Reason.RECORD_UNDECODABLE, "not JSON") if record.value == b"bad" else outcome
            for record, outcome in zip(records, good, strict=True)
        ]

    await log.append([Record(RAW.name, key, value) for key, value in (("a", b"x"), ("b", b"bad"), ("c", b"y"))])
    await run(log, step, until=3)
    assert sorted(await values(log, ENRICHED.name)) == [b"X", b"Y"]  # type: ignore[type-var]
    (letter,) = [DeadLetter.model_validate_json(value or b"") for value in await values(log, DEAD_LETTERS.name)]
    assert (letter.reason, letter.detail, letter.stage, letter.key) == (
        Reason.RECORD_UNDECODABLE,
        "not JSON",
        "enrich",
        "b",
    )
    assert letter.payload_base64 == "YmFk"
    assert letter.origin.topic == RAW.name


async def test_a_record_that_would_be_too_large_is_refused_before_it_is_sent(log: EventLog) -> None:
    async def step(records: Sequence[StoredRecord]) -> list[Outcome]:
        return [Done((Record(ENRICHED.name, record.key or "", b"x" * MAX_RECORD_BYTES),)) for record in records]

    await log.append([Record(RAW.name, "a", b"small")])
    witness = await run(log, step, until=1)
    assert witness.batches[0].dead == {Reason.RECORD_TOO_LARGE: 1}
    assert await values(log, ENRICHED.name) == []


async def test_a_bad_world_delays_the_same_batch(log: EventLog) -> None:
    seen: list[list[str | None]] = []

    async def step(records: Sequence[StoredRecord]) -> list[Outcome]:
        seen.append([record.key for record in records])
        if len(seen) < 3:
            raise TryAgain("the world is bad")
        return await upper(records)

    await log.append([Record(RAW.name, "a", b"x")])
    witness = await run(log, step, until=1)
    assert seen == [["a"]] * 3
    assert len(witness.waits) == 2
    assert witness.waits[0] < witness.waits[1]


async def test_any_other_error_stops_the_stage_and_nothing_is_consumed(log: EventLog) -> None:
    async def step(records: Sequence[StoredRecord]) -> list[Outcome]:
        raise ZeroDivisionError

    await log.append([Record(RAW.name, "a", b"x")])
    with pytest.raises(ZeroDivisionError):
        await run(log, step, until=1)
    assert sum((await log.lag(RAW.name, "enrich")).values()) == 1


async def test_the_brake_keeps_a_topic_from_being_drained_into_dead_letters(log: EventLog) -> None:
    async def refuse(records: Sequence[StoredRecord]) -> list[Outcome]:
        return [Dead(Reason.RECORD_INVALID, "all wrong") for _ in records]

    await log.append([Record(RAW.name, "same", b"x") for _ in range(MAX_IN_ROW * 2)])
    witness = await run(log, refuse, until=MAX_IN_ROW * 2)
    assert witness.braked
    assert len(await values(log, DEAD_LETTERS.name)) < MAX_IN_ROW
    # Once the cause is mended the same records pass.
    await run(log, upper, until=MAX_IN_ROW * 2)
    assert len(await values(log, ENRICHED.name)) == MAX_IN_ROW * 2


async def test_a_log_that_is_away_for_a_moment_delays_a_commit_and_does_not_end_the_stage(
    log: EventLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.append([Record(RAW.name, "a", b"x")])
    away = [LogUnavailable("disk full"), LogUnavailable("disk full")]
    commit = SqliteShare.commit

    async def commit_later(share: SqliteShare, records: Sequence[Record], consumed: int | None = None) -> None:
        if away:
            raise away.pop()
        await commit(share, records, consumed)

    monkeypatch.setattr(SqliteShare, "commit", commit_later)
    witness = await run(log, upper, until=1)
    assert len(witness.waits) == 2
    assert await values(log, ENRICHED.name) == [b"X"]


async def test_a_dead_letter_with_a_very_long_key_and_value_still_fits(log: EventLog) -> None:
    async def refuse(records: Sequence[StoredRecord]) -> list[Outcome]:
        return [Dead(Reason.RECORD_INVALID, "wrong") for _ in records]

    await log.append([Record(RAW.name, "k" * 200_000, b"v" * 600_000)])
    await run(log, refuse, until=1)
    (letter,) = [DeadLetter.model_validate_json(value or b"") for value in await values(log, DEAD_LETTERS.name)]
    assert letter.payload_bytes == 600_000
