"""What users of other pollers asked for: manners, redirects, death and status of feeds. Numbers are those of the list
of asks this project keeps; each is told by the story of a few polls, settled one after the other.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from schemas.feed import Feed, FeedState, FeedStatus, FeedStatusEvent, HostState
from schemas.reasons import Reason
from schemas.topics import FEED_STATUS
from services.common.event_log.port import Record
from services.ingest.agenda import Agenda
from services.ingest.article_index import ArticleIndex
from services.ingest.conditional import validators_to_send
from services.ingest.feed_list import ListedFeed, sync_feeds
from services.ingest.fetch import Response
from services.ingest.normalise import FeedContext
from services.ingest.poll import Failure, PollResult
from services.ingest.read import read_document
from services.ingest.redirects import address_to_poll
from services.ingest.request import Validators
from services.ingest.roster import Roster
from services.ingest.settings import IngestSettings, ScheduleSettings
from services.ingest.settle import Settled, settle

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
URL, NEW = "https://www.home.example/feed", "https://new.example/feed"
FEED = Feed(feed_id="f", url=URL, home="home.example", synced_at=NOW)
SETTINGS = ScheduleSettings(jitter_share=0.0)
DAY = 86_400.0
ITEM = "<item><guid>{0}</guid><title>Story {0}</title><link>https://www.home.example/{0}</link></item>"


def document(*numbers: int, extra: str = "") -> bytes:
    items = "".join(ITEM.format(number) for number in numbers)
    return f"<rss version='2.0'><channel><title>T</title>{extra}{items}</channel></rss>".encode()


@dataclass
class Story:
    """One feed, polled again and again."""

    feed: Feed = FEED
    state: FeedState | None = None
    hosts: dict[str, HostState] = field(default_factory=dict)
    index: ArticleIndex = field(default_factory=ArticleIndex)
    now: datetime = NOW
    told: list[FeedStatusEvent] = field(default_factory=list)
    last: Settled | None = None

    def wait(self, seconds: float) -> "Story":
        self.now += timedelta(seconds=seconds)
        return self

    def answers(self, body: bytes | None, moved: str | None = None, **headers: str) -> "Story":
        """A 200 with a body, or a 304."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = Response(200 if body is not None else 304, named, body or b"", moved or URL, moved, self.now)
        body_hash = None if body is None else str(hash(body))
        is_same = self.state is not None and self.state.body_hash == body_hash
        read = (
            None
            if body is None or is_same
            else read_document(body, {}, URL, FeedContext("f", "home.example", URL), self.now)
        )
        return self._settle(response=response, body_hash=body_hash, document=read)

    def fails(self, reason: Reason, retry_after: str | None = None) -> "Story":
        return self._settle(failure=Failure(reason, "it failed", retry_after, "www.home.example"))

    def _settle(self, **fields: object) -> "Story":
        address = address_to_poll(self.feed, self.state)
        result = PollResult(self.feed, address, self.now, 0.1, **fields)  # type: ignore[arg-type]
        settled = settle(result, self.state, self.index, lambda _: self.state, self.hosts.get, SETTINGS, 0.5)
        self.state, self.last = settled.state, settled
        if settled.host is not None:
            self.hosts[settled.host.host] = settled.host
        self.told += [_event(record) for record in settled.records if record.topic == FEED_STATUS.name]
        return self

    @property
    def wait_seconds(self) -> float:
        assert self.state is not None
        return (self.state.next_poll_at - self.now).total_seconds()

    @property
    def new(self) -> int:
        assert self.last is not None
        return self.last.counts.new

    def sends(self) -> Validators:
        return validators_to_send(self.feed, self.state, address_to_poll(self.feed, self.state), self.now, SETTINGS)


def _event(record: Record) -> FeedStatusEvent:
    return FeedStatusEvent.model_validate_json(record.value or b"")


def test_10_the_same_feed_under_several_addresses_is_listed_once() -> None:
    listed = [ListedFeed(url=url) for url in (URL, URL.replace("https", "http"), URL.upper().replace("FEED", "feed"))]
    assert len(sync_feeds({}, listed, NOW)) == 1


def test_17_the_last_of_too_many_edits_is_announced_although_the_document_stays_as_it_is() -> None:
    story = Story()
    for number in range(60):
        story.answers(document(1).replace(b"Story 1", b"Story one, version %d" % number), etag=f'"{number}"').wait(300)
    assert story.last is not None
    assert story.last.counts.updated == 0, "there were too many"
    last = document(1).replace(b"Story 1", b"Story one, version 59")
    story.wait(DAY)
    assert story.sends() == Validators(), "a whole document is due"
    story.answers(last, etag='"59"')
    assert story.last.counts.updated == 1


