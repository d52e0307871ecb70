"""Copiers as the subject of a run: a topic that kcat feeds, copied by several processes."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiokafka import AIOKafkaProducer

from schemas.topics import DEAD_LETTERS
from tests.faults.cases import Case
from tests.faults.checker import Expected
from tests.faults.cluster import Cluster, fault_topic
from tests.faults.copier import Job
from tests.faults.feed import expected_of, make_feed
from tests.faults.kcat import Feeder, keys_and_texts
from tests.faults.mutations import MUTATION_VARIABLE
from tests.faults.processes import supervised
from tests.faults.run import Run, Subject

SOURCE, TARGET, TABLE, GROUP = "faults.source.v1", "faults.target.v1", "faults.table.v1", "copier"

FED_SHARE = 0.95  # of the lines: a kcat that gave up takes with it what it had in hand


@asynccontextmanager
async def copiers(case: Case, seed: int, cluster: Cluster, folder: Path, mutation: str) -> AsyncIterator[Subject]:
    """Started, on topics of their own; logs go to `folder`."""
    feed = make_feed(case, seed)
    async with cluster.log() as log:
        topics = [fault_topic(SOURCE, case.partitions), fault_topic(TARGET, case.partitions)]
        await log.ensure([*topics, fault_topic(TABLE, case.partitions, compact=True), DEAD_LETTERS], create=True)
    await _write_aborted(cluster, case.aborted_in_source)
    variables = {MUTATION_VARIABLE: mutation}
    names = [f"copier-{number}" for number in range(1, case.workers + 1)]
    feeder = Feeder(cluster.direct, SOURCE)

    async def expect_brake(run: Run) -> list[str]:
        """The run of poison has stopped the workers; then an operator accepts it."""
        await run.until_quiet()
        problems = [] if await run.lag() else ["the brake did not stop a run of poison"]
        for worker in workers:
            await run.term(worker)
            worker.change_command(_command(case, cluster, accepts_dead_letters=True), {})
            worker.start()
        return problems

    async def expected() -> Expected:
        found = await asyncio.to_thread(keys_and_texts, cluster.direct, SOURCE)
        if len(found) < FED_SHARE * len(feed.lines):
            raise RuntimeError(f"kcat has fed {len(found)} of {len(feed.lines)} records")
        return expected_of(found)

    async with supervised(names, lambda _: (_command(case, cluster), variables), folder) as workers:
        try:
            yield Subject(
                workers=workers,
                target=TARGET,
                table=TABLE,
                groups=[(SOURCE, GROUP)],
                warm_up=lambda: feeder.feed_some(feed.lines[: feed.warm]),
                warm_partitions=case.partitions,
                feed=lambda: feeder.feed(feed.lines[feed.warm :], case.seconds),
                expected=expected,
                after=expect_brake if case.brake_run else None,
            )
        finally:
            feeder.close()


def _command(case: Case, cluster: Cluster, *, accepts_dead_letters: bool = False) -> list[str]:
    job = Job(
        log=cluster.address,
        source=SOURCE,
        target=TARGET,
        table=TABLE,
        group=GROUP,
        batch_records=case.batch_records,
        step_seconds=case.step_seconds,
        session_seconds=case.session_seconds,
        is_stage=case.is_stage,
        accepts_dead_letters=accepts_dead_letters,
        blocks_seconds=2.2 * case.session_seconds,
    )
    return [sys.executable, "-m", "tests.faults.copier", job.to_json()]


async def _write_aborted(cluster: Cluster, count: int) -> None:
    """Records that must never be read from the source: their transaction is aborted."""
    if not count:
        return
    producer = AIOKafkaProducer(bootstrap_servers=cluster.direct, transactional_id="aborted")
    await producer.start()
    try:
        await producer.begin_transaction()
        sent = [await producer.send(SOURCE, b"aborted", key=f"k{number}".encode()) for number in range(count)]
        await asyncio.gather(*sent)
        await producer.abort_transaction()
    finally:
        await producer.stop()
