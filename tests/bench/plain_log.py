"""The obvious Kafka loop behind our port, to compare with: no transactions, at least once, offsets after records."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from services.common.event_log.port import Batch, Record, Stop, StoredRecord, Work


class PlainLog:
    """Only what a stage needs: `share_out` over all partitions, by one member."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap

    async def share_out(self, source: str, group: str, tables: Collection[str], work: Work, stop: Stop) -> None:
        consumer = AIOKafkaConsumer(
            source,
            bootstrap_servers=self._bootstrap,
            group_id=group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            acks="all",
            compression_type="zstd",
            max_batch_size=128 * 1024,
            linger_ms=5,
        )
        async with consumer, producer:
            await work(_PlainShare(consumer, producer, stop))

    async def lag(self, source: str, group: str) -> Mapping[int, int]:
        return {}


class _PlainShare:
    """All partitions at once, as a loop without ownership has them."""

    partition = 0
    tables: Mapping[str, Mapping[str, bytes]] = {}

    def __init__(self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, stop: Stop) -> None:
        self._consumer = consumer
        self._producer = producer
        self._stop = stop
        self._consumed: dict[TopicPartition, int] = {}

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    async def wait_stopping(self) -> None:
        await self._stop.wait()

    async def poll(self, max_records: int, wait_seconds: float) -> Batch:
        batches: Mapping[TopicPartition, Sequence[Any]] = await self._consumer.getmany(
            timeout_ms=round(wait_seconds * 1000), max_records=max_records
        )
        records = []
        for source, found in batches.items():
            self._consumed[source] = found[-1].offset + 1
            for one in found:
                moment = datetime.fromtimestamp(one.timestamp / 1000, UTC)
                key = None if one.key is None else one.key.decode()
                records.append(
                    StoredRecord(source.topic, source.partition, one.offset, moment, key, one.value, tuple(one.headers))
                )
        return Batch(tuple(records), 0)

    async def commit(self, records: Sequence[Record], consumed: int | None = None) -> None:
        sent = [
            await self._producer.send(each.topic, each.value, key=each.key.encode(), headers=list(each.headers))
            for each in records
        ]
        await asyncio.gather(*sent)
        await self._consumer.commit(self._consumed)
