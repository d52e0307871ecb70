"""What a poll's result changes: everything that must be committed together, as records. Pure but for the index."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from schemas.cloudevents import feed_status_headers
from schemas.dead_letter import Origin
from schemas.feed import Feed, FeedState, FeedStatusEvent
from schemas.reasons import Reason
from schemas.topics import ARTICLE_STATE, FEED_STATE, FEED_STATUS, MAX_RECORD_BYTES, RAW
from services.common.event_log.dead_letters import Refused, dead_letter
from services.common.event_log.port import Record
from services.ingest.article_index import ArticleIndex
from services.ingest.decision import Counts, Decision, RawRecord
from services.ingest.match import FeedStateOf, feed_ref_of, match_document
from services.ingest.poll import PollResult
from services.ingest.read import Document
from services.ingest.schedule import PollOutcome, feed_status, next_poll_at
from services.ingest.settings import ScheduleSettings

STAGE = "ingest"


@dataclass(frozen=True, slots=True)
class Settled:
    """A poll, ready to be committed. `is_unchanged`: it only moved the feed's schedule, which can wait."""

    result: PollResult
    state: FeedState
    records: tuple[Record, ...]
    counts: Counts
    refused: tuple[Reason, ...]
    is_unchanged: bool


def settle(
    result: PollResult,
    state: FeedState | None,
    index: ArticleIndex,
    feed_state_of: FeedStateOf,
    schedule: ScheduleSettings,
    jitter: float,
) -> Settled:
    """Decide what `result` changes, and take it into `index`: the caller commits it, or throws the index away.

    `state` is the feed's before the poll, None for the first one; `jitter` a number in [0, 1).
    """
    feed, now = result.feed, result.ended_at
    before = state or FeedState(feed_id=feed.feed_id, home=feed.home, url=feed.url, next_poll_at=now)
    if before.url != feed.url:
        # Nothing that the old address said of itself holds for the new one, be it a success or a failure.
        fresh = {"url": feed.url, "etag": None, "last_modified": None, "body_hash": None, "failures_in_row": 0}
        before = before.model_copy(update=fresh)
    after = _next_state(result, before, schedule, jitter)
    records: list[Record] = []
    refused: list[Reason] = []
    counts = Counts()
    if result.document is not None:
        decision = match_document(
            index, feed, feed_ref_of(feed, result.document.feed), result.document, now, feed_state_of
        )
        # A record that no log takes is left out with its state, so it is the same dead letter at each poll, sent once.
        articles, oversize = _split_by_size(decision, now)
        bad = [*_refused_entries(result.document, feed), *oversize]
        new_bad = [each for each in bad if _mark(each) not in before.refused_entries]
        refused = [each.reason for each in new_bad]
        after = after.model_copy(
            update={
                "refused_entries": tuple(dict.fromkeys(_mark(each) for each in bad)),
                "last_new_article_at": now if decision.counts.new else after.last_new_article_at,
            }
        )
        left_out = {each.key for each in oversize}
        states = {key: value for key, value in decision.changes.items() if key not in left_out}
        index.apply(states)
        counts = decision.counts
        records += articles
        records += [
            Record(ARTICLE_STATE.name, article_id, value, partition_key=feed.home)
            for article_id, value in states.items()
        ]
        records += [dead_letter(each, STAGE, now) for each in new_bad]
    if after.status is not before.status:
        records.append(_status_record(result, before, after))
    records.append(Record(FEED_STATE.name, feed.feed_id, after.to_json(), partition_key=feed.home))
    return Settled(
        result,
        after,
        tuple(records),
        counts,
        tuple(refused),
        is_unchanged=state is not None and _only_schedule(state, after),
    )


def purge_records(state: FeedState, index: ArticleIndex) -> list[Record]:
    """Tombstones for a purged feed's state, and for the articles that no other feed carries."""
    alone = [
        article.article_id
        for article in index.states()
        if article.feed.feed_id == state.feed_id and not article.also_in
    ]
    index.apply(dict.fromkeys(alone))
    return [
        Record(FEED_STATE.name, state.feed_id, None, partition_key=state.home),
        *(forget_record(state.home, article_id) for article_id in alone),
    ]


def forget_record(home: str, article_id: str) -> Record:
    """A tombstone for an article's state."""
    return Record(ARTICLE_STATE.name, article_id, None, partition_key=home)


def _next_state(result: PollResult, before: FeedState, schedule: ScheduleSettings, jitter: float) -> FeedState:
    now, failure = result.ended_at, result.failure
    outcome = PollOutcome() if failure is None else PollOutcome(failure.reason, failure.retry_after)
    update: dict[str, object] = {
        "status": feed_status(before, outcome),
        "reason": outcome.reason,
        "next_poll_at": next_poll_at(before, outcome, now, schedule, jitter),
        "last_poll_at": now,
    }
    if failure is not None:
        update["failures_in_row"] = before.failures_in_row + 1
        return before.model_copy(update=update)
    update |= {"failures_in_row": 0, "last_success_at": now}
    if result.response is not None:
        validators = result.response.validators
        if result.response.not_modified:
            # RFC 9111 §4.3.4: a 304 freshens what it states, and leaves the rest as it was.
            update["etag"] = validators.etag or before.etag
            update["last_modified"] = validators.last_modified or before.last_modified
        else:
            update |= {"etag": validators.etag, "last_modified": validators.last_modified}
            update["body_hash"] = result.body_hash
    if result.document is not None:
        update["last_document_at"] = now
    return before.model_copy(update=update)


def _only_schedule(before: FeedState, after: FeedState) -> bool:
    moving = ("next_poll_at", "last_poll_at", "last_success_at")
    return all(getattr(before, name) == getattr(after, name) for name in FeedState.model_fields if name not in moving)


def _split_by_size(decision: Decision, now: datetime) -> tuple[list[Record], list[Refused]]:
    articles: list[Record] = []
    oversize: list[Refused] = []
    for raw in decision.records:
        record = Record(RAW.name, raw.article.article_id, raw.to_json(now))
        if record.size <= MAX_RECORD_BYTES:
            articles.append(record)
        else:
            oversize.append(_oversize(raw, record))
    return articles, oversize


def _oversize(raw: RawRecord, record: Record) -> Refused:
    origin = Origin(feed_id=raw.article.feed.feed_id, home=raw.article.publisher.home)
    detail = f"article would have {record.size} bytes, the limit is {MAX_RECORD_BYTES}"
    return Refused(Reason.RECORD_TOO_LARGE, detail, origin, record.key, raw.article.fingerprint.encode())


def _refused_entries(document: Document, feed: Feed) -> list[Refused]:
    origin = Origin(feed_id=feed.feed_id, home=feed.home)
    return [Refused(entry.reason, entry.detail, origin, feed.feed_id, entry.payload) for entry in document.refused]


def _mark(refused: Refused) -> str:
    """The same for the same bad content at each poll."""
    return hashlib.blake2b(refused.payload or b"", digest_size=12).hexdigest()


def _status_record(result: PollResult, before: FeedState, after: FeedState) -> Record:
    event = FeedStatusEvent(
        feed_id=after.feed_id,
        home=after.home,
        status=after.status,
        previous=before.status,
        reason=after.reason,
        detail=result.failure and result.failure.detail,
        at=result.ended_at,
        next_poll_at=after.next_poll_at,
        last_success_at=after.last_success_at,
    )
    return Record(FEED_STATUS.name, after.feed_id, event.to_json(), feed_status_headers(event))
