"""Feed status events: a change of how a feed stands in, a record of `news.feed-status.v1` out."""

from datetime import datetime

from schemas.cloudevents import feed_status_headers
from schemas.feed import Feed, FeedState, FeedStatus, FeedStatusEvent
from schemas.topics import FEED_STATUS
from services.common.event_log.port import Record
from services.ingest.schedule import HELD

# Its new address may hold a key, and these events are public: the command shows it to those who may know.
MOVED_DETAIL = "the feed answers at a new address; `newsflow feeds list --problems` shows it"


def status_record(before: FeedStatus, after: FeedState, detail: str | None, at: datetime) -> Record:
    """The event that the feed stands otherwise than `before`."""
    is_held = after.status in HELD
    event = FeedStatusEvent(
        feed_id=after.feed_id,
        home=after.home,
        status=after.status,
        previous=before,
        reason=None if is_held else after.reason,
        detail=MOVED_DETAIL if after.status is FeedStatus.MOVED else detail,
        at=at,
        next_poll_at=None if is_held else after.next_poll_at,
        last_success_at=after.last_success_at,
    )
    return Record(FEED_STATUS.name, after.feed_id, event.to_json(), feed_status_headers(event))


def standing_change(feed: Feed, state: FeedState | None, now: datetime) -> FeedState | None:
    """The state of a feed that somebody paused, removed or took up again; None if that is no news.

    A feed taken up again is `new` until it has been polled.
    """
    if feed.is_polled:
        if state is None or state.status not in HELD:
            return None
        return state.model_copy(update={"status": FeedStatus.NEW, "status_since": now, "reason": None})
    status = FeedStatus.REMOVED if feed.removed else FeedStatus.PAUSED
    if state is None:
        state = FeedState(feed_id=feed.feed_id, home=feed.home, url=feed.url, next_poll_at=now)
    return None if state.status is status else state.model_copy(update={"status": status, "status_since": now})
