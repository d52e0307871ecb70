"""Listens to the stages: one log line a batch, metrics, and what health needs to know."""

import structlog

from services.common.clock import system_clock
from services.common.errors import TryAgain
from services.common.event_log.transform import BatchDone, Observer
from services.common.health import Health
from services.common.metrics import Metrics


class StageWatch(Observer):
    """The runtime's observer of all stages of one process."""

    def __init__(self, health: Health, metrics: Metrics) -> None:
        self._health = health
        self._metrics = metrics
        self._log = structlog.get_logger()
        self._held: set[str] = set()

    def moved(self, stage: str) -> None:
        self._health.moved(stage)

    def batch_done(self, batch: BatchDone) -> None:
        metrics, stage = self._metrics, batch.stage
        metrics.records.labels(stage).inc(batch.records)
        metrics.written.labels(stage).inc(batch.written)
        metrics.batch_seconds.labels(stage, "step").observe(batch.step_seconds)
        metrics.batch_seconds.labels(stage, "commit").observe(batch.commit_seconds)
        metrics.last_commit.labels(stage).set(system_clock().timestamp())
        for reason, count in batch.dead.items():
            metrics.dead_letters.labels(stage, reason).inc(count)
        self._log.info(
            f"{stage}.batch_done",
            partition=batch.partition,
            records=batch.records,
            written=batch.written,
            dead=sum(batch.dead.values()),
            step_seconds=round(batch.step_seconds, 4),
            commit_seconds=round(batch.commit_seconds, 4),
        )

    def lag(self, stage: str, partition: int, offsets: int | None) -> None:
        if offsets is None:
            self._metrics.lag.remove(stage, str(partition))
        else:
            self._metrics.lag.labels(stage, str(partition)).set(offsets)

    def trying_again(self, stage: str, partition: int, error: TryAgain, wait_seconds: float) -> None:
        self._metrics.retries.labels(stage).inc()
        self._health.block(_waiting(stage, partition), str(error))
        self._log.warning(
            f"{stage}.delayed", partition=partition, detail=str(error), wait_seconds=round(wait_seconds, 1)
        )

    def going_on(self, stage: str, partition: int) -> None:
        self._health.clear(_waiting(stage, partition))
        self._log.info(f"{stage}.went_on", partition=partition)

    def brake(self, stage: str, partition: int, *, is_on: bool) -> None:
        check = f"{stage} brake on partition {partition}"
        if is_on:
            self._held.add(check)
            self._health.block(check, "too many dead letters; see docs/runbook.md")
            self._log.error(
                f"{stage}.brake_held", partition=partition, detail="too many dead letters: none is committed"
            )
        else:
            self._held.discard(check)
            self._health.clear(check)
            self._log.info(f"{stage}.brake_released", partition=partition)
        self._metrics.brake.labels(stage).set(sum(held.startswith(f"{stage} ") for held in self._held))


def _waiting(stage: str, partition: int) -> str:
    return f"{stage} partition {partition}"
