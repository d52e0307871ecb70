"""Match a document's entries with known articles: decide which are new, which changed, which only moved about."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.article import FeedRef, Kind, mint_article_id
from schemas.feed import ArticleState, Feed, FeedState
from schemas.reasons import Reason
from services.ingest.article_index import REFRESH_AFTER, ArticleIndex
from services.ingest.decision import Counts, Decision, RawRecord
from services.ingest.edits import edited, is_edit
from services.ingest.identity import (
    Identity,
    Key,
    content_key,
    date_key,
    guid_key,
    identities_of,
    title_key_of,
    url_key,
)
from services.ingest.likeness import is_apart, is_renamed, is_reused, trusted_date
from services.ingest.limits import cut
from services.ingest.normalise import Draft
from services.ingest.parse import FeedInfo
from services.ingest.read import Document, ReadEntry
from services.ingest.schedule import HELD
from services.ingest.sightings import article_of, carried_by, dated, seen, with_guid, worded_by
from services.ingest.text import plain_title
from services.ingest.urls import canonical_url, page_of

MAX_FEED_TITLE_CHARACTERS = 300
HOME_LOST_AFTER = timedelta(days=2)  # of nothing but failures: longer than outages last

FeedStateOf = Callable[[str], FeedState | None]


def feed_ref_of(feed: Feed, info: FeedInfo) -> FeedRef:
    """How articles name `feed`: its title as the operator gives it, else as the document does. Bounded in size."""
    title = cut(plain_title(feed.title or info.title or ""), MAX_FEED_TITLE_CHARACTERS)
    return FeedRef(feed_id=feed.feed_id, title=title or None, link=canonical_url(info.link) if info.link else None)


def match_document(
    index: ArticleIndex, feed: Feed, feed_ref: FeedRef, document: Document, now: datetime, feed_state_of: FeedStateOf
) -> Decision:
    """Decide what `document`, the latest of `feed`, changes. Does not touch `index`.

    An entry is matched by guid within its feed, else by address, else by content, unless the document lists the one it
    equals as well, with another date; an unknown one is minted. Addresses are one if they differ in scheme or `www.`
    alone. A guid or address that entries with different titles share in this document names none of them, nor does a
    site's front page.
    Entries that match one article are one article, and the first of them speaks.

    Only the home feed raises revisions. Another feed that carries the article becomes its home, in its own words (which
    are no edit as long as they are what it said before), once the home feed is
    paused, removed, gone or has failed for days, or its latest document (`feed_state_of(feed_id).last_document_at`) is
    over a day younger than its last sight of the article. The caller sets that date for `feed` with the same commit.
    """
    identities = identities_of(document)
    matcher = _Matcher(
        index.staged(),
        feed,
        feed_ref,
        now,
        feed_state_of,
        guids=frozenset(identity.guid for identity in identities if identity.guid),
        pages=frozenset(page_of(identity.url) for identity in identities if identity.url),
    )
    for entry, identity in zip(document.entries, identities, strict=True):
        matcher.take(entry, identity)
    return matcher.decision()


@dataclass
class _Matcher:
    layer: ArticleIndex
    feed: Feed
    feed_ref: FeedRef
    now: datetime
    feed_state_of: FeedStateOf
    records: list[RawRecord] = field(default_factory=list)
    changed: dict[str, tuple[ArticleState, bytes]] = field(default_factory=dict)
    matched: set[str] = field(default_factory=set)
    counted: Counter[str] = field(default_factory=Counter)
    claimed: dict[Key, str] = field(default_factory=dict)  # names of this document's entries so far, and their articles
    guids: frozenset[str] = frozenset()
    pages: frozenset[str] = frozenset()

    def take(self, entry: ReadEntry, identity: Identity) -> None:
        known = self._find(entry.draft, identity)
        if known is not None and is_reused(known, entry.draft, identity):
            self._release(known, identity)
            known = self._find(entry.draft, identity)
        if known is None:
            known = self._find_renamed(entry.draft, identity)
        if known is None:
            article_id = self._new_id(entry.draft, identity)
            # An id that exists was minted from this very name: the article has moved on, its name still means it.
            known = self.layer.state(article_id)
        if known is None:
            known = self._mint(article_id, entry, identity)
        elif known.article_id in self.matched:
            self.counted["duplicate"] += 1
            self._keep(known, self._with_names(known, identity, moves=False))
        else:
            self.matched.add(known.article_id)
            self._meet(known, entry, identity)
        for key in self._names(identity):
            self.claimed.setdefault(key, known.article_id)

    def decision(self) -> Decision:
        states, values = zip(*self.changed.values(), strict=True) if self.changed else ((), ())
        return Decision(tuple(self.records), states, values, Counts(**self.counted))

    def _names(self, identity: Identity) -> Iterator[Key]:
        if identity.guid is not None:
            yield guid_key(self.feed.home, self.feed.feed_id, identity.guid)
        if identity.url is not None:
            yield url_key(self.feed.home, identity.url)

    def _find(self, draft: Draft, identity: Identity) -> ArticleState | None:
        for key in self._names(identity):
            claimed = self.claimed.get(key)
            if known := self.layer.find(key) if claimed is None else self.layer.state(claimed):
                return known
        known = self.layer.find(content_key(self.feed.home, identity.content)) if identity.content else None
        # A daily puzzle says the same each day: the document has both, each with names and a date of its own.
        is_other = known is not None and is_apart(known, draft) and identity.has_name and self._is_listed(known)
        return None if is_other else known

    def _find_renamed(self, draft: Draft, identity: Identity) -> ArticleState | None:
        """The article that this entry is under new names, as far as its date or title can tell."""
        home, date, title = self.feed.home, trusted_date(draft), draft.title_key
        for key in (date and date_key(home, date), title and title_key_of(home, title)):
            known = self.layer.find(key) if key else None
            if known is not None and is_renamed(
                known, draft, identity, self.feed.feed_id, self.pages, is_listed=self._is_listed(known)
            ):
                return known
        return None

    def _is_listed(self, known: ArticleState) -> bool:
        """Whether an entry of this document has one of `known`'s names."""
        if known.article_id in self.matched or (known.url is not None and page_of(known.url) in self.pages):
            return True
        return any(alias.feed_id == self.feed.feed_id and alias.guid in self.guids for alias in known.guids)

    def _release(self, known: ArticleState, identity: Identity) -> None:
        """Take a guid from an article: the feed has given it to another."""
        kept = tuple(
            alias for alias in known.guids if (alias.feed_id, alias.guid) != (self.feed.feed_id, identity.guid)
        )
        self._keep(known, known.model_copy(update={"guids": kept}))

    def _mint(self, article_id: str, entry: ReadEntry, identity: Identity) -> ArticleState:
        state = ArticleState(
            article_id=article_id,
            home=self.feed.home,
            revision=1,
            fingerprint=entry.draft.fingerprint,
            content_key=identity.content,
            url=identity.url,
            feed=self.feed_ref,
            guids=with_guid((), self.feed.feed_id, identity.guid),
            last_seen_at=self.now,
            home_seen_at=self.now,
            published_at=trusted_date(entry.draft),
            title_key=entry.draft.title_key,
            text_key=entry.draft.text_key,
        )
        self.matched.add(article_id)
        self._keep(None, state)
        self._write(entry, state, Kind.PUBLISHED)
        self.counted["new"] += 1
        return state

    def _new_id(self, draft: Draft, identity: Identity) -> str:
        if identity.url is not None:
            return mint_article_id(self.feed.home, "url", identity.url)
        if identity.guid is not None:
            return mint_article_id(self.feed.home, "guid", self.feed.feed_id, identity.guid)
        return mint_article_id(self.feed.home, "content", self.feed.feed_id, identity.content or draft.fingerprint)

    def _meet(self, known: ArticleState, entry: ReadEntry, identity: Identity) -> None:
        is_home = known.feed.feed_id == self.feed.feed_id
        takes_over = not is_home and self._home_dropped(known)
        state = self._with_names(known, identity, moves=is_home or takes_over)
        state, joined = carried_by(state, self.feed_ref, takes_over=takes_over)
        state = seen(state, known, self.now, is_home=is_home or takes_over)
        state = dated(state, entry.draft)
        fingerprint = entry.draft.fingerprint
        if (is_home or takes_over) and is_edit(known, self.feed.feed_id, fingerprint):
            state = self._edited(state, entry, identity)
        else:
            if not is_home:
                state = worded_by(state, self.feed.feed_id, fingerprint, takes_over=takes_over)
            self.counted["joined" if joined else "unchanged"] += 1
        self._keep(known, state)

    def _edited(self, state: ArticleState, entry: ReadEntry, identity: Identity) -> ArticleState:
        """`state` with the edit of `entry` announced, or as it is if the article changes too often."""
        revised = edited(state, entry.draft.fingerprint, self.now)
        if revised is None:
            self.counted["held"] += 1
            return state
        revised = revised.model_copy(
            update={
                "content_key": identity.content,
                "title_key": entry.draft.title_key,
                "text_key": entry.draft.text_key,
                "feed": self.feed_ref,
                "last_seen_at": self.now,
                "home_seen_at": self.now,
            }
        )
        self._write(entry, revised, Kind.UPDATED)
        self.counted["updated"] += 1
        return revised

    def _home_dropped(self, known: ArticleState) -> bool:
        """Whether the home feed no longer carries the article, as far as its state can tell."""
        home_state = self.feed_state_of(known.feed.feed_id)
        seen = known.home_seen_at or known.last_seen_at
        if home_state is None:
            return self.now - seen > REFRESH_AFTER
        if home_state.status in HELD or home_state.reason is Reason.GONE:
            return True
        if home_state.failures_in_row and self.now - (home_state.last_success_at or seen) > HOME_LOST_AFTER:
            return True
        return home_state.last_document_at is not None and home_state.last_document_at - seen > REFRESH_AFTER

    def _with_names(self, known: ArticleState, identity: Identity, *, moves: bool) -> ArticleState:
        """`known` with the entry's guid added and, if the entry `moves` it, its new address."""
        update: dict[str, object] = {}
        guids = with_guid(known.guids, self.feed.feed_id, identity.guid)
        if guids != known.guids:
            update["guids"] = guids
        if moves and identity.url is not None and (known.url is None or page_of(identity.url) != page_of(known.url)):
            owner = self.layer.find(url_key(known.home, identity.url))
            if owner is None or owner.article_id == known.article_id:
                update["url"] = identity.url
        return known.model_copy(update=update) if update else known

    def _keep(self, known: ArticleState | None, state: ArticleState) -> None:
        if state != known:
            value = state.to_json()
            self.changed[state.article_id] = state, value
            self.layer.put(state, value)

    def _write(self, entry: ReadEntry, state: ArticleState, kind: Kind) -> None:
        self.records.append(RawRecord(article_of(entry.draft, state, kind), entry.entry_json))
