"""Which validators a poll sends: those of the last document, unless they may have hidden news for too long."""

from datetime import datetime, timedelta

from schemas.feed import Feed, FeedState
from services.ingest.request import Validators
from services.ingest.settings import ScheduleSettings

DISTRUST = timedelta(days=7)  # of a server whose validators stayed the same over new articles
DISTRUST_SECONDS = 3_600.0  # between its whole documents: publishers ask for no more than that


def validators_to_send(
    feed: Feed, state: FeedState | None, address: str, now: datetime, settings: ScheduleSettings
) -> Validators:
    """The validators for a poll of `address`; none for a first poll, or when a whole document is due.

    Some servers answer 304 for ever. So a whole one is asked for about daily, and hourly from a server that was
    caught: the body's hash then tells at no cost of parsing whether anything is new.
    """
    if state is None or state.url != feed.url or address != (state.moved_to or feed.url):
        return Validators()  # validators of another address would hide this one's document
    seconds = settings.unconditional_seconds
    if state.validators_lied_at is not None and now - state.validators_lied_at < DISTRUST:
        seconds = min(seconds, DISTRUST_SECONDS)
    if state.full_poll_at is None or (now - state.full_poll_at).total_seconds() >= seconds:
        return Validators()
    return Validators(state.etag, state.last_modified)


def have_lied(before: FeedState, validators: Validators, *, has_new_articles: bool) -> bool:
    """Whether a server gave a document with new articles the validators of the one before: asked, it had said 304."""
    if not has_new_articles or before.body_hash is None:
        return False
    if validators.etag or before.etag:  # RFC 9110 §13.2.2: an ETag decides alone
        return validators.etag == before.etag
    return validators.last_modified is not None and validators.last_modified == before.last_modified
