"""`newsflow tail`: follow a topic as a downstream consumer sees it."""

from pydantic import ValidationError

from schemas.contract import format_timestamp
from schemas.enriched import EnrichedArticle
from schemas.topics import LOG_TOPICS
from services.commands.one_shot import with_log
from services.common.errors import UsageError
from services.common.event_log.port import EventLog, Start, StoredRecord


def run_tail(topic: str, log: str | None, *, from_beginning: bool, limit: int | None, as_json: bool) -> None:
    """Print records until interrupted, or until `limit` of them. Raises UsageError for an unknown topic."""
    if topic not in LOG_TOPICS:
        raise UsageError(f"there is no topic {topic}; `newsflow topics list` shows them all")
    start = Start.EARLIEST if from_beginning else Start.LATEST

    async def follow(event_log: EventLog) -> None:
        seen = 0
        async for record in event_log.read(topic, start):
            print(_value(record) if as_json else _line(record), flush=True)
            seen += 1
            if seen == limit:
                return

    with_log(log, follow)


def _value(record: StoredRecord) -> str:
    return "null" if record.value is None else record.value.decode("utf-8", "replace")


def _line(record: StoredRecord) -> str:
    place = f"{record.partition}:{record.offset}"
    if record.value is not None and LOG_TOPICS[record.topic].schema is EnrichedArticle:
        try:
            article = EnrichedArticle.model_validate_json(record.value)
        except ValidationError:
            pass
        else:
            moment = format_timestamp(article.stages.published or article.stages.enriched)
            labels = ", ".join(media_topic.label for media_topic in article.media_topics)
            return (
                f"{moment}  {place:>9}  {article.kind:<9}  [{article.language.code}]  {article.title or ''}  ({labels})"
            )
    value = _value(record)
    return f"{format_timestamp(record.timestamp)}  {place:>9}  {record.key or '':<30}  {value[:160]}"
