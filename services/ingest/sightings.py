"""What a sighting of an article changes in its state, and the article as it is then written."""

from dataclasses import replace
from datetime import datetime, timedelta

from schemas.article import Article, DateQuality, FeedRef, Kind, Publisher
from schemas.feed import ArticleState, GuidAlias
from services.ingest.article_index import REFRESH_AFTER
from services.ingest.likeness import trusted_date
from services.ingest.normalise import Draft

MAX_GUIDS_PER_FEED = 4  # of one article: a guid made anew at each poll must not grow or rewrite a state for ever
MAX_GUIDS = 32
MAX_ALSO_IN = 20
BUMP_SLACK = timedelta(minutes=1)


def with_guid(known: tuple[GuidAlias, ...], feed_id: str, guid: str | None) -> tuple[GuidAlias, ...]:
    """`known` with `guid`, unless there are too many: a feed that makes one up each time is not helped by them."""
    if guid is None:
        return known
    alias = GuidAlias(feed_id=feed_id, guid=guid)
    mine = sum(1 for other in known if other.feed_id == feed_id)
    if alias in known or mine >= MAX_GUIDS_PER_FEED or len(known) >= MAX_GUIDS:
        return known
    return (*known, alias)


def carried_by(state: ArticleState, feed: FeedRef, *, takes_over: bool) -> tuple[ArticleState, bool]:
    """`state` with `feed` among its feeds, and whether it was not before."""
    others = tuple(ref for ref in state.also_in if ref.feed_id != feed.feed_id)
    is_new = state.feed.feed_id != feed.feed_id and len(others) == len(state.also_in)
    if takes_over:
        return state.model_copy(update={"feed": feed, "also_in": others}), is_new
    if is_new and len(others) < MAX_ALSO_IN:
        return state.model_copy(update={"also_in": (*others, feed)}), True
    return state, False


def worded_by(state: ArticleState, feed_id: str, fingerprint: str, *, takes_over: bool) -> ArticleState:
    """`state` with the version of a feed that was not its home: its own one from now on, if it takes over.

    Only the first version of a revision is kept: what differs from it once the feed takes over is an edit.
    """
    versions = {name: version for name, version in state.versions.items() if name != feed_id}
    if takes_over:
        return state.model_copy(update={"fingerprint": fingerprint, "versions": versions})
    is_other = fingerprint != state.fingerprint and any(ref.feed_id == feed_id for ref in state.also_in)
    if not is_other or feed_id in state.versions:
        return state
    return state.model_copy(update={"versions": {**versions, feed_id: fingerprint}})


def seen(state: ArticleState, known: ArticleState, now: datetime, *, is_home: bool) -> ArticleState:
    """`state` with its dates brought up if they are older than a day: a state is not written for a sight alone."""
    update = {}
    if now - known.last_seen_at > REFRESH_AFTER:
        update["last_seen_at"] = now
    if is_home and (known.home_seen_at is None or state.feed != known.feed or now - known.home_seen_at > REFRESH_AFTER):
        update["home_seen_at"] = now
    return state.model_copy(update=update) if update else state


def dated(state: ArticleState, draft: Draft) -> ArticleState:
    """`state` with the date of `draft` if that is earlier: feeds bump dates, but nothing is published twice."""
    date = trusted_date(draft)
    if date is None or (state.published_at is not None and state.published_at <= date):
        return state
    return state.model_copy(update={"published_at": date})


def article_of(draft: Draft, state: ArticleState, kind: Kind) -> Article:
    """The article that `draft` is a revision of, with the date it was first given if its feed has moved that on."""
    draft = _unbumped(draft, state)
    return Article(
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
        body_html=draft.body_html,
    )


def _unbumped(draft: Draft, state: ArticleState) -> Draft:
    date = trusted_date(draft)
    if date is None or state.published_at is None or date - state.published_at <= BUMP_SLACK:
        return draft
    return replace(
        draft,
        published_at=state.published_at,
        updated_at=draft.updated_at or date,
        date_quality=DateQuality.BUMPED,
    )
