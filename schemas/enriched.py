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
    """Ids in public registers, null where newsflow is not sure. Codes: the country and state a place is, or is in."""

    geonames: int | None = None
    iso_3166_1: str | None = Field(default=None, description="Two letters: `DE` for Germany and for Munich.")
    iso_3166_2: str | None = Field(default=None, description="First level: `DE-BY` for Bavaria and for Munich.")
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


class Signature(Contract):
    """A MinHash signature of an article's text, for finding copies of it. Compare those of one scheme only.

    Articles that share one of the `bands` are worth comparing; the share of equal `values` estimates how much of their
    text is the same. Of the 126 values the first 96 are of the whole text, the others of its lead.
    """

    scheme: str
    shingles: int = Field(ge=1, description="Distinct runs of three words in the text.")
    values: str = Field(min_length=336, max_length=336, description="126 big-endian 16-bit numbers in Base64.")
    bands: tuple[str, ...] = Field(
        min_length=42, max_length=42, description="One key for each three values: place, then hash, in hexadecimal."
    )


class DetectedLanguage(Contract):
    """`code` is ISO 639-1, or `und` where the text does not tell."""

    code: str
    score: Score
    contradicts_declared: bool = Field(default=False, description="Whether the publisher declares another language.")


class TagTask(StrEnum):
    LANGUAGE = "language"
    ENTITIES = "entities"
    PLACE_IDS = "place_ids"
    MEDIA_TOPICS = "media_topics"
    SIGNATURE = "signature"


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
    signature: Signature | None = Field(default=None, description="Null where the text is too short to have one.")
    tagged_by: tuple[TaggedBy, ...] = ()
    tag_problems: tuple[TagProblem, ...] = ()
    stages: Stages

    @property
    def event_id(self) -> str:
        """Unique on each public topic: `article_id:revision:tagging`."""
        return f"{self.article_id}:{self.revision}:{self.tagging}"