def test_24_one_429_rests_every_feed_of_the_host() -> None:
    story = Story().fails(Reason.RATE_LIMITED, "1800")
    host = story.hosts["www.home.example"]
    agenda = Agenda(2.0, -2.0)
    for number in range(100):
        agenda.plan(f"other{number}", host.host, NOW)
    agenda.rest(host.host, host.cooling_until)
    assert agenda.take(NOW + timedelta(seconds=1_799), 1_799.0) is None
    assert agenda.take(NOW + timedelta(seconds=1_800), 1_800.0) is not None
    assert agenda.take(NOW + timedelta(seconds=1_801), 1_801.0) is None, "and then one by one"


def test_25_adding_a_feed_asks_for_it_once() -> None:
    roster = Roster(IngestSettings(host_gap_seconds=0.0), None, 0.0)
    roster.change(FEED, NOW)
    assert roster.agenda.take(NOW, 1.0) == ("f", "www.home.example")
    roster.begin("f")
    # The same record comes again, as it does after a start: from the restored table, and from the topic.
    roster.change(FEED, NOW)
    roster.agenda.finished("www.home.example", 1.0)
    assert roster.agenda.take(NOW, 2.0) is None


def test_26_both_validators_follow_what_the_server_states_last() -> None:
    story = Story().answers(document(1), etag='"1"', last_modified="Wed, 04 Mar 2026 11:00:00 GMT")
    story.wait(600).answers(None, etag='"2"')
    assert story.sends() == Validators('"2"', "Wed, 04 Mar 2026 11:00:00 GMT"), "a 304 freshens what it states"
    story.wait(600).answers(document(1), last_modified="Wed, 04 Mar 2026 12:00:00 GMT")
    assert story.sends() == Validators(None, "Wed, 04 Mar 2026 12:00:00 GMT"), "the same body brings new ones"
    story.wait(600).answers(document(1))
    assert story.sends() == Validators(), "no date is made up"


def test_27_a_quiet_feed_costs_its_server_next_to_nothing() -> None:
    story = Story().answers(document(1), etag='"1"')
    polls = whole = 0
    while story.now < NOW + timedelta(days=7):
        story.wait(story.wait_seconds)
        polls += 1
        if story.sends() == Validators():
            whole += 1
            story.answers(document(1), etag='"1"')
        else:
            story.answers(None)
    assert whole <= 7
    assert polls <= 7 * 14


@pytest.mark.parametrize("hours", [1, 6, 24, 7 * 24])
def test_28_retry_after_is_not_cut_below_a_week(hours: int) -> None:
    assert Story().fails(Reason.RATE_LIMITED, str(hours * 3_600)).wait_seconds == hours * 3_600


def test_28_whole_documents_are_asked_for_daily_at_most() -> None:
    story = Story().answers(document(1), etag='"1"').wait(23 * 3_600)
    assert story.sends().etag == '"1"'


def test_29_the_ttl_of_a_channel_is_kept_to() -> None:
    assert Story().answers(document(1, extra="<ttl>50</ttl>")).wait_seconds == 3_000
    story = Story().answers(document(1, extra="<ttl>50</ttl>"), etag='"1"').wait(3_000).answers(None)
    assert story.wait_seconds == 3_000, "also while it has not changed"


def test_30_the_interval_follows_what_a_feed_publishes() -> None:
    busy, quiet = Story().answers(document(0)), Story().answers(document(0))
    for number in range(1, 40):
        busy.wait(busy.wait_seconds).answers(document(*range(number * 5, number * 5 + 10)))
        quiet.wait(quiet.wait_seconds).answers(None)
    assert busy.wait_seconds == SETTINGS.min_interval_seconds
    assert quiet.wait_seconds == SETTINGS.max_interval_seconds


def test_31_polls_are_spread() -> None:
    settings = ScheduleSettings()
    state = FeedState(feed_id="f", home="h", url=URL, next_poll_at=NOW, interval_seconds=1_000.0)
    result = PollResult(FEED, URL, NOW, 0.1, failure=Failure(Reason.TIMED_OUT, ""))
    waits = {
        settle(
            result, state, ArticleIndex(), lambda _: None, dict[str, HostState]().get, settings, jitter / 10
        ).state.next_poll_at
        for jitter in range(10)
    }
    assert len(waits) == 10


