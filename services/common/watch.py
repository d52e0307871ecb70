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
        self._health.clear(f"{stage} retries")
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

    def trying_again(self, stage: str, error: TryAgain, wait_seconds: float) -> None:
        self._metrics.retries.labels(stage).inc()
        self._health.block(f"{stage} retries", str(error))
        self._log.warning(f"{stage}.batch_delayed", detail=str(error), wait_seconds=round(wait_seconds, 1))

    def brake(self, stage: str, *, is_on: bool) -> None:
        self._metrics.brake.labels(stage).set(is_on)
        if is_on:
            self._health.block(f"{stage} brake", "too many dead letters; see docs/runbook.md")
            self._log.error(f"{stage}.brake_held", detail="too many dead letters: nothing is committed")
        elif stage in self._held:
            self._health.clear(f"{stage} brake")
            self._log.info(f"{stage}.brake_released")
        if is_on:
            self._held.add(stage)
        else:
            self._held.discard(stage)
