"""CloudEvents 1.0 attributes as record headers (Kafka protocol binding, binary mode)."""

from schemas.contract import format_timestamp
from schemas.enriched import EnrichedArticle
from schemas.feed import FeedStatusEvent

Headers = tuple[tuple[str, bytes], ...]


def article_headers(article: EnrichedArticle) -> Headers:
    """Headers of a public article record; `ce_time` is when the publish stage handled it, `ce_subject` its id."""
    moment = article.stages.published or article.stages.enriched
    return _headers(
        id=article.event_id,
        source=f"/publishers/{article.publisher.home}",
        type=f"news.article.{article.kind}.v1",
        time=format_timestamp(moment),
        subject=article.article_id,
    )


def feed_status_headers(event: FeedStatusEvent) -> Headers:
    moment = format_timestamp(event.at)
    return _headers(
        id=f"{event.feed_id}:{moment}:{event.status}",
        source=f"/publishers/{event.home}",
        type="news.feed.status.v1",
        time=moment,
        subject=event.feed_id,
    )


def _headers(**attributes: str) -> Headers:
    return (
        ("ce_specversion", b"1.0"),
        *((f"ce_{name}", value.encode()) for name, value in attributes.items()),
        ("content-type", b"application/json"),
    )
