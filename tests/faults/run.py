"""A run of workers on a cluster while a schedule happens: fed, hurt, drained, stopped, read with kcat."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from services.common.errors import LogUnavailable
from tests.faults.checker import Expected, check
from tests.faults.cluster import Cluster
from tests.faults.history import Done, History, Seen
from tests.faults.kcat import Follower, dead_letter_texts, read_all
from tests.faults.processes import Worker
from tests.faults.schedule import Act, Action

START_SECONDS = 60.0
DRAIN_SECONDS = 120.0  # without an arrival, while there is lag
QUIET_SECONDS = 4.0  # without an arrival and without lag: what is not there by now is lost
EXIT_SECONDS = 10.0  # the aim for SIGTERM to exit
PATIENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Subject:
    """What is put to the test: started workers, what they are fed, and what must come of it.

    `warm_up` is fed first: the run begins when so many partitions of the target have something. `groups` are (source
    topic, consumer group). `after` is done once all is fed, before the drain; it returns problems.
    """

    workers: Sequence[Worker]
    target: str
    table: str
    groups: Sequence[tuple[str, str]]
    warm_up: Callable[[], Awaitable[None]]
    warm_partitions: int
    feed: Callable[[], Awaitable[None]]
    expected: Callable[[], Awaitable[Expected]]
    after: Callable[["Run"], Awaitable[list[str]]] | None = None


class Run:
    """Of one subject. `problems` are those that no history shows; `expected` is known once all is fed."""

    def __init__(self, cluster: Cluster, subject: Subject) -> None:
        self.history = History()
        self.expected = Expected({})
        self.problems: list[str] = []
        self._cluster = cluster
        self._subject = subject
        self._started_at = time.monotonic()
        self._follower = Follower(cluster.direct, subject.target)

    async def play(self, actions: Sequence[Action]) -> History:
        """Everything from the first record to the last look."""
        subject, history = self._subject, self.history
        feeding: asyncio.Future[None] | None = None
        try:
            await self._warm_up()
            self._started_at = time.monotonic()
            feeding = asyncio.ensure_future(subject.feed())
            for action in actions:
                await self._act(action)
            await feeding
            await self._cluster.settle()
            self.expected = await subject.expected()
            for worker in subject.workers:
                worker.start()
            if subject.after is not None:
                self.problems += await subject.after(self)
            await self._drain()
            await asyncio.gather(*(self.term(worker) for worker in subject.workers if worker.is_running))
            history.crashes += [crash for worker in subject.workers for crash in worker.crashes]
            history.committed = await self._read("read_committed")
            history.uncommitted = await self._read("read_uncommitted")
            history.dead_letters = await asyncio.to_thread(dead_letter_texts, self._cluster.direct)
        finally:
            if feeding is not None:
                feeding.cancel()
            history.live = [
                replace(seen, at_seconds=seen.at_seconds - self._started_at) for seen in self._follower.close()
            ]
            history.ended_at_seconds = time.monotonic() - self._started_at
        return history

    async def term(self, worker: Worker) -> float:
        """Seconds from SIGTERM to its exit."""
        seconds = await worker.term(PATIENCE_SECONDS)
        self.history.exit_seconds.append(seconds)
        if seconds > EXIT_SECONDS:
            self.problems.append(f"{worker.name} took {seconds:.1f} s from SIGTERM to its exit")
        return seconds

    async def lag(self) -> int | None:
        """Of all groups together; None while the brokers do not say."""
        try:
            async with self._cluster.log() as log:
                return sum([sum((await log.lag(*group)).values()) for group in self._subject.groups])
        except LogUnavailable:
            return None

    async def until_quiet(self) -> None:
        """Return when nothing has come for a while."""
        count, since = -1, time.monotonic()
        while time.monotonic() - since < QUIET_SECONDS:
            if len(self._follower.seen) != count:
                count, since = len(self._follower.seen), time.monotonic()
            await asyncio.sleep(0.1)

    async def _warm_up(self) -> None:
        """The workers are at work. Raises RuntimeError if they never are."""
        await self._subject.warm_up()
        deadline = time.monotonic() + START_SECONDS
        while len({seen.partition for seen in self._follower.seen}) < self._subject.warm_partitions:
            if time.monotonic() > deadline:
                crashes = sum(len(worker.crashes) for worker in self._subject.workers)
                raise RuntimeError(f"workers were not at work after {START_SECONDS:.0f} s, with {crashes} crashes")
            await asyncio.sleep(0.05)

    async def _act(self, action: Action) -> None:
        await asyncio.sleep(max(0.0, self._started_at + action.at_seconds - time.monotonic()))
        began = time.monotonic()
        note = ""
        if action.act in _WORKER_ACTS:
            note = await self._act_on_worker(action.act, self._subject.workers[action.target - 1])
        else:
            await self._cluster.act(action, self._subject.table, self._subject.target, self._kill_all)
            if action.act is Act.LATE_END:
                for worker in self._subject.workers:
                    worker.start()
        took_seconds = time.monotonic() - began
        self.history.done.append(Done(began - self._started_at, action, took_seconds, note))

    async def _act_on_worker(self, act: Act, worker: Worker) -> str:
        match act:
            case Act.START:
                worker.start()
            case Act.KILL:
                worker.kill()
            case Act.TERM:
                return f"exit after {await self.term(worker):.1f} s"
            case _:
                worker.send(_SIGNALS[act])
        return ""

    async def _drain(self) -> None:
        """Return when everything is through, when nothing comes any more, or when the time is over."""
        count, since = -1, time.monotonic()
        while time.monotonic() - since < DRAIN_SECONDS:
            if len(self._follower.seen) != count:
                count, since = len(self._follower.seen), time.monotonic()
            lag = await self.lag()
            if lag == 0:
                seen = History(committed=await self._read("read_committed"))
                is_complete = not check(self.expected, seen).lost
                if not is_complete:
                    await self.until_quiet()
                if is_complete or (not self.expected.edits_may_merge and await self.lag() == 0):
                    self.history.drained = True
                    return
            await asyncio.sleep(0.2)

    async def _read(self, isolation_level: str) -> list[Seen]:
        return await asyncio.to_thread(read_all, self._cluster.direct, self._subject.target, isolation_level)

    def _kill_all(self) -> None:
        for worker in self._subject.workers:
            worker.kill()


_SIGNALS = {Act.STOP: signal.SIGSTOP, Act.CONT: signal.SIGCONT, Act.BLOCK: signal.SIGUSR1}
_WORKER_ACTS = {Act.START, Act.KILL, Act.TERM, *_SIGNALS}
