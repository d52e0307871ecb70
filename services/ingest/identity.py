"""What names an article: guids, addresses and content of entries, and the keys they are found by."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from schemas.feed import ArticleState
from services.ingest.normalise import Draft
from services.ingest.read import Document
from services.ingest.urls import page_of

Key = bytes


def guid_key(home: str, feed_id: str, guid: str) -> Key:
    return _key("guid", home, feed_id, guid)


def url_key(home: str, url: str) -> Key:
    return _key("url", home, page_of(url))


def content_key(home: str, content: str) -> Key:
    return _key("content", home, content)


def title_key_of(home: str, title: str) -> Key:
    return _key("title", home, title)


def date_key(home: str, published_at: datetime) -> Key:
    return _key("date", home, published_at.isoformat())


def names_a_page(url: str) -> bool:
    """Whether `url` can name one article: feeds without permalinks link each item to the site's front page."""
    parts = urlsplit(url)
    return bool(parts.query or parts.fragment or parts.path not in {"", "/"})


def keys_of(state: ArticleState) -> Iterator[Key]:
    """Every key that `state` is found by."""
    for alias in state.guids:
        yield guid_key(state.home, alias.feed_id, alias.guid)
    if state.url is not None and names_a_page(state.url):
        yield url_key(state.home, state.url)
    if state.content_key is not None:
        yield content_key(state.home, state.content_key)
    if state.title_key is not None:
        yield title_key_of(state.home, state.title_key)
    if state.published_at is not None:
        yield date_key(state.home, state.published_at)


@dataclass(frozen=True, slots=True)
class Identity:
    """What of a draft names it within its document. One of the three is set at least."""

    guid: str | None
    url: str | None
    content: str | None

    @property
    def has_name(self) -> bool:
        return self.guid is not None or self.url is not None


def identities_of(document: Document) -> list[Identity]:
    """One identity for each entry, in order. A guid or address shared by entries with different titles names none."""
    drafts = [entry.draft for entry in document.entries]
    guids = _shared((draft.guid, draft) for draft in drafts)
    pages = _shared((draft.url and page_of(draft.url), draft) for draft in drafts)
    identities = []
    for draft in drafts:
        guid = None if draft.guid in guids else draft.guid
        url = draft.url if draft.url and names_a_page(draft.url) and page_of(draft.url) not in pages else None
        content = draft.content_key
        if content is None and url is None and (guid is None or draft.published_at is None):
            content = draft.fingerprint  # all that is left to know it by, should its guid be made anew each time
        identities.append(Identity(guid, url, content))
    return identities


def _shared(named: Iterable[tuple[str | None, Draft]]) -> set[str]:
    """Names that entries with different titles share: no names at all. Equal titles are one article, listed twice."""
    titles: defaultdict[str, set[str]] = defaultdict(set)
    for name, draft in named:
        if name is not None:
            titles[name].add((draft.title or draft.fingerprint).casefold())
    return {name for name, different in titles.items() if len(different) > 1}


def _key(*parts: str) -> Key:
    """Each part with its length, so that different parts never make one key."""
    framed = "".join([f"{len(part)}:{part}" for part in parts])
    return hashlib.blake2b(framed.encode("utf-8", "surrogatepass"), digest_size=16).digest()
