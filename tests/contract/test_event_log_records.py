"""Records through any event log: their order, their partitions, their bytes, and when they are seen."""

import asyncio
import random
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from schemas.topics import MAX_RECORD_BYTES
from services.common.clock import FixedClock
from services.common.errors import RecordTooLarge, UsageError
from services.common.event_log.partitions import partition_of
from services.common.event_log.port import Record, Start
from tests.support.event_log import DEADLINE_SECONDS, Harness, read_all, read_values, within
from tests.support.event_log_processes import append_batches, ended, process

ALL_BYTES = bytes(range(256))


async def test_records_of_a_partition_key_are_read_in_order_from_its_partition(harness: Harness) -> None:
    topic = harness.topic("stream", 3)
    homes = [f"home-{number}.example" for number in range(12)]
    written = [
        Record(topic.name, f"article-{number}", str(number).encode(), partition_key=homes[number % len(homes)])
        for number in range(120)
    ]
    async with harness.open() as log:
        await log.ensure([topic], create=True)
        for start in range(0, len(written), 40):
            await log.append(written[start : start + 40])
        records = await read_all(log, topic.name)

    assert {record.partition for record in records} == {0, 1, 2}
    for partition in range(3):
        read = [record for record in records if record.partition == partition]
        expected = [record for record in written if partition_of(record.partition_key or "", 3) == partition]
        assert [record.key for record in read] == [record.key for record in expected]
        offsets = [record.offset for record in read]
        assert offsets == sorted(set(offsets))


async def test_without_a_partition_key_the_key_places_the_record(harness: Harness) -> None:
    topic = harness.topic("stream", 3)
    keys = ["21", "foobar", "a-little-bit-long-string", "été", ""]
    async with harness.open() as log:
        await log.ensure([topic], create=True)
        await log.append([Record(topic.name, key, b"") for key in keys])
        placed = {record.key: record.partition for record in await read_all(log, topic.name)}

    assert placed == {key: partition_of(key, 3) for key in keys}


@pytest.mark.parametrize("value", [ALL_BYTES, b"", None], ids=["all bytes", "empty", "tombstone"])
async def test_value_survives(harness: Harness, value: bytes | None) -> None:
    topic = harness.topic("stream")
    async with harness.open() as log:
        await log.ensure([topic], create=True)
        await log.append([Record(topic.name, "key", value)])

        assert await read_values(log, topic.name) == [value]


async def test_headers_survive_with_their_order_repeated_names_and_any_bytes(harness: Harness) -> None:
    topic = harness.topic("stream")
    headers = (("ce_id", b"1"), ("trace", ALL_BYTES), ("ce_id", b"2"), ("empty", b""), ("été", b"x"))
    async with harness.open() as log:
        await log.ensure([topic], create=True)
        await log.append([Record(topic.name, "key", b"", headers), Record(topic.name, "key", b"")])

        assert [record.headers for record in await read_all(log, topic.name)] == [headers, ()]


@pytest.mark.parametrize("key", ["", "été", "line\nbreak\0", ALL_BYTES.decode("utf-8", "surrogateescape")])
async def test_key_survives(harness: Harness, key: str) -> None:
    topic = harness.topic("stream")
    async with harness.open() as log:
        await log.ensure([topic], create=True)
        await log.append([Record(topic.name, key, b"")])

        assert [record.key for record in await read_all(log, topic.name)] == [key]


async def test_timestamp_is_when_it_was_written(harness: Harness) -> None:
    topic = harness.topic("stream")
    now = datetime.now(UTC).replace(microsecond=123_000)
    async with harness.open(FixedClock(now)) as log:
        await log.ensure([topic], create=True)
        await log.append([Record(topic.name, "key", b"")])

        assert [record.timestamp for record in await read_all(log, topic.name)] == [now]


async def test_largest_record_is_taken(harness: Harness) -> None:
    topic = harness.topic("stream")
    largest = sized_record(topic.name, MAX_RECORD_BYTES)
    assert largest.size == MAX_RECORD_BYTES
    async with harness.open() as log:
        await log.ensure([topic], create=True)
        await log.append([largest] * 3)

        assert await read_values(log, topic.name) == [largest.value] * 3


async def test_oversize_record_is_refused_with_nothing_written(harness: Harness) -> None:
    topic = harness.topic("stream")
    async with harness.open() as log:
        await log.ensure([topic], create=True)
        with pytest.raises(RecordTooLarge, match=str(MAX_RECORD_BYTES + 1)):
            await log.append([Record(topic.name, "key", b"good"), sized_record(topic.name, MAX_RECORD_BYTES + 1)])
        await log.append([Record(topic.name, "key", b"later")])

        assert await read_values(log, topic.name) == [b"later"]


async def test_append_is_all_or_nothing_over_several_topics(harness: Harness) -> None:
    topics = [harness.topic("one"), harness.topic("two")]
    async with harness.open() as log:
        await log.ensure(topics, create=True)
        with pytest.raises(UsageError, match="no topic"):
            await log.append([Record(topics[0].name, "key", b""), Record(harness.topic("three").name, "key", b"")])
        assert await read_values(log, topics[0].name) == []

        await log.append([Record(topic.name, "key", b"both") for topic in topics])
        assert [await read_values(log, topic.name) for topic in topics] == [[b"both"], [b"both"]]


