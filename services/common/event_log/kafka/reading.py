"""`read` on Kafka: a topic as a consumer without a group sees it."""

import time
from collections.abc import AsyncGenerator

from aiokafka import TopicPartition

from services.common.errors import LogUnavailable
from services.common.event_log.kafka.clients import Brokers
from services.common.event_log.kafka.closing import stop_client
from services.common.event_log.kafka.records import stored
from services.common.event_log.port import Start, StoredRecord

WAIT_MS = 500
BATCH_RECORDS = 200  # of a partition: bounds what is unpacked at once


async def read(
    brokers: Brokers, partitions: list[TopicPartition], start: Start, *, follow: bool
) -> AsyncGenerator[StoredRecord, None]:
    """See the port."""
    reader = brokers.reader(start)
    try:
        async with brokers.limited(brokers.times.start_seconds, "starting a reader"):
            await reader.start()
            reader.assign(partitions)
            ends = {} if follow else await reader.end_offsets(partitions)
            positions = {partition: await reader.position(partition) for partition in partitions}
        heard, heard_at = None, time.monotonic()
        while follow or any(positions[partition] < end for partition, end in ends.items()):
            async with brokers.limited(brokers.times.call_seconds, "reading"):
                batches = await reader.getmany(timeout_ms=WAIT_MS, max_records=BATCH_RECORDS)
                for partition in partitions:
                    positions[partition] = await reader.position(partition)
            for records in batches.values():
                for record in records:
                    if follow or record.offset < ends[TopicPartition(record.topic, record.partition)]:
                        yield stored(record)
            answers = [reader.last_poll_timestamp(partition) for partition in partitions]
            if batches or answers != heard:
                heard, heard_at = answers, time.monotonic()
            elif time.monotonic() - heard_at > brokers.times.silence_seconds:
                raise LogUnavailable(f"{brokers} does not answer: reading {partitions[0].topic}")
    finally:
        await stop_client(reader, brokers.times.stop_seconds)
