"""The event log as services see it: whole acts, never steps, so that a commit cannot be put in the wrong order.

Two adapters implement it (`sqlite/`, `kafka/`); the contract suite holds both to what is written here.

Order: records of one partition are read in the order of their offsets; all records of a partition key are in one
partition. Visibility: readers see a commit whole or not at all. Offsets rise, with gaps.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from types import TracebackType
from typing import Protocol, Self

from schemas.cloudevents import Headers
from schemas.topics import LogTopic


@dataclass(frozen=True, slots=True)
class Record:
    """A record to be written. `value` None is a tombstone. Its partition follows from `partition_key`, or the key."""

    topic: str
    key: str
    value: bytes | None
    headers: Headers = ()
    partition_key: str | None = None

    @property
    def size(self) -> int:
        """Bytes that count towards the record limit: key, value and headers."""
        headers = sum(len(name.encode()) + len(value) for name, value in self.headers)
        return len(self.key.encode("utf-8", "surrogateescape")) + len(self.value or b"") + headers


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as read. A key that is not UTF-8 keeps its bytes as surrogate escapes; None is a foreign null key."""

    topic: str
    partition: int
    offset: int
    timestamp: datetime
    key: str | None
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one partition in order; `next_offset` is what to commit as consumed once all are dealt with.

    `behind` is how far from there the end of the partition was lately, in offsets.
    """

    records: tuple[StoredRecord, ...]
    next_offset: int
    behind: int = 0


class Start(Enum):
    EARLIEST = "earliest"
    LATEST = "latest"


class Share(Protocol):
    """Exclusive hold of one partition of a source topic, with its co-partitioned tables restored.

    `poll` and `commit` may run at the same time, each once.

    `tables` maps table topic → key → latest value; a successful commit updates it. It belongs to the adapter: do
    not write to it. Once `stopping` is true the work should commit what is done and return.
    """

    @property
    def partition(self) -> int: ...

    @property
    def tables(self) -> Mapping[str, Mapping[str, bytes]]: ...

    @property
    def stopping(self) -> bool: ...

    async def wait_stopping(self) -> None:
        """Return once the share is to be given up."""

    async def poll(self, max_records: int, wait_seconds: float) -> Batch:
        """The next records after those of the last poll; empty after `wait_seconds`, or at once when stopping.

        The first poll starts at the group's committed offset, or at the earliest record. A cancelled poll loses
        nothing. Raises OwnershipLost.
        """

    async def commit(self, records: Sequence[Record], consumed: int | None = None) -> None:
        """Write `records` and the consumed offset, all or nothing; return when durable.

        Records of a table must belong to this share's partition. Raises OwnershipLost when the partition belongs to
        someone else or the outcome is unknown; LogUnavailable, RecordTooLarge, UsageError (no such topic) and
        ValueError when nothing was written. A cancelled commit may be written or not, and ends the share.
        """


Work = Callable[[Share], Awaitable[None]]


class EventLog(Protocol):
    """One log. Use it as an async context manager. Naming a topic that it does not have raises UsageError."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    async def ensure(self, topics: Collection[LogTopic], *, create: bool) -> None:
        """Check that `topics` exist as registered, creating those that are missing if `create`.

        Raises TopicMismatch with every difference in its text. To be called before anything names a topic.
        """

    async def append(self, records: Sequence[Record]) -> None:
        """Write `records`, all or nothing; return when durable. Raises RecordTooLarge, LogUnavailable.

        A log that goes away meanwhile cannot say what became of them: after LogUnavailable they may be written.
        """

    def read(self, topic: str, start: Start, *, follow: bool = True) -> AsyncGenerator[StoredRecord, None]:
        """Committed records of every partition, as a consumer without a group sees them.

        Without `follow` it ends at the end the topic had when reading began. Close it if you leave it early.
        """

    async def share_out(self, source: str, group: str, tables: Collection[str], work: Work, stop: "Stop") -> None:
        """Run `work(share)` for each partition of `source` this member of `group` holds, until `stop`.

        Partitions run concurrently. When a share is lost its work is cancelled, after a bounded time to finish; a
        partition can come back with a new share, so work keeps nothing beyond its share. Work that returns early
        is done with its partition; once that is so for all this member holds, this returns without waiting for
        `stop`. An error of work other than OwnershipLost stops all and is raised. Raises UsageError if a table has
        not as many partitions as `source`.
        """

    async def lag(self, source: str, group: str) -> Mapping[int, int]:
        """How far `group` is behind the end of each partition of `source`, in offsets; 0 if it has consumed all.

        What was committed a moment ago may not be counted yet.
        """

    async def check(self) -> None:
        """Return if the log answers. Raises LogUnavailable."""


class Stop(Protocol):
    """What `share_out` needs of a stop signal: `asyncio.Event` has it."""

    def is_set(self) -> bool: ...

    async def wait(self) -> object: ...
