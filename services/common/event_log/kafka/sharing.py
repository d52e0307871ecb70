"""`share_out` on Kafka: the membership says which partitions are ours, each of them is held by a task."""

import asyncio
from collections.abc import Collection

from services.common.event_log.kafka.holding import Holding, Job
from services.common.event_log.kafka.membership import Membership


class Sharing:
    """One call of `share_out`."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._membership = Membership(job.brokers, job.questions, job.source, job.group, self._held)
        self._holdings: dict[int, Holding] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Return once stopped, or once the work of all partitions held has returned by itself."""
        async with asyncio.TaskGroup() as group:
            membership = group.create_task(self._membership.run())
            stopping = group.create_task(self._wake_at_stop())
            while not self._job.stop.is_set():
                self._follow(group)
                if self._is_done():
                    break
                await self._membership.changed.wait()
                self._membership.changed.clear()
            stopping.cancel()
            self._job.brokers.closing.begin(self._job.brokers.times)
            for holding in self._holdings.values():
                holding.end()
            if self._tasks:
                await asyncio.wait(self._tasks.values())
            membership.cancel()  # last: whoever gets our partitions finds nobody to fence

    def _held(self) -> Collection[int]:
        return [partition for partition, holding in self._holdings.items() if not holding.is_lost]

    def _is_done(self) -> bool:
        assigned = self._membership.assigned
        return bool(assigned) and all(self._tasks[partition].done() for partition in assigned)

    async def _wake_at_stop(self) -> None:
        await self._job.stop.wait()
        self._membership.changed.set()

    def _follow(self, group: asyncio.TaskGroup) -> None:
        """Give up the partitions that are ours no longer, begin those that are new."""
        assigned = self._membership.assigned
        for partition, holding in self._holdings.items():
            if partition not in assigned:
                holding.lose()
        for partition in assigned:
            former = self._tasks.get(partition)
            if former is None or self._holdings[partition].is_lost:
                holding = Holding(self._job, self._membership, partition)
                self._holdings[partition] = holding
                self._tasks[partition] = group.create_task(self._hold(holding, former))

    async def _hold(self, holding: Holding, former: asyncio.Task[None] | None) -> None:
        if former is not None:
            await asyncio.wait({former})
        await holding.run()
        self._membership.changed.set()
