"""A feed's state after a poll: the one before and the result in, the new one out."""

from schemas.feed import FeedState
from services.ingest.conditional import have_lied
from services.ingest.hints import document_seconds, fresh_seconds
from services.ingest.poll import PollResult
from services.ingest.redirects import redirect_changes
from services.ingest.rhythm import News
from services.ingest.schedule import HELD, PollOutcome, feed_status, schedule
from services.ingest.settings import ScheduleSettings

# What each poll changes: written later with other things, as losing it costs one poll more and nothing else.
MOVING = ("next_poll_at", "last_poll_at", "last_success_at", "interval_seconds", "full_poll_at", "redirected_polls")


def state_before(result: PollResult, state: FeedState | None) -> FeedState:
    """The state a poll began with: empty for a first poll, or one of a new address."""
    feed = result.feed
    if state is None:
        return FeedState(feed_id=feed.feed_id, home=feed.home, url=feed.url, next_poll_at=result.ended_at)
    if state.url == feed.url:
        return state
    fresh = {"etag": None, "last_modified": None, "body_hash": None, "full_poll_at": None, "moved_to": None}
    fresh |= {"redirected_to": None, "redirected_since": None, "validators_lied_at": None, "hint_seconds": None}
    return state.model_copy(update={**fresh, "url": feed.url, "failures_in_row": 0, "redirected_polls": 0})


def next_state(
    result: PollResult, before: FeedState, news: News, settings: ScheduleSettings, jitter: float
) -> FeedState:
    """The state after `result`; `before` is of `state_before`, `news` what matching found in the document."""
    now, failure = result.ended_at, result.failure
    update: dict[str, object] = {"last_poll_at": now, "poll_requested_at": result.feed.poll_requested_at}
    if failure is not None:
        outcome = PollOutcome(failure.reason, failure.retry_after)
        update["failures_in_row"] = before.failures_in_row + 1
    else:
        update |= _success(result, before, news, settings)
        hint = update.get("hint_seconds", before.hint_seconds)
        fresh = fresh_seconds(result.response.headers, now) if result.response else 0.0
        outcome = PollOutcome(None, None, fresh, hint if isinstance(hint, float) else 0.0, news)
    plan = schedule(before, outcome, now, settings, jitter)
    has_moved = update.get("moved_to", before.moved_to) is not None
    status = before.status if before.status in HELD else feed_status(before, outcome, has_moved=has_moved)
    if status is not before.status or before.status_since is None:
        update["status_since"] = now
    update |= {
        "next_poll_at": plan.next_poll_at,
        "interval_seconds": plan.interval_seconds,
        "usual_minutes": plan.usual_minutes,
        "status": status,
        "reason": outcome.reason,
        "detail": None if failure is None else failure.detail,
    }
    return before.model_copy(update=update)


def only_schedule_moved(before: FeedState, after: FeedState) -> bool:
    return all(getattr(before, name) == getattr(after, name) for name in FeedState.model_fields if name not in MOVING)


def _success(result: PollResult, before: FeedState, news: News, settings: ScheduleSettings) -> dict[str, object]:
    now, response = result.ended_at, result.response
    update: dict[str, object] = {"failures_in_row": 0, "last_success_at": now}
    if response is not None:
        validators = response.validators
        if response.not_modified:
            # RFC 9111 §4.3.4: a 304 freshens what it states, and leaves the rest as it was.
            update["etag"] = validators.etag or before.etag
            update["last_modified"] = validators.last_modified or before.last_modified
        else:
            update |= {"etag": validators.etag, "last_modified": validators.last_modified}
            update |= {"body_hash": result.body_hash, "full_poll_at": now}
            if have_lied(before, validators, has_new_articles=news.new > 0):
                update["validators_lied_at"] = now
        update |= redirect_changes(before, result.address, response.permanent_redirect, now, settings)
    if result.document is not None:
        info = result.document.feed
        update |= {"last_document_at": now, "entries_cut": info.truncated}
        update["hint_seconds"] = document_seconds(info.ttl_minutes, info.update_period, info.update_frequency) or None
    if news.new:
        update["last_new_article_at"] = now
    return update
