"""What every adapter refuses before it writes anything."""

from collections.abc import Iterable

from schemas.topics import MAX_RECORD_BYTES
from services.common.errors import RecordTooLarge
from services.common.event_log.port import Record


def refuse_oversize(records: Iterable[Record]) -> None:
    """Raises RecordTooLarge for the first record above the limit."""
    for record in records:
        if record.size > MAX_RECORD_BYTES:
            raise RecordTooLarge(
                f"record {record.key} for {record.topic} has {record.size} bytes, the limit is {MAX_RECORD_BYTES}"
            )
