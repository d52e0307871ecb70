"""From an enriched article to its public records. Pure."""

from datetime import datetime

from schemas.cloudevents import article_headers
from schemas.enriched import EnrichedArticle
from schemas.topics import ARTICLES, LATEST, ROUTES
from services.common.event_log.port import Record


def route_article(article: EnrichedArticle, media_topic_threshold: float) -> tuple[str, ...]:
    """Names of the topics an article goes to: all articles, the latest state, and its clear media topics."""
    routes = (
        ROUTES[media_topic.code].name
        for media_topic in article.media_topics
        if media_topic.score >= media_topic_threshold and media_topic.code in ROUTES
    )
    return (ARTICLES.name, LATEST.name, *routes)


def public_records(article: EnrichedArticle, media_topic_threshold: float, now: datetime) -> tuple[Record, ...]:
    """The article as downstream reads it, once for each of its topics."""
    stages = article.stages.model_copy(update={"published": now})
    public = article.model_copy(update={"stages": stages})
    value, headers = public.to_json(), article_headers(public)
    return tuple(
        Record(topic, public.article_id, value, headers) for topic in route_article(public, media_topic_threshold)
    )