def test_32_no_live_feed_waits_for_days() -> None:
    story = Story().answers(document(1))
    for _ in range(100):
        story.wait(story.wait_seconds).answers(None)
    assert story.wait_seconds <= 7_200


def test_34_a_lasting_301_is_adopted_so_that_the_old_host_may_die() -> None:
    story = Story()
    for number in range(21):
        story.answers(document(1), moved=NEW)
        assert story.state is not None
        assert story.state.moved_to == (None if number < 19 else NEW)
        story.wait(DAY / 3)
    assert address_to_poll(story.feed, story.state) == NEW
    assert story.told[-1].status is FeedStatus.MOVED


def test_35_a_301_to_a_maintenance_page_changes_nothing() -> None:
    story = Story().answers(document(1))
    for _ in range(50):
        story.wait(3_600).fails(Reason.BODY_IS_HTML)
    assert address_to_poll(story.feed, story.state) == URL
    for _ in range(19):  # a feed of its own, but for an afternoon
        story.wait(600).answers(document(1), moved=NEW)
    story.wait(7 * DAY).answers(document(1))
    assert story.state is not None
    assert (story.state.moved_to, story.state.redirected_to) == (None, None)


def test_36_a_new_address_repeats_no_article() -> None:
    story = Story().answers(document(1, 2))
    for _ in range(22):
        story.wait(DAY / 3).answers(document(1, 2), moved=NEW)
    assert story.state is not None
    assert story.state.moved_to == NEW
    assert story.answers(document(1, 2, 3)).new == 1
    changed = sync_feeds({"f": FEED}, [ListedFeed(url=NEW, feed_id="f")], NOW)[0]
    story.feed = changed
    assert story.answers(document(1, 2, 3, 4)).new == 1


def test_37_410_is_asked_again_once_a_week_only() -> None:
    story = Story().answers(document(1))
    for _ in range(5):
        story.wait(story.wait_seconds).fails(Reason.GONE)
    assert story.wait_seconds == 7 * DAY
    assert story.told[-1].status is FeedStatus.FAILING
    assert story.told[-1].reason is Reason.GONE


@pytest.mark.parametrize(
    "reason", [Reason.TIMED_OUT, Reason.SERVER_ERROR, Reason.NOT_FOUND, Reason.FORBIDDEN, Reason.GONE, Reason.MALFORMED]
)
def test_38_no_feed_is_dead_for_good(reason: Reason) -> None:
    story = Story().answers(document(1))
    for _ in range(1_000):
        story.fails(reason)
    assert story.wait_seconds <= 7 * DAY
    story.wait(story.wait_seconds).answers(document(1, 2))
    assert story.new == 1
    assert story.state is not None
    assert (story.state.status, story.state.failures_in_row) == (FeedStatus.HEALTHY, 0)
    assert story.wait_seconds <= 7_200


def test_39_a_feed_that_breaks_is_told_once_it_lasts_and_once_it_is_over() -> None:
    story = Story().answers(document(1))
    for _ in range(10):
        story.wait(60).fails(Reason.SERVER_ERROR)
    story.wait(60).answers(document(1, 2))
    statuses = [event.status for event in story.told]
    assert statuses == [FeedStatus.HEALTHY, FeedStatus.DEGRADED, FeedStatus.FAILING, FeedStatus.HEALTHY]
    failing = story.told[2]
    assert (failing.reason, failing.detail) == (Reason.SERVER_ERROR, "it failed")
    assert failing.last_success_at == NOW
    assert failing.next_poll_at is not None


def test_39_one_bad_moment_is_no_alarm() -> None:
    story = Story().answers(document(1)).wait(60).fails(Reason.FORBIDDEN).wait(60).answers(None)
    assert FeedStatus.BLOCKED not in {event.status for event in story.told}
    assert FeedStatus.FAILING not in {event.status for event in story.told}


def test_51_a_server_that_shuts_us_out_is_asked_slowly_and_the_feed_stands_blocked() -> None:
    story = Story().answers(document(1))
    waits = [story.wait(60).fails(Reason.FORBIDDEN).wait_seconds for _ in range(3)]
    assert waits == [3_600, 7_200, 14_400]
    assert story.told[-1].status is FeedStatus.BLOCKED


def test_58_what_matters_is_the_last_success_and_it_is_kept() -> None:
    story = Story().answers(document(1))
    story.wait(DAY).fails(Reason.TIMED_OUT)
    assert story.state is not None
    assert story.state.last_success_at == NOW
    assert story.state.last_poll_at == NOW + timedelta(days=1)