async def test_appending_nothing_does_nothing(harness: Harness) -> None:
    async with harness.open() as log:
        await within(log.append([]))


async def test_many_appends_at_once_are_all_kept(harness: Harness) -> None:
    topic = harness.topic("stream")
    async with harness.open() as log:
        await log.ensure([topic], create=True)
        values = [str(number).encode() for number in range(50)]
        await within(asyncio.gather(*(log.append([Record(topic.name, "key", value)]) for value in values)))

        assert sorted(v or b"" for v in await read_values(log, topic.name)) == sorted(values)


async def test_reading_without_follow_ends_at_the_end_it_began_with(harness: Harness) -> None:
    topic = harness.topic("stream", 2)
    async with harness.open() as log:
        await log.ensure([topic], create=True)
        assert await read_all(log, topic.name) == []

        await log.append([Record(topic.name, str(number), b"before") for number in range(10)])
        async with aclosing(log.read(topic.name, Start.EARLIEST, follow=False)) as records:
            first = await within(anext(records))
            await log.append([Record(topic.name, str(number), b"after") for number in range(10)])
            rest = [record async for record in records]

    assert [record.value for record in [first, *rest]] == [b"before"] * 10


async def test_following_sees_what_another_process_commits(harness: Harness) -> None:
    topic = harness.topic("stream")
    async with harness.open() as log:
        await log.ensure([topic], create=True)
        async with aclosing(log.read(topic.name, Start.EARLIEST)) as records:
            with process(append_batches, harness, topic.name, "other", 2, 3):
                seen = [(await within(anext(records))).value for _ in range(6)]

    assert seen == [f"other:{number}".encode() for number in range(6)]


async def test_following_from_the_latest_skips_what_was_there(harness: Harness) -> None:
    topic = harness.topic("stream")
    async with harness.open() as log:
        await log.ensure([topic], create=True)
        await log.append([Record(topic.name, "key", b"old")] * 3)
        # On Kafka a transaction is committed a moment before its records may be read; this waits for them.
        assert len([record async for record in log.read(topic.name, Start.EARLIEST, follow=False)]) == 3
        async with aclosing(log.read(topic.name, Start.LATEST)) as records:
            first = asyncio.ensure_future(anext(records))
            async with asyncio.timeout(DEADLINE_SECONDS):
                while not first.done():  # until it has begun to read, what is written is old to it
                    await log.append([Record(topic.name, "key", b"new")])
                    await asyncio.wait({first}, timeout=0.1)

    assert first.result().value == b"new"


async def test_following_loses_nothing_while_others_write(harness: Harness) -> None:
    topic = harness.topic("table", compact=True)
    numbers = list(range(200))
    async with harness.open() as log:
        await log.ensure([topic], create=True)

        async def write() -> None:
            shuffle = random.Random(5)
            for number in numbers:
                rewritten = [Record(topic.name, f"key-{shuffle.randrange(5)}", b"rewritten") for _ in range(2)]
                await log.append([*rewritten, Record(topic.name, f"once-{number}", b"")])

        async with aclosing(log.read(topic.name, Start.EARLIEST)) as records, asyncio.timeout(DEADLINE_SECONDS):
            writing = asyncio.create_task(write())
            seen: list[str] = []
            while len(seen) < len(numbers):
                key = (await anext(records)).key or ""
                if key.startswith("once-"):
                    seen.append(key)
            await writing

    assert seen == [f"once-{number}" for number in numbers]


async def test_batches_are_seen_whole_or_not_at_all(harness: Harness) -> None:
    topic = harness.topic("stream")
    batch_size = 20
    async with harness.open() as log:
        await log.ensure([topic], create=True)
        with process(append_batches, harness, topic.name, "other", 30, batch_size) as child:
            sizes = {0}
            while child.is_alive():
                sizes.add(len(await read_all(log, topic.name)))
            assert await ended(child) == 0
        sizes.add(len(await read_all(log, topic.name)))

    assert max(sizes) == 30 * batch_size
    assert len(sizes) > 2, "nothing was read while the other process wrote"
    assert {size % batch_size for size in sizes} == {0}


async def test_several_processes_write_at_once(harness: Harness) -> None:
    topic = harness.topic("stream", 2)
    writers = ["a", "b", "c"]
    async with harness.open() as log:
        await log.ensure([topic], create=True)
        with (
            process(append_batches, harness, topic.name, "a", 20, 5) as first,
            process(append_batches, harness, topic.name, "b", 20, 5) as second,
            process(append_batches, harness, topic.name, "c", 20, 5) as third,
        ):
            assert [await ended(child) for child in (first, second, third)] == [0, 0, 0]
        records = await read_all(log, topic.name)

    for writer in writers:
        values = [record.value for record in records if record.key == writer]
        assert values == [f"{writer}:{number}".encode() for number in range(100)]


async def test_reading_a_topic_that_is_not_there_is_refused(harness: Harness) -> None:
    async with harness.open() as log:
        with pytest.raises(UsageError, match="no topic"):
            await read_all(log, harness.topic("missing").name)


def sized_record(topic: str, size: int) -> Record:
    """Random bytes: compression must not make an oversize record pass."""
    headers = (("header", b"value"),)
    key = "key"
    return Record(topic, key, random.Random(1).randbytes(size - len("key" + "header" + "value")), headers)
