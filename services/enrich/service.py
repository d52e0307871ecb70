"""enrich: `news.articles.raw.v1` in, `news.articles.enriched.v1` out. The tagging runs in worker processes."""

from collections.abc import Callable, Mapping, Sequence

import structlog

from schemas.enriched import TagTask
from schemas.reasons import Reason
from schemas.topics import ENRICHED, RAW
from services.common.clock import Clock
from services.common.event_log.brake import Brake
from services.common.event_log.port import Record, StoredRecord
from services.common.event_log.transform import Dead, Done, Outcome, Stage
from services.common.metrics import Metrics
from services.common.runtime import Runtime
from services.common.workers import WorkerFailed, Workers
from services.enrich.settings import EnrichSettings
from services.enrich.tagging import NOTHING_LEFT_OUT
from services.enrich.worker import Enriched, enrich_records, load_taggers, without_tags

STAGE = "enrich"
START_SECONDS = 60.0  # a cold disk takes ten times the second it usually is
# An article that kills its worker is tried again without the one tag, then without the other.
SUSPECTS = (TagTask.ENTITIES, TagTask.MEDIA_TOPICS)
Work = Callable[[Sequence[bytes | None], Clock, Mapping[TagTask, Reason]], list[Enriched | Dead]]


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
    """Batches to workers. A batch that kills its worker is taken apart, so that only the culprit loses a tag."""

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
            results = await self._run(self._settings.batch_timeout_seconds, values)
        except WorkerFailed:
            results = [await self._alone(value) for value in values]
        return [self._outcome(result) for result in results]

    async def _alone(self, value: bytes | None) -> Enriched | Dead:
        """The article with all tags that can be had."""
        reason = Reason.WORKER_DIED
        for suspect in (None, *SUSPECTS):
            without = {suspect: reason} if suspect else {}
            try:
                [result] = await self._run(self._settings.article_timeout_seconds, [value], without)
            except WorkerFailed as error:
                reason = error.reason
            else:
                return result
        return without_tags(value, reason, self._clock())

    async def _run(
        self, seconds: float, values: Sequence[bytes | None], without: Mapping[TagTask, Reason] = NOTHING_LEFT_OUT
    ) -> list[Enriched | Dead]:
        try:
            return await self._workers.run(seconds, self._work, values, self._clock, dict(without))
        except WorkerFailed as error:
            self._metrics.worker_failures.labels(STAGE, error.reason).inc()
            structlog.get_logger().warning(
                "enrich.worker_failed", reason=error.reason, detail=str(error), articles=len(values)
            )
            raise

    def _outcome(self, result: Enriched | Dead) -> Outcome:
        if isinstance(result, Dead):
            return result
        for problem in result.problems:
            self._metrics.tag_problems.labels(problem.task, problem.reason).inc()
        return Done((Record(ENRICHED.name, result.article_id, result.value),))
