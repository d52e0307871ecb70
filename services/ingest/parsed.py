"""What parsing gives: the feed and its entries as stated, how they were read, or the one error."""

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit, urlunsplit

from schemas.entry import Entry
from schemas.reasons import Reason
from services.common.errors import NewsflowError

MAX_ENTRIES = 2_000  # the largest real feeds carry about 1,000
DETAIL_CHARACTERS = 300


class ParseError(NewsflowError):
    """A body that is no feed, or no usable one."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail[:DETAIL_CHARACTERS]}")
        self.reason = reason
        self.detail = detail[:DETAIL_CHARACTERS]

    def __reduce__(self) -> tuple[type["ParseError"], tuple[Reason, str]]:
        return type(self), (self.reason, self.detail)


class Route(StrEnum):
    """Which parser read a document: a closed set, fit for a metric label. `tolerant` is feedparser."""

    FAST = "fast"
    TOLERANT = "tolerant"
    JSON = "json"
    SITEMAP = "sitemap"


@dataclass(frozen=True, slots=True)
class FeedInfo:
    """What a document says of its feed. `ttl_minutes` and `update_period` are hints for the schedule, as stated.

    `dialect` is feedparser's name (`rss20`, `atom10`, `rss10` …), `json10`, `json11` or `sitemap`; `problem` says why
    the document is not well-formed, None if it is; `truncated` is set if entries beyond MAX_ENTRIES were left out.
    """

    title: str | None = None
    link: str | None = None
    language: str | None = None
    ttl_minutes: str | None = None
    update_period: str | None = None
    update_frequency: str | None = None
    dialect: str = ""
    problem: str | None = None
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """Two routes that read a document alike give equal feeds, so `route` takes no part in comparisons."""

    info: FeedInfo
    entries: tuple[Entry, ...]
    route: Route = field(default=Route.TOLERANT, compare=False)

    @property
    def truncated(self) -> bool:
        return self.info.truncated


def without_secrets(url: str) -> str:
    """`url` without what may be a key to it, user name and query: entries are made public, feeds' addresses are not."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
