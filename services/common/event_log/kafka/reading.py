"""`read` on Kafka: a topic as a consumer without a group sees it."""

import time
from collections.abc import AsyncGenerator

from aiokafka import TopicPartition

from services.common.errors import LogUnavailable
from services.common.event_log.kafka.clients import Brokers
from services.common.event_log.kafka.records import stored
from services.common.event_log.port import Start, StoredRecord

FOLLOW_MS = 500
LOOK_MS = 20  # where the end is near: aiokafka waits this long although it has read a marker that is no record (#911)
BATCH_RECORDS = 200  # of a partition: bounds what is unpacked at once


async def read(
    brokers: Brokers, partitions: list[TopicPartition], start: Start, *, follow: bool
) -> AsyncGenerator[StoredRecord, None]:
    """See the port.

    The end is the high watermark: what was appended just now is below it, though perhaps not yet to be read.
    """
    reader = brokers.reader(start)
    try:
        async with brokers.limited(brokers.times.start_seconds, "starting a reader"):
            await reader.start()
            reader.assign(partitions)
        ends: dict[TopicPartition, int] = {}
        ended: set[TopicPartition] = set()
        heard, heard_at = None, time.monotonic()
        while follow or len(ended) < len(partitions):
            async with brokers.limited(brokers.times.call_seconds, "reading"):
                batches = await reader.getmany(timeout_ms=FOLLOW_MS if follow else LOOK_MS, max_records=BATCH_RECORDS)
                for partition in () if follow else partitions:
                    if partition not in ends and (end := reader.highwater(partition)) is not None:
                        ends[partition] = end
                    if partition in ends and await reader.position(partition) >= ends[partition]:
                        ended.add(partition)
            for partition, records in batches.items():
                for record in records:
                    if follow or record.offset < ends[partition]:
                        yield stored(record)
            answers = [reader.last_poll_timestamp(partition) for partition in partitions]
            if batches or answers != heard:
                heard, heard_at = answers, time.monotonic()
            elif time.monotonic() - heard_at > brokers.times.silence_seconds:
                raise LogUnavailable(f"{brokers} does not answer: reading {partitions[0].topic}")
    finally:
        await brokers.stop(reader)
