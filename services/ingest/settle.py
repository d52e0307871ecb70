"""What a poll's result changes: everything that must be committed together, as records. Pure but for the index."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from schemas.article import Kind
from schemas.dead_letter import Origin
from schemas.feed import Feed, FeedState, HostState
from schemas.reasons import Reason
from schemas.topics import ARTICLE_STATE, FEED_STATE, MAX_RECORD_BYTES, RAW
from services.common.event_log.dead_letters import Refused, dead_letter
from services.common.event_log.port import Record
from services.ingest.article_index import ArticleIndex
from services.ingest.cool_down import host_after_refusal, host_key
from services.ingest.decision import Counts, Decision, RawRecord
from services.ingest.match import FeedStateOf, feed_ref_of, match_document
from services.ingest.next_state import next_state, only_schedule_moved, state_before
from services.ingest.poll import PollResult
from services.ingest.read import Document
from services.ingest.rhythm import News
from services.ingest.settings import ScheduleSettings
from services.ingest.status import status_record

STAGE = "ingest"
HostStateOf = Callable[[str], HostState | None]


@dataclass(frozen=True, slots=True)
class Settled:
    """A poll, ready to be committed. `is_unchanged`: it only moved the feed's schedule, which can wait.

    `raw` are the articles among its records, `host` is set if the poll earned its host a rest.
    """

    result: PollResult
    before: FeedState
    state: FeedState
    records: tuple[Record, ...]
    counts: Counts
    refused: tuple[Reason, ...]
    is_unchanged: bool
    raw: tuple[RawRecord, ...] = ()
    host: HostState | None = None


def settle(
    result: PollResult,
    state: FeedState | None,
    index: ArticleIndex,
    feed_state_of: FeedStateOf,
    host_state_of: HostStateOf,
    schedule: ScheduleSettings,
    jitter: float,
) -> Settled:
    """Decide what `result` changes, and take it into `index`: the caller commits it, or throws the index away.

    `state` is the feed's before the poll, None for the first one; `jitter` a number in [0, 1).
    """
    feed, now = result.feed, result.ended_at
    before = state_before(result, state)
    records: list[Record] = []
    refused: list[Reason] = []
    counts, news, raw, update = Counts(), News(), tuple[RawRecord, ...](), dict[str, object]()
    if result.document is not None:
        decision = match_document(
            index, feed, feed_ref_of(feed, result.document.feed), result.document, now, feed_state_of
        )
        # A record that no log takes is left out with its state, so it is the same dead letter at each poll, sent once.
        articles, oversize = _split_by_size(decision, now)
        bad = [*_refused_entries(result.document, feed), *oversize]
        new_bad = [each for each in bad if _mark(each) not in before.refused_entries]
        refused = [each.reason for each in new_bad]
        update["refused_entries"] = tuple(dict.fromkeys(_mark(each) for each in bad))
        left_out = {each.key for each in oversize}
        kept = [
            (state, value)
            for state, value in zip(decision.states, decision.values, strict=True)
            if state.article_id not in left_out
        ]
        for article, value in kept:
            index.put(article, value)
        counts, news = decision.counts, _news(decision)
        if counts.held:
            update["body_hash"] = None  # an edit waits: the next whole document is read even if it is the same
        raw = tuple(each for each in decision.records if each.article.article_id not in left_out)
        records += articles
        records += [
            Record(ARTICLE_STATE.name, article.article_id, value, partition_key=feed.home) for article, value in kept
        ]
        records += [dead_letter(each, STAGE, now) for each in new_bad]
    after = next_state(result, before, news, schedule, jitter).model_copy(update=update)
    if after.status is not before.status:
        detail = None if result.failure is None else result.failure.detail
        records.append(status_record(before.status, after, detail, now))
    host = _host(result, host_state_of, schedule)
    if host is not None:
        records.append(host_record(host))
    records.append(Record(FEED_STATE.name, feed.feed_id, after.to_json(), partition_key=feed.home))
    is_unchanged = len(records) == 1 and state is not None and only_schedule_moved(state, after)
    return Settled(result, before, after, tuple(records), counts, tuple(refused), is_unchanged, raw, host)


def host_record(host: HostState) -> Record:
    """A host's record, beside the states of its feeds."""
    return Record(FEED_STATE.name, host_key(host.host), host.to_json(), partition_key=host.home)


def forget_host_record(host: HostState) -> Record:
    return Record(FEED_STATE.name, host_key(host.host), None, partition_key=host.home)


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


def _news(decision: Decision) -> News:
    minted = [raw.article for raw in decision.records if raw.article.kind is Kind.PUBLISHED]
    dates = tuple(article.published_at for article in minted if article.published_at is not None)
    return News(decision.counts.new, decision.counts.updated > 0, dates)


def _host(result: PollResult, host_state_of: HostStateOf, schedule: ScheduleSettings) -> HostState | None:
    failure = result.failure
    if failure is None or failure.host is None:
        return None
    before = host_state_of(failure.host)
    return host_after_refusal(
        failure.host, result.feed.home, before, failure.reason, failure.retry_after, result.ended_at, schedule
    )


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
