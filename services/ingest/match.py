"""Match a document's entries with known articles: decide which are new, which changed, which only moved about."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from schemas.article import Article, FeedRef, Kind, Publisher, mint_article_id
from schemas.feed import ArticleState, Feed, FeedState, FeedStatus, GuidAlias
from schemas.reasons import Reason
from services.ingest.article_index import REFRESH_AFTER, ArticleIndex
from services.ingest.decision import Counts, Decision, RawRecord
from services.ingest.identity import Identity, content_key, guid_key, identities_of, url_key
from services.ingest.limits import cut
from services.ingest.normalise import Draft
from services.ingest.parse import FeedInfo
from services.ingest.read import Document, ReadEntry
from services.ingest.text import fold
from services.ingest.urls import canonical_url

MAX_GUIDS_PER_FEED = 4  # of one article: a guid made anew at each poll must not grow or rewrite a state for ever
MAX_GUIDS = 32
MAX_ALSO_IN = 20
MAX_FEED_TITLE_CHARACTERS = 300

FeedStateOf = Callable[[str], FeedState | None]


def feed_ref_of(feed: Feed, info: FeedInfo) -> FeedRef:
    """How articles name `feed`: its title as the operator gives it, else as the document does. Bounded in size."""
    title = cut(fold(feed.title or info.title or ""), MAX_FEED_TITLE_CHARACTERS)
    return FeedRef(feed_id=feed.feed_id, title=title or None, link=canonical_url(info.link) if info.link else None)


def match_document(
    index: ArticleIndex, feed: Feed, feed_ref: FeedRef, document: Document, now: datetime, feed_state_of: FeedStateOf
) -> Decision:
    """Decide what `document`, the latest of `feed`, changes. Does not touch `index`.

    An entry is matched by guid within its feed, else by address, else by content; an unknown one is minted. A guid or
    address that entries with different titles share in this document names none of them, nor does a site's front page.
    Entries that match one article are one article, and the first of them speaks.

    Only the home feed raises revisions. Another feed that carries the article becomes its home once the home feed is
    paused or gone, or its latest document (`feed_state_of(feed_id).last_document_at`) is over a day younger than its
    last sight of the article. The caller sets that date for `feed` with the same commit.
    """
    matcher = _Matcher(index.staged(), feed, feed_ref, now, feed_state_of)
    identities = identities_of(document)
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
    changed: dict[str, ArticleState] = field(default_factory=dict)
    matched: set[str] = field(default_factory=set)
    counted: Counter[str] = field(default_factory=Counter)

    def take(self, entry: ReadEntry, identity: Identity) -> None:
        known = self._find(identity)
        if known is None:
            article_id = self._new_id(entry.draft, identity)
            # An id that exists was minted from this very name: the article has moved on, its name still means it.
            known = self.layer.state(article_id)
        if known is None:
            self._mint(article_id, entry, identity)
        elif known.article_id in self.matched:
            self.counted["duplicate"] += 1
            self._keep(known, self._with_names(known, identity, moves=False))
        else:
            self.matched.add(known.article_id)
            self._meet(known, entry, identity)

    def decision(self) -> Decision:
        return Decision(tuple(self.records), tuple(self.changed.values()), Counts(**self.counted))

    def _find(self, identity: Identity) -> ArticleState | None:
        home = self.feed.home
        keys = (
            identity.guid and guid_key(home, self.feed.feed_id, identity.guid),
            identity.url and url_key(home, identity.url),
            identity.content and content_key(home, identity.content),
        )
        return next((state for key in keys if key and (state := self.layer.find(key))), None)

    def _mint(self, article_id: str, entry: ReadEntry, identity: Identity) -> None:
        state = ArticleState(
            article_id=article_id,
            home=self.feed.home,
            revision=1,
            fingerprint=entry.draft.fingerprint,
            content_key=identity.content,
            url=identity.url,
            feed=self.feed_ref,
            guids=self._guids((), identity.guid),
            last_seen_at=self.now,
            home_seen_at=self.now,
        )
        self.matched.add(article_id)
        self._keep(None, state)
        self._write(entry, state, Kind.PUBLISHED)
        self.counted["new"] += 1

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
        state, joined = self._carried_by(state, takes_over=takes_over)
        state = self._seen(state, known, is_home=is_home or takes_over)
        if (is_home or takes_over) and entry.draft.fingerprint != known.fingerprint:
            state = state.model_copy(
                update={
                    "revision": known.revision + 1,
                    "fingerprint": entry.draft.fingerprint,
                    "content_key": identity.content,
                    "feed": self.feed_ref,
                    "last_seen_at": self.now,
                    "home_seen_at": self.now,
                }
            )
            self._write(entry, state, Kind.UPDATED)
            self.counted["updated"] += 1
        else:
            self.counted["joined" if joined else "unchanged"] += 1
        self._keep(known, state)

    def _home_dropped(self, known: ArticleState) -> bool:
        """Whether the home feed no longer carries the article, as far as its state can tell."""
        home_state = self.feed_state_of(known.feed.feed_id)
        seen = known.home_seen_at or known.last_seen_at
        if home_state is None:
            return self.now - seen > REFRESH_AFTER
        if home_state.status is FeedStatus.PAUSED or home_state.reason is Reason.GONE:
            return True
        return home_state.last_document_at is not None and home_state.last_document_at - seen > REFRESH_AFTER

    def _with_names(self, known: ArticleState, identity: Identity, *, moves: bool) -> ArticleState:
        """`known` with the entry's guid added and, if the entry `moves` it, its new address."""
        update: dict[str, object] = {}
        guids = self._guids(known.guids, identity.guid)
        if guids != known.guids:
            update["guids"] = guids
        if moves and identity.url is not None and identity.url != known.url:
            owner = self.layer.find(url_key(known.home, identity.url))
            if owner is None or owner.article_id == known.article_id:
                update["url"] = identity.url
        return known.model_copy(update=update) if update else known

    def _guids(self, known: tuple[GuidAlias, ...], guid: str | None) -> tuple[GuidAlias, ...]:
        """`known` with `guid`, unless there are too many: a feed that makes one up each time is not helped by them."""
        if guid is None:
            return known
        alias = GuidAlias(feed_id=self.feed.feed_id, guid=guid)
        mine = sum(1 for other in known if other.feed_id == self.feed.feed_id)
        if alias in known or mine >= MAX_GUIDS_PER_FEED or len(known) >= MAX_GUIDS:
            return known
        return (*known, alias)

    def _carried_by(self, state: ArticleState, *, takes_over: bool) -> tuple[ArticleState, bool]:
        """`state` with this feed among its feeds, and whether it was not before."""
        others = tuple(ref for ref in state.also_in if ref.feed_id != self.feed.feed_id)
        is_new = state.feed.feed_id != self.feed.feed_id and len(others) == len(state.also_in)
        if takes_over:
            return state.model_copy(update={"feed": self.feed_ref, "also_in": others}), is_new
        if is_new and len(others) < MAX_ALSO_IN:
            return state.model_copy(update={"also_in": (*others, self.feed_ref)}), True
        return state, False

    def _seen(self, state: ArticleState, known: ArticleState, *, is_home: bool) -> ArticleState:
        """`state` with its dates brought up if they are older than a day: a state is not written for a sight alone."""
        update = {}
        if self.now - known.last_seen_at > REFRESH_AFTER:
            update["last_seen_at"] = self.now
        if is_home and (
            known.home_seen_at is None or state.feed != known.feed or self.now - known.home_seen_at > REFRESH_AFTER
        ):
            update["home_seen_at"] = self.now
        return state.model_copy(update=update) if update else state

    def _keep(self, known: ArticleState | None, state: ArticleState) -> None:
        if state != known:
            self.changed[state.article_id] = state
            self.layer.apply({state.article_id: state.to_json()})

    def _write(self, entry: ReadEntry, state: ArticleState, kind: Kind) -> None:
        draft = entry.draft
        article = Article(
            article_id=state.article_id,
            revision=state.revision,
            kind=kind,
            url=draft.url,
            title=draft.title,
            summary=draft.summary,
            body=draft.body,
            authors=draft.authors,
            published_at=draft.published_at,
            updated_at=draft.updated_at,
            fetched_at=draft.fetched_at,
            date_quality=draft.date_quality,
            feed=state.feed,
            also_in=state.also_in,
            publisher=Publisher(home=state.home),
            declared_language=draft.declared_language,
            categories=draft.categories,
            media=draft.media,
            source=draft.source,
            fingerprint=draft.fingerprint,
            truncated=draft.truncated,
        )
        self.records.append(RawRecord(article, entry.entry_json))
