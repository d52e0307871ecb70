"""Topics of any event log: made as registered, and every difference told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from schemas.topics import Cleanup
from services.common.errors import TopicMismatch
from services.common.event_log.port import Record
from tests.support.event_log import Harness, read_values


async def test_missing_topics_are_made(harness: Harness) -> None:
    topics = [harness.topic("stream", 2), harness.topic("table", 3, compact=True)]
    async with harness.open() as log:
        await log.ensure(topics, create=True)
        await log.ensure(topics, create=True)
        await log.ensure(topics, create=False)
        await log.append([Record(topic.name, "key", b"value") for topic in topics])
        assert [await read_values(log, topic.name) for topic in topics] == [[b"value"], [b"value"]]

    async with harness.open() as log:
        await log.ensure(topics, create=False)


async def test_missing_topics_are_named_and_not_made_unasked(harness: Harness) -> None:
    there, missing, other = harness.topic("there"), harness.topic("missing"), harness.topic("other")
    async with harness.open() as log:
        await log.ensure([there], create=True)
        for _ in range(2):
            with pytest.raises(TopicMismatch) as refusal:
                await log.ensure([there, missing, other], create=False)
            text = str(refusal.value)
            assert f"{missing.name} is missing" in text
            assert f"{other.name} is missing" in text
            assert f"{there.name} " not in text


async def test_every_difference_is_told_and_nothing_is_made(harness: Harness) -> None:
    stream, table, new = harness.topic("stream", 2), harness.topic("table", 2, compact=True), harness.topic("new")
    async with harness.open() as log:
        await log.ensure([stream, table], create=True)
        changed = [
            replace(stream, partitions=3, retention=timedelta(days=2)),
            replace(table, cleanup=Cleanup.DELETE, retention=timedelta(hours=1)),
            new,
        ]
        with pytest.raises(TopicMismatch) as refusal:
            await log.ensure(changed, create=True)
        text = str(refusal.value)
        assert f"{stream.name} has partitions 2, registered is 3" in text
        assert f"{stream.name} has retention_ms 86400000, registered is 172800000" in text
        assert f"{table.name} has cleanup compact, registered is delete" in text
        assert f"{table.name} has retention_ms" in text
        assert "\n" not in text

        with pytest.raises(TopicMismatch, match=f"{new.name} is missing"):
            await log.ensure([new], create=False)
        await log.ensure([stream, table], create=False)


async def test_check_passes_while_the_log_answers(harness: Harness) -> None:
    async with harness.open() as log:
        await log.check()
