"""Records to what aiokafka sends, and what it fetched to records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka import ConsumerRecord

from services.common.event_log.partitions import partition_of
from services.common.event_log.port import Record, StoredRecord

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Placed:
    """A record and the partition it goes to."""

    record: Record
    partition: int

    def arguments(self, timestamp_ms: int) -> dict[str, Any]:
        """For the producer's `send`."""
        return {
            "topic": self.record.topic,
            "partition": self.partition,
            "key": self.record.key.encode("utf-8", "surrogateescape"),
            "value": self.record.value,
            "headers": list(self.record.headers),
            "timestamp_ms": timestamp_ms,
        }


def place(records: Sequence[Record], partitions: Mapping[str, int]) -> list[Placed]:
    """`partitions` has how many each topic has."""
    return [
        Placed(
            record,
            partition_of(
                record.key if record.partition_key is None else record.partition_key, partitions[record.topic]
            ),
        )
        for record in records
    ]


def stored(fetched: ConsumerRecord) -> StoredRecord:
    return StoredRecord(
        fetched.topic,
        fetched.partition,
        fetched.offset,
        _EPOCH + timedelta(milliseconds=fetched.timestamp),
        None if fetched.key is None else key_text(fetched.key),
        fetched.value,
        tuple((name, b"" if value is None else value) for name, value in fetched.headers),
    )


def key_text(key: bytes) -> str:
    return key.decode("utf-8", "surrogateescape")


def milliseconds(moment: datetime) -> int:
    """Whole milliseconds since 1970."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)
