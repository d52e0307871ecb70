"""One partition of a source topic held by this process; see the port."""

import asyncio
import time
from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from services.common.errors import LogUnavailable, OwnershipLost
from services.common.event_log.kafka.clients import Brokers, one_line
from services.common.event_log.kafka.records import place, stored
from services.common.event_log.kafka.topics import Topics
from services.common.event_log.kafka.transactions import TransactionFailed, Transactions
from services.common.event_log.limits import refuse_oversize
from services.common.event_log.port import Batch, Record, Stop


class KafkaShare:
    """Made once its producer has fenced the last owner and its tables are restored."""

    def __init__(
        self,
        brokers: Brokers,
        topics: Topics,
        group: str,
        source: TopicPartition,
        reader: AIOKafkaConsumer,
        transactions: Transactions,
        tables: dict[str, dict[str, bytes]],
        position: int,
        stop: Stop,
    ) -> None:
        self._brokers = brokers
        self._topics = topics
        self._group = group
        self._source = source
        self._reader = reader
        self._transactions = transactions
        self._tables = tables
        self._stop = stop
        self._next_offset = position
        self._ahead: list[ConsumerRecord] = []
        self._committing = asyncio.Lock()
        self._giving_up = asyncio.Event()
        self._lost: str | None = None
        self._heard: tuple[int | None, float] = (None, time.monotonic())

    @property
    def partition(self) -> int:
        return int(self._source.partition)

    @property
    def tables(self) -> Mapping[str, Mapping[str, bytes]]:
        return self._tables

    @property
    def stopping(self) -> bool:
        return self._giving_up.is_set() or self._stop.is_set()

    async def wait_stopping(self) -> None:
        await self._giving_up.wait()

    async def poll(self, max_records: int, wait_seconds: float) -> Batch:
        self.refuse_when_lost()
        if self.stopping:
            return Batch((), self._next_offset)
        try:
            # One more than asked: if there is none, the position is behind the markers that follow the last one.
            await self._fetch(max_records + 1, 0.0)
            if not self._ahead and wait_seconds > 0:
                await self._fetch_unless_stopping(max_records + 1, wait_seconds)
            self._refuse_when_silent()
            position = await self._position()
        except OffsetOutOfRangeError as error:
            raise self._end(f"{self._brokers} has no record at offset {self._next_offset}") from error
        except KafkaError as error:
            raise self._end(f"{self._brokers}: {one_line(error)}") from error
        records, self._ahead = self._ahead[:max_records], self._ahead[max_records:]
        self._next_offset = self._ahead[0].offset if self._ahead else position
        # Behind the end that everybody sees: somebody's open transaction must not hide a lag.
        behind = max(0, (self._reader.highwater(self._source) or 0) - self._next_offset)
        return Batch(tuple(stored(record) for record in records), self._next_offset, behind)

    async def commit(self, records: Sequence[Record], consumed: int | None = None) -> None:
        async with self._committing:
            self.refuse_when_lost()
            refuse_oversize(records)
            changes = [record for record in records if record.topic in self._tables]
            try:
                partitions = await self._topics.partitions({record.topic for record in records})
            except LogUnavailable as error:
                raise self._end(str(error)) from error
            placed = place(records, partitions)
            for change in placed:
                if change.record.topic in self._tables and change.partition != self.partition:
                    key, table = change.record.key, change.record.topic
                    raise ValueError(f"record {key} of table {table} is not of partition {self.partition}")
            offsets = {} if consumed is None else {self._source: consumed}
            if not placed and not offsets:
                return
            try:
                await self._transactions.commit(placed, self._group, offsets)
            except TransactionFailed as error:
                raise self._end(str(error)) from error
            except BaseException:
                self._end("a commit was cut short")
                raise
            if not self._transactions.is_usable:
                self._end("its producer's last commit may have been sent twice")
            self._update_tables(changes)

    def give_up(self) -> None:
        """Let work end by itself."""
        self._giving_up.set()

    def refuse_when_lost(self) -> None:
        if self._lost is not None:
            raise self._end(self._lost)

    def close(self) -> None:
        """Refuse every act from now on."""
        self._lost = self._lost or "it has ended"

    def _update_tables(self, changes: Sequence[Record]) -> None:
        for record in changes:
            if record.value is None:
                self._tables[record.topic].pop(record.key, None)
            else:
                self._tables[record.topic][record.key] = record.value

    async def _fetch(self, max_records: int, wait_seconds: float) -> None:
        """Into `_ahead` at once: a poll that is cancelled must not lose what aiokafka has handed out."""
        missing = max_records - len(self._ahead)
        if missing > 0:
            batches = await self._reader.getmany(
                self._source, timeout_ms=round(wait_seconds * 1000), max_records=missing
            )
            self._ahead += batches.get(self._source, ())

    async def _fetch_unless_stopping(self, max_records: int, wait_seconds: float) -> None:
        fetching = asyncio.ensure_future(self._fetch(max_records, wait_seconds))
        stopping = asyncio.ensure_future(self._giving_up.wait())
        try:
            await asyncio.wait({fetching, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if fetching.done():
                fetching.result()
        finally:
            fetching.cancel()
            stopping.cancel()

    async def _position(self) -> int:
        """aiokafka's own position if it knows one at once; it waits when it has none."""
        try:
            async with asyncio.timeout(0):
                return int(await self._reader.position(self._source))
        except TimeoutError:
            return self._next_offset

    def _refuse_when_silent(self) -> None:
        """aiokafka's fetching can die without a word (#1037)."""
        answered_at, noticed_at = self._heard
        now = time.monotonic()
        if self._ahead or self._reader.last_poll_timestamp(self._source) != answered_at:
            self._heard = (self._reader.last_poll_timestamp(self._source), now)
        elif now - noticed_at > self._brokers.times.silence_seconds:
            raise self._end(f"{self._brokers} has not answered a fetch for {now - noticed_at:.0f} s")

    def _end(self, reason: str) -> OwnershipLost:
        self._lost = self._lost or reason
        self._giving_up.set()
        return OwnershipLost(f"share of {self._source.topic} partition {self.partition} lost: {self._lost}")
