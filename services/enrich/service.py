"""enrich: `news.articles.raw.v1` in, `news.articles.enriched.v1` out. The tagging runs in worker processes."""

from collections.abc import Callable, Sequence

import structlog

from schemas.topics import ENRICHED, RAW
from services.common.clock import Clock
from services.common.event_log.brake import Brake
from services.common.event_log.port import Record, StoredRecord
from services.common.event_log.transform import Dead, Done, Outcome, Stage
from services.common.metrics import Metrics
from services.common.runtime import Runtime
from services.common.workers import WorkerFailed, Workers
from services.enrich.settings import EnrichSettings
from services.enrich.worker import Enriched, enrich_records, load_taggers, without_tags

STAGE = "enrich"
START_SECONDS = 60.0  # a cold disk takes ten times the second it usually is
Work = Callable[[Sequence[bytes | None], Clock], list[Enriched | Dead]]


async def run_enrich(runtime: Runtime, settings: EnrichSettings) -> None:
    """Tag articles until the runtime stops."""
    async with Workers(settings.workers, settings.worker_memory_bytes, load_taggers, (settings,)) as workers:
        tagger = BatchTagger(runtime.metrics, runtime.clock, workers, settings)
        await workers.ready(START_SECONDS)
        stage = Stage(
            name=STAGE,
            source=RAW.name,
            step=tagger.step,
            clock=runtime.clock,
            max_records=settings.batch_records,
            observer=runtime.watch,
            brake=Brake(accept=settings.accept_dead_letters),
        )
        await stage.run(runtime.log, runtime.stop)


class BatchTagger:
    """Batches to workers. A batch that kills its worker is taken apart, so that only the culprit loses its tags."""

    def __init__(
        self, metrics: Metrics, clock: Clock, workers: Workers, settings: EnrichSettings, work: Work = enrich_records
    ) -> None:
        self._metrics = metrics
        self._clock = clock
        self._workers = workers
        self._settings = settings
        self._work = work

    async def step(self, records: Sequence[StoredRecord]) -> list[Outcome]:
        values = [record.value for record in records]
        try:
            results = await self._workers.run(self._settings.batch_timeout_seconds, self._work, values, self._clock)
        except WorkerFailed as error:
            self._tell(error, len(values))
            results = [await self._alone(value) for value in values]
        return [self._outcome(result) for result in results]

    async def _alone(self, value: bytes | None) -> Enriched | Dead:
        try:
            results = await self._workers.run(self._settings.article_timeout_seconds, self._work, [value], self._clock)
        except WorkerFailed as error:
            self._tell(error, 1)
            return without_tags(value, error.reason, self._clock())
        return results[0]

    def _outcome(self, result: Enriched | Dead) -> Outcome:
        if isinstance(result, Dead):
            return result
        for problem in result.problems:
            self._metrics.tag_problems.labels(problem.task, problem.reason).inc()
        return Done((Record(ENRICHED.name, result.article_id, result.value),))

    def _tell(self, error: WorkerFailed, articles: int) -> None:
        self._metrics.worker_failures.labels(STAGE, error.reason).inc()
        structlog.get_logger().warning(
            "enrich.worker_failed", reason=error.reason, detail=str(error), articles=articles
        )
