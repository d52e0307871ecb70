"""The article: one entry, normalised. Ingest mints its id and its revisions."""

from enum import StrEnum

from pydantic import Field

from schemas.contract import Contract, Timestamp, hash_id
from schemas.entry import Entry


class Kind(StrEnum):
    """Why a record was written. `withdrawn` is for later use: readers must expect it."""

    PUBLISHED = "published"
    UPDATED = "updated"
    RETAGGED = "retagged"
    WITHDRAWN = "withdrawn"


class DateQuality(StrEnum):
    """What `published_at` is worth. Only `missing` and `unreadable` leave it null."""

    STATED = "stated"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    ZONE_ASSUMED = "zone_assumed"
    FUTURE = "future"
    EPOCH = "epoch"
    CONSTANT = "constant"
    BUMPED = "bumped"


class FeedRef(Contract):
    """The feed that carried an article. Its address stays in `news.feeds.v1`: it may hold a token."""

    feed_id: str
    title: str | None = None
    link: str | None = Field(default=None, description="The page the feed belongs to, as the feed states it.")


class Publisher(Contract):
    home: str = Field(description="The registrable domain all feeds of the publisher share.")
    name: str | None = None


class Author(Contract):
    name: str
    url: str | None = None


class Category(Contract):
    """A category of the publisher's own; derived tags are kept apart, in `media_topics`."""

    term: str
    scheme: str | None = None
    label: str | None = None


class Media(Contract):
    url: str
    media_type: str | None = None
    medium: str | None = None
    width: int | None = None
    height: int | None = None
    bytes: int | None = None
    title: str | None = None
    credit: str | None = None


class Credit(Contract):
    """Where the publisher says the text or its picture comes from."""

    name: str | None = None
    url: str | None = None


class Article(Contract):
    """`article_id` never changes; `revision` counts changes of content from 1. Text fields are plain text, but for
    `body_html`."""

    article_id: str
    revision: int = Field(ge=1)
    kind: Kind
    url: str | None = Field(description="Canonical address of the article's page.")
    title: str | None
    summary: str | None
    body: str | None
    authors: tuple[Author, ...] = ()
    published_at: Timestamp | None = None
    updated_at: Timestamp | None = None
    fetched_at: Timestamp
    date_quality: DateQuality
    feed: FeedRef
    also_in: tuple[FeedRef, ...] = ()
    publisher: Publisher
    declared_language: str | None = Field(default=None, description="BCP 47 tag, as the feed or entry declares it.")
    categories: tuple[Category, ...] = ()
    media: tuple[Media, ...] = ()
    source: Credit | None = None
    fingerprint: str = Field(description="Hash of the content an edit would change.")
    truncated: tuple[str, ...] = Field(default=(), description="Names of the fields that were cut to their size limit.")
    body_html: str | None = Field(
        default=None,
        description="The body as sanitised HTML, safe to show; null where the feed gave none. Links are absolute.",
    )


class RawArticle(Contract):
    """The record of `news.articles.raw.v1`: the article, and the entry it came from."""

    article: Article
    entry: Entry
    ingested_at: Timestamp


ARTICLE_ID_RULE = "a1"


def mint_article_id(home: str, *identity: str) -> str:
    """A new article's id; `identity` is ("url", URL), ("guid", feed_id, guid) or ("content", feed_id, hash)."""
    return hash_id(ARTICLE_ID_RULE, home, *identity)
