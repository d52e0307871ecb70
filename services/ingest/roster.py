"""The feeds and hosts of one share: who is polled when. Restored from the log, changed by feed records and polls."""

from collections import Counter
from collections.abc import Container, Iterable
from contextlib import suppress
from datetime import UTC, datetime

from pydantic import ValidationError

from schemas.feed import Feed, FeedState, FeedStatus, HostState
from schemas.topics import FEED_STATE
from services.common.event_log.port import Record
from services.ingest.agenda import Agenda
from services.ingest.cool_down import HOST_KEY_PREFIX, is_forgettable_host, widened_gap
from services.ingest.hosts import host_of
from services.ingest.redirects import address_to_poll
from services.ingest.settings import IngestSettings
from services.ingest.settle import Settled, forget_host_record
from services.ingest.status import standing_change, status_record

FIRST_OF_ALL = datetime(1970, 1, 1, tzinfo=UTC)


class Roster:
    """With `only_feeds`, all others are left alone. Times of feeds are wall-clock, `monotonic` is for gaps."""

    def __init__(self, settings: IngestSettings, only_feeds: Container[str] | None, monotonic: float) -> None:
        self.feeds: dict[str, Feed] = {}
        self.states: dict[str, FeedState] = {}
        self.hosts: dict[str, HostState] = {}
        self.polling: set[str] = set()
        self.standings: Counter[FeedStatus] = Counter()
        self.agenda = Agenda(settings.host_gap_seconds, monotonic)
        self._gap_seconds = settings.host_gap_seconds
        self._only_feeds = only_feeds

    def restore_state(self, key: str, value: bytes) -> None:
        """A record of `news.feed-state.v1`: a feed's state, or that of a host beside them. Raises ValidationError."""
        if key.startswith(HOST_KEY_PREFIX):
            self._rest(HostState.model_validate_json(value))
        else:
            self._put(FeedState.model_validate_json(value))

    def restore_feeds(self, values: Iterable[bytes], now: datetime) -> None:
        """Records of `news.feeds.v1`."""
        for value in values:
            # A feed that does not decode was refused when it was read from the topic.
            with suppress(ValidationError):
                feed = Feed.model_validate_json(value)
                if self._is_ours(feed.feed_id):
                    self.feeds[feed.feed_id] = feed
                    self.plan(feed, now)

    def plan(self, feed: Feed, now: datetime) -> None:
        """Put the feed on the agenda for when its record and state say, or take it off.

        A feed that is being polled is planned once that is settled: until then its state says too little.
        """
        if not feed.is_polled or feed.feed_id in self.polling:
            self.agenda.drop(feed.feed_id)
            return
        state = self.states.get(feed.feed_id)
        self.agenda.plan(feed.feed_id, host_of(address_to_poll(feed, state)), due_at(feed, state, now))

    def change(self, feed: Feed, now: datetime) -> list[Record]:
        """Take over a feed's record as somebody wrote it: what that changes, as records."""
        if not self._is_ours(feed.feed_id):
            return []
        self.feeds[feed.feed_id] = feed
        records: list[Record] = []
        before = self.states.get(feed.feed_id)
        state = standing_change(feed, before, now)
        if state is not None:
            self._put(state)
            records = [
                status_record(before.status if before else FeedStatus.NEW, state, None, now),
                Record(FEED_STATE.name, feed.feed_id, state.to_json(), partition_key=feed.home),
            ]
        self.plan(feed, now)
        return records

    def purge(self, feed_id: str) -> FeedState | None:
        """Forget the feed; its state as it was."""
        self.agenda.drop(feed_id)
        self.feeds.pop(feed_id, None)
        state = self.states.pop(feed_id, None)
        if state is not None:
            self.standings[state.status] -= 1
        return state

    def begin(self, feed_id: str) -> Feed:
        """The feed, which is polled from now on until `settled` or `abandoned`."""
        self.polling.add(feed_id)
        return self.feeds[feed_id]

    def abandoned(self, feed_id: str) -> None:
        """Nothing came of a poll."""
        self.polling.discard(feed_id)

    def settled(self, settled: Settled, now: datetime) -> None:
        """A poll has changed its feed, and may have earned its host a rest."""
        feed_id = settled.state.feed_id
        self.polling.discard(feed_id)
        self._put(settled.state)
        host = host_of(settled.result.address)
        if settled.result.crawl_delay_seconds:
            self.agenda.widen(host, max(settled.result.crawl_delay_seconds, self._gap_of(host)))
        if settled.host is not None:
            self._rest(settled.host)
        feed = self.feeds.get(feed_id)
        if feed is not None:
            self.plan(feed, now)

    def forget_hosts(self, now: datetime) -> list[Record]:
        """Tombstones for hosts that have long had their rest."""
        rested = [host for host in self.hosts.values() if is_forgettable_host(host, now)]
        for host in rested:
            del self.hosts[host.host]
            self.agenda.widen(host.host, 0.0)
        return [forget_host_record(host) for host in rested]

    def _rest(self, host: HostState) -> None:
        self.hosts[host.host] = host
        self.agenda.rest(host.host, host.cooling_until)
        self.agenda.widen(host.host, self._gap_of(host.host))

    def _gap_of(self, host: str) -> float:
        state = self.hosts.get(host)
        return self._gap_seconds if state is None else widened_gap(self._gap_seconds, state.strikes)

    def _put(self, state: FeedState) -> None:
        before = self.states.get(state.feed_id)
        if before is not None:
            self.standings[before.status] -= 1
        self.standings[state.status] += 1
        self.states[state.feed_id] = state

    def _is_ours(self, feed_id: str) -> bool:
        return self._only_feeds is None or feed_id in self._only_feeds


def due_at(feed: Feed, state: FeedState | None, now: datetime) -> datetime:
    """When to poll the feed: before all others if somebody asked for it, at once if it is new or at a new address."""
    if feed.poll_requested_at is not None and (state is None or feed.poll_requested_at != state.poll_requested_at):
        return FIRST_OF_ALL
    return now if state is None or state.url != feed.url or state.last_poll_at is None else state.next_poll_at
