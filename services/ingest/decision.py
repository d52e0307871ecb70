"""What matching a document decides: records and states to be written in one commit."""

from dataclasses import dataclass
from datetime import datetime

from schemas.article import Article
from schemas.contract import format_timestamp
from schemas.feed import ArticleState


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record of `news.articles.raw.v1` to be written: the article, and its entry as JSON, as it was read."""

    article: Article
    entry_json: bytes

    def to_json(self, ingested_at: datetime) -> bytes:
        """The value of the record: a RawArticle, put together without parsing the entry again."""
        return b'{"article":%b,"entry":%b,"ingested_at":"%b"}' % (
            self.article.to_json(),
            self.entry_json,
            format_timestamp(ingested_at).encode(),
        )


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of a document's entries; `joined` are known articles this feed carries for the first time.

    `held` are changed articles whose edit has to wait, as they change too often: their document must be read again even
    if it does not change, or the last edit would never be seen.
    """

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    joined: int = 0
    duplicate: int = 0
    held: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """`records` in the order of the document, `states` those that changed: both to be written in one commit.

    `values` are the states as JSON, in their order.
    """

    records: tuple[RawRecord, ...]
    states: tuple[ArticleState, ...]
    values: tuple[bytes, ...]
    counts: Counts

    @property
    def changes(self) -> dict[str, bytes]:
        """The changed states as table records, article_id → JSON."""
        return {state.article_id: value for state, value in zip(self.states, self.values, strict=True)}
