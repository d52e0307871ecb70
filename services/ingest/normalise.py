"""Normalise an entry: what a feed states in, the content of an article out, clean and bounded."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from schemas.article import Author, Category, Credit, DateQuality, Media
from schemas.contract import utc_milliseconds
from schemas.entry import Entry, StatedText
from schemas.reasons import Reason
from services.common.errors import NewsflowError
from services.ingest.dates import read_date
from services.ingest.fingerprint import all_hashes, title_key
from services.ingest.limits import Limits, cut
from services.ingest.markup import sanitised
from services.ingest.text import clean, fold, is_html, is_markup, is_plain, plain_text, plain_title, text_of, unescaped
from services.ingest.urls import canonical_url

FULL_TEXT_CHARACTERS = 2_000  # a description of this length is no summary: such feeds put the whole article there
_MAX_FOLDED = 50_000  # of a title or guid, the rest is not looked at


class EntryError(NewsflowError):
    """An entry that cannot become an article."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type["EntryError"], tuple[Reason, str]]:
        return type(self), (self.reason, self.detail)


@dataclass(frozen=True, slots=True)
class FeedContext:
    """What normalising needs to know of the feed. `base_url` is where its document was found."""

    feed_id: str
    home: str
    base_url: str


@dataclass(frozen=True, slots=True)
class Draft:
    """An article's content before it has an identity: the fields of Article of the same names, and what matches it.

    `guid` is the entry's own, None if it is over its limit; `content_key`, `title_key` and `text_key` are as
    `fingerprint` gives them.
    """

    url: str | None
    title: str | None
    summary: str | None
    body: str | None
    authors: tuple[Author, ...]
    published_at: datetime | None
    updated_at: datetime | None
    fetched_at: datetime
    date_quality: DateQuality
    declared_language: str | None
    categories: tuple[Category, ...]
    media: tuple[Media, ...]
    source: Credit | None
    fingerprint: str
    truncated: tuple[str, ...]
    guid: str | None
    content_key: str | None
    body_html: str | None = None
    title_key: str | None = None
    text_key: str | None = None


def normalise_entry(entry: Entry, feed: FeedContext, fetched_at: datetime) -> Draft:
    """The content of `entry`. Every text is plain, encodable as UTF-8 and within its limit; names of cut fields are in
    `truncated`. Raises EntryError (ENTRY_WITHOUT_CONTENT) if it has neither title, link, guid nor text."""
    limits = Limits()
    title = limits.text("title", _title(entry.title) if entry.title else None)
    url = _url(entry, feed, limits)
    summary, body, body_html = _texts(entry, url or feed.base_url)
    summary, body = limits.text("summary", summary), limits.text("body", body)
    body_html = limits.markup("body_html", body_html)
    guid = limits.whole("guid", fold(entry.guid[:_MAX_FOLDED]) if entry.guid else None)
    if not (title or summary or body or url or guid):
        raise EntryError(Reason.ENTRY_WITHOUT_CONTENT, "no title, link, guid or text")
    fingerprint, content_key, text_key = all_hashes(title, summary, body, has_identity=bool(guid or url))
    published_at, quality = read_date(entry.published, fetched_at)
    updated_at, _ = read_date(entry.updated, fetched_at)
    authors = limits.items("authors", _authors(entry, feed))
    categories = limits.items("categories", _categories(entry))
    media = limits.items("media", _media(entry, feed))
    return Draft(
        url=url,
        title=title,
        summary=summary,
        body=body,
        authors=authors,
        published_at=published_at and utc_milliseconds(published_at),
        updated_at=updated_at and utc_milliseconds(updated_at),
        fetched_at=utc_milliseconds(fetched_at),
        date_quality=quality,
        declared_language=_language(entry),
        categories=categories,
        media=media,
        source=_source(entry, feed),
        fingerprint=fingerprint,
        truncated=limits.truncated,
        guid=guid,
        content_key=content_key,
        body_html=body_html,
        title_key=title_key(title),
        text_key=text_key,
    )


def _title(stated: StatedText) -> str:
    return plain_title(stated.value[:_MAX_FOLDED], stated.media_type)


