"""Tables of a partition, read whole: the latest value of each key."""

import time
from collections.abc import Collection, Iterable, Mapping

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from services.common.errors import LogUnavailable
from services.common.event_log.kafka.clients import Brokers
from services.common.event_log.kafka.records import key_text

_LOOK_MS = 20  # aiokafka waits this long although it has read a marker that is no record (#911)


async def restore(
    brokers: Brokers, reader: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]
) -> dict[str, dict[str, bytes]]:
    """Read each table from its beginning to its end, an offset. Raises LogUnavailable if no answer comes.

    An end must be that of all that is written, not the last stable offset: while somebody else's transaction is open,
    that one hides what our last owner has committed behind it.
    """
    values: dict[str, dict[str, bytes]] = {table.topic: {} for table in ends}
    waiting = set(ends)
    heard, heard_at = _last_answers(reader, ends), time.monotonic()
    reader.assign(list(ends))
    async with brokers.limited(brokers.times.call_seconds, "restoring tables"):
        await reader.seek_to_beginning()
    while waiting:
        async with brokers.limited(brokers.times.call_seconds, "restoring tables"):
            for table, records in (await reader.getmany(timeout_ms=_LOOK_MS)).items():
                apply(values[table.topic], records)
            for table in list(waiting):
                if await reader.position(table) >= ends[table]:
                    waiting.discard(table)
        if (answers := _last_answers(reader, ends)) != heard:
            heard, heard_at = answers, time.monotonic()
        elif time.monotonic() - heard_at > brokers.times.silence_seconds:
            raise LogUnavailable(f"{brokers} does not answer: restoring tables")
    return values


def apply(values: dict[str, bytes], records: Iterable[ConsumerRecord]) -> None:
    for record in records:
        if record.value is None:
            values.pop(key_text(record.key), None)
        else:
            values[key_text(record.key)] = record.value


def _last_answers(reader: AIOKafkaConsumer, tables: Collection[TopicPartition]) -> list[int | None]:
    assigned = reader.assignment()
    return [reader.last_poll_timestamp(table) if table in assigned else None for table in tables]
