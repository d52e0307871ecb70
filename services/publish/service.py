"""publish: `news.articles.enriched.v1` in, the public article topics out."""

from collections.abc import Sequence

from schemas.article import Kind
from schemas.enriched import EnrichedArticle
from schemas.topics import ENRICHED
from services.common.decode import decode
from services.common.event_log.brake import Brake
from services.common.event_log.port import StoredRecord
from services.common.event_log.transform import Dead, Done, Outcome, Stage
from services.common.runtime import Runtime
from services.publish.route import public_records
from services.publish.settings import PublishSettings


async def run_publish(runtime: Runtime, settings: PublishSettings) -> None:
    """Publish until the runtime stops."""

    async def step(records: Sequence[StoredRecord]) -> list[Outcome]:
        return [publish(record) for record in records]

    def publish(record: StoredRecord) -> Outcome:
        article = decode(record, EnrichedArticle)
        if isinstance(article, Dead):
            return article
        now = runtime.clock()
        if article.kind is not Kind.RETAGGED:
            runtime.metrics.stage_delay_seconds.observe(max(0.0, (now - article.stages.fetched).total_seconds()))
        if article.published_at is not None and article.kind is Kind.PUBLISHED:
            delay = (now - article.published_at).total_seconds()
            runtime.metrics.publication_delay_seconds.observe(max(0.0, delay))
        return Done(public_records(article, settings.media_topic_threshold, now))

    stage = Stage(
        name="publish",
        source=ENRICHED.name,
        step=step,
        clock=runtime.clock,
        max_records=settings.batch_records,
        observer=runtime.watch,
        brake=Brake(accept=settings.accept_dead_letters),
    )
    await stage.run(runtime.log, runtime.stop)
