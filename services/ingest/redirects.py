"""Which address of a feed is polled: a permanent redirect (RFC 9110 §15.4.2, §15.4.9) is adopted after proof only."""

from datetime import datetime

from schemas.feed import Feed, FeedState
from services.ingest.settings import ScheduleSettings

ASK_OLD_EVERY = 4  # failures of an adopted address: then the listed one is tried again


def address_to_poll(feed: Feed, state: FeedState | None) -> str:
    """The adopted address if there is one; the listed one now and then while that fails: it may work again."""
    if state is None or state.moved_to is None or state.url != feed.url:
        return feed.url
    failures = state.failures_in_row
    return feed.url if failures and failures % ASK_OLD_EVERY == 0 else state.moved_to


def redirect_changes(
    before: FeedState, address: str, led_to: str | None, now: datetime, settings: ScheduleSettings
) -> dict[str, object]:
    """What a successful poll of `address` proves, as fields of the feed's state.

    `led_to` is where permanent redirects from `address` led, None if there were none. A new address is adopted once
    enough polls in a row over enough time were led there: a maintenance page or a parked domain is soon gone, or no
    feed. Feed and articles keep their ids, as these come from the first address.
    """
    moved_to = before.moved_to
    if led_to is None or led_to == address:
        if moved_to is not None and address == before.url:
            moved_to = None  # the listed address serves the feed itself again
        return {"moved_to": moved_to, "redirected_to": None, "redirected_since": None, "redirected_polls": 0}
    if led_to == moved_to:
        return {"redirected_to": None, "redirected_since": None, "redirected_polls": 0}
    is_same = led_to == before.redirected_to and before.redirected_since is not None
    since = before.redirected_since if is_same and before.redirected_since else now
    polls = before.redirected_polls + 1 if is_same else 1
    is_proved = polls >= settings.redirect_proof_polls and (now - since).total_seconds() >= (
        settings.redirect_proof_seconds
    )
    if is_proved:
        return {"moved_to": led_to, "redirected_to": None, "redirected_since": None, "redirected_polls": 0}
    return {"redirected_to": led_to, "redirected_since": since, "redirected_polls": polls}
