"""Whether two sightings are one article although neither guid nor address says so, or two although a guid does."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from schemas.article import DateQuality
from schemas.feed import ArticleState
from services.ingest.identity import Identity
from services.ingest.normalise import Draft
from services.ingest.urls import page_of

SECTION_FEEDS_WITHIN = timedelta(hours=12)  # two feeds of a publisher state times of their own for one article
REUSED_AFTER = timedelta(days=1)

_TRUSTED: Final = frozenset({DateQuality.STATED, DateQuality.ZONE_ASSUMED})
_WORDS = re.compile(r"\w+")
_STEM = re.compile(r"(?<![0-9a-zA-Z])(?:[0-9a-f]{8,}(?:-[0-9a-f]{4,}){0,4}|[0-9]{5,})(?![0-9a-zA-Z])")
_DAY = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-3][0-9])?")


def trusted_date(draft: Draft) -> datetime | None:
    """The date of `draft` if it is worth comparing."""
    return draft.published_at if draft.date_quality in _TRUSTED else None


def is_apart(known: ArticleState, draft: Draft) -> bool:
    """Whether the dates of both are credible and too far apart for one article in two lists."""
    date = trusted_date(draft)
    return date is not None and known.published_at is not None and abs(date - known.published_at) > SECTION_FEEDS_WITHIN


def is_renamed(
    known: ArticleState, draft: Draft, identity: Identity, feed_id: str, pages: Iterable[str], *, is_listed: bool
) -> bool:
    """Whether an entry that no name matches is `known`, found by its date or title, under a new guid and address.

    `is_listed` tells that the document has another entry under a name of `known`: then they are one only if they are
    equal in all that readers see. In one feed, an article that gave up its names is met again by its date with its
    title, its text, or the number in its address (unless another of `pages`, those of the document, has it too); in
    another feed, by its title around the same time.
    """
    date = trusted_date(draft)
    if known.fingerprint == draft.fingerprint and date == known.published_at and (date or identity.url is None):
        return draft.text_key is not None or not is_listed
    if is_listed or date is None or known.published_at is None:
        return False
    same_title = known.title_key is not None and known.title_key == draft.title_key
    if feed_id != known.feed.feed_id and all(ref.feed_id != feed_id for ref in known.also_in):
        return same_title and abs(date - known.published_at) <= SECTION_FEEDS_WITHIN
    if date != known.published_at:
        return False
    same_text = known.text_key is not None and known.text_key == draft.text_key
    return same_title or same_text or _same_stem(known.url, identity.url, pages)


def is_reused(known: ArticleState, draft: Draft, identity: Identity) -> bool:
    """Whether a guid that was `known`'s now names another article: another address, a later date, nothing in common."""
    date = trusted_date(draft)
    if identity.url is None or known.url is None or date is None or known.published_at is None:
        return False
    if page_of(identity.url) == page_of(known.url) or _same_stem(known.url, identity.url):
        return False
    if date - known.published_at < REUSED_AFTER:
        return False
    keys = (draft.title_key, draft.text_key)
    if keys[0] is None or known.title_key is None or keys[0] == known.title_key:
        return False
    if keys[1] is not None and keys[1] == known.text_key:
        return False
    return not _share_words(known.url, identity.url)


def _same_stem(one: str | None, other: str | None, pages: Iterable[str] = ()) -> bool:
    """Whether two addresses carry the same number of an article: what stays when a headline in them changes."""
    if one is None or other is None:
        return False
    both = page_of(one), page_of(other)
    if urlsplit(both[0]).netloc != urlsplit(both[1]).netloc:
        return False
    shared = _stems(both[0]) & _stems(both[1])
    return bool(shared) and bool(shared.difference(*(_stems(page) for page in pages if page not in both)))


def _stems(url: str) -> set[str]:
    parts = urlsplit(url)
    found = _STEM.findall(f"{parts.path}?{parts.query}")
    return {stem for stem in found if not _DAY.fullmatch(stem) and any(character.isdigit() for character in stem)}


def _share_words(one: str, other: str) -> bool:
    """Whether the last parts of two addresses have a third of their words in common."""
    words = [
        set(_WORDS.findall(urlsplit(url).path.rstrip("/").rpartition("/")[2].replace("_", " "))) for url in (one, other)
    ]
    smaller = min(map(len, words))
    return smaller > 0 and 3 * len(words[0] & words[1]) >= smaller
