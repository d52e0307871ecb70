"""Which feed to poll next: due ones in order of time, one at a time for each host, with a gap between requests."""

import heapq
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class _Host:
    free_at: float  # monotonic seconds
    waiting: deque[str] = field(default_factory=deque)


class Agenda:
    """The feeds of one share. Times of feeds are wall-clock, as kept in their state; gaps are monotonic seconds."""

    def __init__(self, gap_seconds: float, started: float) -> None:
        """The first request to any host waits one gap: an owner before us may just have sent one."""
        self._gap_seconds = gap_seconds
        self._started = started
        self._planned: dict[str, tuple[datetime, str]] = {}
        self._heap: list[tuple[datetime, str]] = []
        self._hosts: dict[str, _Host] = {}
        self._free: list[tuple[float, str]] = []  # hosts to look at once free; each is in it at most once
        self._rests: dict[str, datetime] = {}
        self._gaps: dict[str, float] = {}

    def plan(self, feed_id: str, host: str, at: datetime) -> None:
        """Poll the feed at `at`, instead of when it was planned before."""
        self._planned[feed_id] = (at, host)
        heapq.heappush(self._heap, (at, feed_id))

    def drop(self, feed_id: str) -> None:
        self._planned.pop(feed_id, None)

    def rest(self, host: str, until: datetime) -> None:
        """Poll no feed of the host before `until`, whenever they are due."""
        self._rests[host] = until

    def widen(self, host: str, gap_seconds: float) -> None:
        """Leave at least this gap between requests to the host; 0 for that of all others."""
        if gap_seconds > self._gap_seconds:
            self._gaps[host] = gap_seconds
        else:
            self._gaps.pop(host, None)

    def take(self, now: datetime, monotonic: float) -> tuple[str, str] | None:
        """A feed to poll now and its host, if there is one; the host is busy until `finished`."""
        self._queue_due(now)
        while self._free and self._free[0][0] <= monotonic:
            _, name = heapq.heappop(self._free)
            host = self._hosts[name]
            if self._is_resting(name, host, now, monotonic):
                continue
            while host.waiting:
                feed_id = host.waiting.popleft()
                planned = self._planned.get(feed_id)
                if planned is not None and planned[1] == name and planned[0] <= now:
                    del self._planned[feed_id]
                    return feed_id, name
            # Nothing waits and the gap is over: there is nothing left to remember of this host.
            del self._hosts[name]
        return None

    def finished(self, host: str, monotonic: float) -> None:
        """The request to `host` has ended."""
        self._hosts[host].free_at = monotonic + self._gaps.get(host, self._gap_seconds)
        heapq.heappush(self._free, (self._hosts[host].free_at, host))

    def seconds_to_next(self, now: datetime, monotonic: float) -> float | None:
        """How long until `take` should be asked again; None if nothing is planned."""
        waits = []
        if self._free:
            waits.append(max(0.0, self._free[0][0] - monotonic))
        if self._heap:
            waits.append(max(0.0, (self._heap[0][0] - now).total_seconds()))
        return min(waits, default=None)

    def _is_resting(self, name: str, host: _Host, now: datetime, monotonic: float) -> bool:
        until = self._rests.get(name)
        if until is None:
            return False
        if until <= now:
            del self._rests[name]
            return False
        host.free_at = monotonic + (until - now).total_seconds()
        heapq.heappush(self._free, (host.free_at, name))
        return True

    def _queue_due(self, now: datetime) -> None:
        while self._heap and self._heap[0][0] <= now:
            at, feed_id = heapq.heappop(self._heap)
            planned = self._planned.get(feed_id)
            if planned is None or planned[0] != at:
                continue
            name = planned[1]
            host = self._hosts.get(name)
            if host is None:
                host = self._hosts[name] = _Host(self._started + self._gap_seconds)
                heapq.heappush(self._free, (host.free_at, name))
            host.waiting.append(feed_id)
