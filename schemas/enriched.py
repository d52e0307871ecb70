"""The enriched article: the record of `news.articles.enriched.v1` and of every public article topic."""

from enum import StrEnum

from pydantic import Field

from schemas.article import Article
from schemas.contract import Contract, Score, Timestamp
from schemas.reasons import Reason


class EntityType(StrEnum):
    PERSON = "person"
    ORGANISATION = "organisation"
    PLACE = "place"


class Mention(Contract):
    """`start` and `end` count Unicode code points in `field` of the article (JavaScript counts UTF-16 units)."""

    field: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    text: str


class EntityIds(Contract):
    """Ids in public registers, null where newsflow is not sure."""

    geonames: int | None = None
    iso_3166_1: str | None = None
    iso_3166_2: str | None = None
    wikidata: str | None = None


class Entity(Contract):
    name: str
    type: EntityType
    score: Score
    ids: EntityIds = EntityIds()
    mentions: tuple[Mention, ...]


class MediaTopic(Contract):
    """An IPTC media topic, `code` in the form `medtop:11000000`."""

    code: str
    label: str
    score: Score


class DetectedLanguage(Contract):
    """`code` is ISO 639-1, or `und` where the text does not tell."""

    code: str
    score: Score


class TagTask(StrEnum):
    LANGUAGE = "language"
    ENTITIES = "entities"
    MEDIA_TOPICS = "media_topics"


class TaggedBy(Contract):
    """Name and version of what did one task. A task without an entry was not done."""

    task: TagTask
    name: str
    version: str


class TagProblem(Contract):
    """A task that failed on this article: its tags are missing, the article is not."""

    task: TagTask
    reason: Reason


class Stages(Contract):
    """When each stage handled this record."""

    fetched: Timestamp
    ingested: Timestamp
    enriched: Timestamp
    published: Timestamp | None = None


class EnrichedArticle(Article):
    """An article with its tags. `tagging` counts re-tagging from 0 within a revision."""

    tagging: int = Field(default=0, ge=0)
    language: DetectedLanguage
    entities: tuple[Entity, ...] = ()
    media_topics: tuple[MediaTopic, ...] = ()
    tagged_by: tuple[TaggedBy, ...] = ()
    tag_problems: tuple[TagProblem, ...] = ()
    stages: Stages

    @property
    def event_id(self) -> str:
        """Unique on each public topic: `article_id:revision:tagging`."""
        return f"{self.article_id}:{self.revision}:{self.tagging}"
