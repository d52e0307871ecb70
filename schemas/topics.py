"""The registry of log topics: name, key, partitions, retention and schema of each, in one place."""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from schemas.article import RawArticle
from schemas.contract import Contract
from schemas.dead_letter import DeadLetter
from schemas.enriched import EnrichedArticle
from schemas.feed import ArticleState, Feed, FeedState, FeedStatusEvent, HostState
from schemas.media_topics import TOP_LEVEL_MEDIA_TOPICS

MAX_RECORD_BYTES = 1024 * 1024  # key, value and headers, before compression; Kafka's own default
WIDE_PARTITIONS = 12
NARROW_PARTITIONS = 3


class Cleanup(StrEnum):
    DELETE = "delete"
    COMPACT = "compact"


@dataclass(frozen=True, slots=True)
class LogTopic:
    """A topic on the log. `retention` is None where only compaction removes records."""

    name: str
    schema: type[Contract]
    key: str
    partitions: int
    cleanup: Cleanup
    retention: timedelta | None
    public: bool
    about: str
    partitioned_by: str | None = None  # None: by the key
    beside: tuple[type[Contract], ...] = ()  # schemas of other records in it, told apart by the prefix of their key


def _stream(name: str, schema: type[Contract], key: str, about: str, *, days: int, public: bool) -> LogTopic:
    return LogTopic(name, schema, key, WIDE_PARTITIONS, Cleanup.DELETE, timedelta(days=days), public, about)


def _table(name: str, schema: type[Contract], key: str, about: str) -> LogTopic:
    return LogTopic(name, schema, key, WIDE_PARTITIONS, Cleanup.COMPACT, None, False, about, partitioned_by="home")


def _narrow(topic: LogTopic) -> LogTopic:
    return replace(topic, partitions=NARROW_PARTITIONS)


FEEDS = _table("news.feeds.v1", Feed, "feed_id", "What to poll; written by `newsflow feeds sync`.")
FEED_STATE = replace(
    _table("news.feed-state.v1", FeedState, "feed_id", "Validators, schedule and errors of each feed."),
    beside=(HostState,),
)
ARTICLE_STATE = _table("news.article-state.v1", ArticleState, "article_id", "What is known of each article.")

RAW = _stream("news.articles.raw.v1", RawArticle, "article_id", "Articles with their entries.", days=30, public=False)
ENRICHED = _stream("news.articles.enriched.v1", EnrichedArticle, "article_id", "Tagged articles.", days=7, public=False)
ARTICLES = _stream("news.articles.v1", EnrichedArticle, "article_id", "Every article.", days=30, public=True)
LATEST = replace(
    ARTICLES,
    name="news.articles.latest.v1",
    cleanup=Cleanup.COMPACT,
    retention=None,
    about="The newest state of each article; a null value is a tombstone.",
)
FEED_STATUS = _narrow(
    _stream("news.feed-status.v1", FeedStatusEvent, "feed_id", "How feeds stand.", days=90, public=True)
)
DEAD_LETTERS = _narrow(
    _stream("news.dead-letters.v1", DeadLetter, "original key", "What was refused, and why.", days=90, public=False)
)
ROUTES = {
    medtop.code: _narrow(
        replace(ARTICLES, name=f"news.articles.{medtop.slug}.v1", about=f"Articles on {medtop.label}.")
    )
    for medtop in TOP_LEVEL_MEDIA_TOPICS
}

LOG_TOPICS: dict[str, LogTopic] = {
    topic.name: topic
    for topic in (
        FEEDS,
        FEED_STATE,
        ARTICLE_STATE,
        RAW,
        ENRICHED,
        ARTICLES,
        LATEST,
        FEED_STATUS,
        DEAD_LETTERS,
        *ROUTES.values(),
    )
}
