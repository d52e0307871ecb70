"""What a worker process does: raw article records in, enriched ones out. Its taggers are loaded once."""

import gc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import ValidationError

from schemas.article import RawArticle
from schemas.enriched import DetectedLanguage, EnrichedArticle, Stages, TagProblem, TagTask
from schemas.reasons import Reason
from services.common.clock import Clock
from services.common.decode import dead_record
from services.common.event_log.transform import Dead
from services.enrich.settings import EnrichSettings
from services.enrich.tagging import NOTHING_LEFT_OUT, Taggers, Tags

COLLECT_AFTER: Final = 20_000  # new objects that are still there, where Python itself has 700

_taggers: Taggers | None = None


@dataclass(frozen=True, slots=True)
class Enriched:
    """`value` is the record for `news.articles.enriched.v1`."""

    article_id: str
    value: bytes
    problems: tuple[TagProblem, ...]


def load_taggers(settings: EnrichSettings) -> None:
    """Called once in each new process."""
    global _taggers  # noqa: PLW0603 - a worker process has no other place to keep what it loaded
    _taggers = Taggers.load(
        settings.languages,
        entities=settings.entities,
        media_topics=settings.media_topics,
        entity_tagger=settings.entity_tagger,
        signatures=settings.signatures,
    )
    collect_less()


def collect_less() -> None:
    """To be called when all is loaded that stays: then a collection takes a hundredth of the time."""
    gc.collect()
    gc.freeze()
    # What tagging makes has no cycles and goes by itself: to look for any as often as Python does takes a thirtieth of
    # all the time.
    gc.set_threshold(COLLECT_AFTER)


def enrich_records(
    values: Sequence[bytes | None], clock: Clock, without: Mapping[TagTask, Reason] = NOTHING_LEFT_OUT
) -> list[Enriched | Dead]:
    """One outcome for each value of `news.articles.raw.v1`, in order; `without` is told in `Taggers.tag_articles`."""
    if _taggers is None:
        raise RuntimeError("load_taggers has not run in this process")
    decoded = [decode_raw(value) for value in values]
    raws = [raw for raw in decoded if isinstance(raw, RawArticle)]
    tagged = iter(_taggers.tag_articles([raw.article for raw in raws], without))
    return [enriched(raw, next(tagged), clock()) if isinstance(raw, RawArticle) else raw for raw in decoded]


def decode_raw(value: bytes | None) -> RawArticle | Dead:
    if value is None:
        return Dead(Reason.RECORD_INVALID, "record has no value")
    try:
        return RawArticle.model_validate_json(value)
    except ValidationError as error:
        return dead_record(error)


def enriched(raw: RawArticle, tags: Tags, now: datetime) -> Enriched:
    problems = tags.problems
    if tags.entities_capped:
        problems = (*problems, TagProblem(task=TagTask.ENTITIES, reason=Reason.TAGGED_IN_PART))
    article = EnrichedArticle(
        **dict(raw.article),
        language=tags.language,
        entities=tags.entities,
        media_topics=tags.media_topics,
        signature=tags.signature,
        tagged_by=tags.tagged_by,
        tag_problems=problems,
        stages=Stages(fetched=raw.article.fetched_at, ingested=raw.ingested_at, enriched=now),
    )
    return Enriched(article.article_id, article.to_json(), article.tag_problems)


def without_tags(value: bytes | None, reason: Reason, now: datetime) -> Enriched | Dead:
    """The article as it is, for one whose tagging killed its worker: it loses its tags, and says so."""
    raw = decode_raw(value)
    if isinstance(raw, Dead):
        return raw
    problems = tuple(TagProblem(task=task, reason=reason) for task in TagTask)
    return enriched(raw, Tags(language=DetectedLanguage(code="und", score=0.0), problems=problems), now)
