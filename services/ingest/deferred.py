"""Records that may wait for a commit to share: the schedules of feeds that have not changed."""

import time

from services.common.event_log.port import Record


class Deferred:
    """The newest record of each key, until `delay_seconds` after the first came."""

    def __init__(self, delay_seconds: float) -> None:
        self._delay_seconds = delay_seconds
        self._records: dict[str, Record] = {}
        self._since = 0.0

    def add(self, record: Record) -> None:
        if not self._records:
            self._since = time.monotonic()
        self._records[record.key] = record

    def drop(self, key: str) -> None:
        """Something newer is written for this key: what waited would undo it."""
        self._records.pop(key, None)

    def is_due(self, *, closing: bool) -> bool:
        return bool(self._records) and (closing or time.monotonic() - self._since >= self._delay_seconds)

    def take(self) -> list[Record]:
        records = list(self._records.values())
        self._records.clear()
        return records
