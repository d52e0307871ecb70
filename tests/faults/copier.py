"""A process that copies one topic to another through our adapter: the smallest service that can go wrong like one.

`python -m tests.faults.copier JOB`, with the job as JSON. As ingest does, it mints the number of each event from a
table of its share; with `is_stage` it is a `Stage` with dead letters, as enrich and publish are.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from schemas.reasons import Reason
from services.common.clock import system_clock
from services.common.event_log.brake import Brake
from services.common.event_log.kafka.log import KafkaLog
from services.common.event_log.kafka.settings import Times
from services.common.event_log.open import open_log
from services.common.event_log.port import EventLog, Record, Share, StoredRecord
from services.common.event_log.transform import Dead, Done, Outcome, Stage
from services.common.logs import LogFormat, set_up_logs
from services.common.runtime import stop_on_signals
from tests.faults.mutations import MUTATION_VARIABLE, apply_mutation

POISON, OVERSIZE = "poison", "oversize"
OVERSIZE_BYTES = 1_200_000


@dataclass(frozen=True, slots=True)
class Job:
    """`step_seconds` is what a batch takes between its poll and its commit."""

    log: str
    source: str
    target: str
    table: str
    group: str
    batch_records: int
    step_seconds: float
    session_seconds: float
    is_stage: bool = False
    accepts_dead_letters: bool = False
    blocks_seconds: float = 0.0

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @property
    def times(self) -> Times:
        """Short sessions, so that a short run has many; everything else as in production."""
        heartbeat_seconds = self.session_seconds / 4
        return Times(session_seconds=self.session_seconds, heartbeat_seconds=heartbeat_seconds, grace_seconds=1.0)


async def copy(job: Job) -> None:
    """Until SIGTERM. SIGUSR1 blocks the event loop."""
    stop = asyncio.Event()
    signal.signal(signal.SIGUSR1, lambda _number, _frame: time.sleep(job.blocks_seconds))
    with stop_on_signals(stop):
        async with _open(job) as log:
            if job.is_stage:
                await _stage(job).run(log, stop)
                return

            async def work(share: Share) -> None:
                while not share.stopping:
                    batch = await share.poll(job.batch_records, 0.5)
                    if batch.records:
                        await asyncio.sleep(job.step_seconds)
                        await share.commit(copies(job, share.tables[job.table], batch.records), batch.next_offset)

            await log.share_out(job.source, job.group, (job.table,), work, stop)


def copies(job: Job, counts: Mapping[str, bytes], records: Sequence[StoredRecord]) -> list[Record]:
    """A copy of each record with its number, and the table's new counts."""
    newest = dict(counts)
    written = []
    for record in records:
        key = record.key or ""
        newest[key] = str(int(newest.get(key, b"0")) + 1).encode()
        event_id = f"{key}:{newest[key].decode()}"
        written.append(Record(job.target, key, record.value, (("ce_id", event_id.encode()),)))
        written.append(Record(job.table, key, newest[key]))
    return written


def _open(job: Job) -> EventLog:
    scheme, _, addresses = job.log.partition("://")
    if scheme == "kafka":
        return KafkaLog(addresses.split(","), system_clock, 1, job.times)
    return open_log(job.log)


def _stage(job: Job) -> Stage:
    async def step(records: Sequence[StoredRecord]) -> list[Outcome]:
        await asyncio.sleep(job.step_seconds)
        return [_outcome(job, record) for record in records]

    return Stage(
        name=job.group,
        source=job.source,
        step=step,
        clock=system_clock,
        max_records=job.batch_records,
        brake=Brake(accept=job.accepts_dead_letters),
    )


def _outcome(job: Job, record: StoredRecord) -> Outcome:
    key, text = record.key or "", (record.value or b"").decode()
    kind, _, _ = text.partition(" ")
    if kind == POISON:
        return Dead(Reason.RECORD_INVALID, text)
    value = text.ljust(OVERSIZE_BYTES if kind == OVERSIZE else 0).encode()
    return Done((Record(job.target, key, value, (("ce_id", text.split()[0].encode()),)),))


def main() -> None:
    set_up_logs("info", LogFormat.JSON)
    job = Job(**json.loads(sys.argv[1]))
    apply_mutation(os.environ.get(MUTATION_VARIABLE, ""))
    asyncio.run(copy(replace(job)))


if __name__ == "__main__":
    main()