def _texts(entry: Entry, base: str) -> tuple[str | None, str | None, str | None]:
    """Summary, body, and the body as HTML, its links relative to `base` unless it states its own.

    The longest content is the body. Without contents a long description is the body, as it is the article.
    """
    texts = [_text_and_html(content, base) for content in entry.contents if _is_text(content)]
    body, body_html = max(texts, key=lambda text: len(text[0]), default=("", None))
    summary, summary_html = _text_and_html(entry.summary, base) if entry.summary else ("", None)
    if not body and len(summary) > FULL_TEXT_CHARACTERS:
        summary, body, body_html = "", summary, summary_html
    if summary == body:
        summary = ""
        if len(body) <= FULL_TEXT_CHARACTERS and not entry.contents:
            summary, body, body_html = body, "", None
    return summary or None, body or None, body_html if body else None


def _text_and_html(stated: StatedText, base: str) -> tuple[str, str | None]:
    if not is_markup(stated.value, stated.media_type):
        return plain_text(stated.value, stated.media_type), None
    markup = sanitised(unescaped(stated.value), stated.base or base)
    plain = is_plain(markup)
    if not plain:
        markup = clean(markup)
    return text_of(markup, plain=plain), markup.strip() or None


def _is_text(content: StatedText) -> bool:
    return is_html(content.media_type) or content.media_type.startswith("text/") or content.media_type == "text"


def _url(entry: Entry, feed: FeedContext, limits: Limits) -> str | None:
    """The article's page: what the feed calls canonical, else its alternate in HTML, else any alternate."""
    ranked = sorted(
        (rank, number) for number, link in enumerate(entry.links) if (rank := _rank(link.rel, link.media_type))
    )
    for _, number in ranked:
        if url := canonical_url(entry.links[number].href, feed.base_url):
            return limits.whole("url", url)
    return None


def _rank(rel: str, media_type: str | None) -> int:
    """1 is best, 0 is no address of the article."""
    if rel == "canonical":
        return 1
    if rel != "alternate":
        return 0
    return 2 if media_type is None or is_html(media_type) else 3


def _authors(entry: Entry, feed: FeedContext) -> Iterable[Author]:
    for person in entry.authors:
        name = _short(person.name, 200)
        url = canonical_url(person.url, feed.base_url) if person.url else None
        if name:
            yield Author(name=name, url=url)


def _categories(entry: Entry) -> Iterable[Category]:
    for category in entry.categories:
        term = _short(category.term, 200)
        if term:
            yield Category(term=term, scheme=_short(category.scheme, 300), label=_short(category.label, 200))


def _media(entry: Entry, feed: FeedContext) -> Iterable[Media]:
    for item in entry.media:
        url = canonical_url(item.url, feed.base_url)
        if url:
            yield Media(
                url=url,
                media_type=_short(item.media_type, 100),
                medium=_short(item.medium, 40),
                width=_count(item.width),
                height=_count(item.height),
                bytes=_count(item.length),
                title=_short(item.title, 300),
                credit=_short(item.credit, 200),
            )


def _source(entry: Entry, feed: FeedContext) -> Credit | None:
    if entry.source is None:
        return None
    name = _short(entry.source.title, 300)
    url = canonical_url(entry.source.href, feed.base_url) if entry.source.href else None
    return Credit(name=name, url=url) if name or url else None


def _language(entry: Entry) -> str | None:
    """A BCP 47 tag in its usual case, or None if the statement is not shaped like one."""
    parts = (_short(entry.language, 40) or "").replace("_", "-").split("-")
    if not all(part.isascii() and part.isalnum() and len(part) <= 8 for part in parts) or not parts[0].isalpha():
        return None
    if len(parts) > 6 or len(parts[0]) not in {2, 3}:
        return None
    tail = [part.upper() if len(part) == 2 else part.title() if len(part) == 4 else part.lower() for part in parts[1:]]
    return "-".join([parts[0].lower(), *tail])


def _short(text: str | None, characters: int) -> str | None:
    """`text` read as titles are, within `characters`, None if nothing is left; what is far beyond is not looked at."""
    return cut(plain_title(text[: 8 * characters]), characters) or None if text else None


def _count(stated: str | None) -> int | None:
    """A size stated in figures, else None; zero means unknown in feeds."""
    digits = (stated or "").strip().removesuffix("px")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 15:
        return None
    return int(digits) or None
