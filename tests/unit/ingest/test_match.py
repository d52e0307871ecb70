"""Which entries are which articles, and what counts as a change."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from schemas.article import DateQuality, FeedRef, Kind, RawArticle
from schemas.entry import Entry
from schemas.feed import ArticleState, Feed, FeedState, FeedStatus
from schemas.reasons import Reason
from services.ingest.article_index import ArticleIndex, is_forgettable
from services.ingest.decision import Counts, Decision
from services.ingest.fingerprint import hashes_of
from services.ingest.match import feed_ref_of, match_document
from services.ingest.normalise import Draft
from services.ingest.parse import FeedInfo
from services.ingest.read import Document, ReadEntry
from services.ingest.sightings import MAX_GUIDS_PER_FEED

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LONG = "A sentence that tells this article from others. " * 10


def draft(guid: str | None = None, url: str | None = None, title: str | None = "T", body: str | None = None) -> Draft:
    fingerprint, key = hashes_of(title, None, body, has_identity=bool(guid or url))
    return Draft(
        url=f"https://p.example{url}" if url else None,
        title=title,
        summary=None,
        body=body,
        authors=(),
        published_at=None,
        updated_at=None,
        fetched_at=NOW,
        date_quality=DateQuality.MISSING,
        declared_language=None,
        categories=(),
        media=(),
        source=None,
        fingerprint=fingerprint,
        truncated=(),
        guid=guid,
        content_key=key,
    )


def feed(name: str = "a") -> Feed:
    return Feed(feed_id=name, url=f"https://p.example/{name}.xml", home="p.example", synced_at=NOW)


class World:
    """Polls committed one after another."""

    def __init__(self) -> None:
        self.index = ArticleIndex()
        self.states: dict[str, FeedState] = {}

    def decide(self, *drafts: Draft, feed_id: str = "a", now: datetime = NOW) -> Decision:
        document = Document(FeedInfo(), tuple(ReadEntry(each, Entry().to_json()) for each in drafts))
        ref = FeedRef(feed_id=feed_id)
        return match_document(self.index, feed(feed_id), ref, document, now, self.states.get)

    def poll(self, *drafts: Draft, feed_id: str = "a", now: datetime = NOW) -> Decision:
        decision = self.decide(*drafts, feed_id=feed_id, now=now)
        self.index.apply(decision.changes)
        self.states[feed_id] = FeedState(
            feed_id=feed_id, home="p.example", url="u", next_poll_at=now, last_document_at=now
        )
        return decision


@pytest.fixture
def world() -> World:
    return World()


def ids(decision: Decision) -> list[str]:
    return [record.article.article_id for record in decision.records]


def test_new_article_is_published_once(world: World) -> None:
    first = world.poll(draft("g", "/a"))
    again = world.poll(draft("g", "/a"))
    (record,) = first.records
    assert (record.article.kind, record.article.revision) == (Kind.PUBLISHED, 1)
    assert first.counts == Counts(new=1)
    assert (again.records, again.states, again.counts) == ((), (), Counts(unchanged=1))


def test_record_is_a_raw_article(world: World) -> None:
    (record,) = world.poll(draft("g", "/a")).records
    raw = RawArticle.model_validate_json(record.to_json(NOW))
    assert raw == RawArticle(article=record.article, entry=Entry(), ingested_at=NOW)
    assert raw.to_json() == record.to_json(NOW)


def test_deciding_leaves_no_trace_in_the_index(world: World) -> None:
    world.decide(draft("g", "/a"))
    assert len(world.index) == 0
    assert world.decide(draft("g", "/a")).counts == Counts(new=1)


def test_edit_is_a_revision(world: World) -> None:
    world.poll(draft("g", "/a", body="old"))
    (record,) = world.poll(draft("g", "/a", body="new")).records
    assert (record.article.kind, record.article.revision) == (Kind.UPDATED, 2)


def test_changed_date_is_no_revision(world: World) -> None:
    world.poll(draft("g", "/a"))
    bumped = replace(draft("g", "/a"), published_at=NOW, date_quality=DateQuality.STATED)
    assert world.poll(bumped).counts == Counts(unchanged=1)


@pytest.mark.parametrize(
    "second",
    [
        draft("g", "/elsewhere"),
        draft("g", None),
        draft("other", "/a"),
        draft(None, "/a"),
        draft("other", "/elsewhere", body=LONG),
    ],
    ids=["guid", "guid alone", "address", "address alone", "content"],
)
def test_article_is_recognised(world: World, second: Draft) -> None:
    world.poll(draft("g", "/a", body=LONG))
    assert world.poll(replace(second, body=LONG, fingerprint=draft("g", "/a", body=LONG).fingerprint)).counts.new == 0


def test_short_equal_texts_are_different_articles(world: World) -> None:
    assert len(set(ids(world.poll(draft("g1", "/1", "Score"), draft("g2", "/2", "Score"))))) == 2


def test_guid_on_every_item_names_none_of_them(world: World) -> None:
    entries = [draft("N/A", f"/{number}", f"Title {number}") for number in range(3)]
    assert len(set(ids(world.poll(*entries)))) == 3
    assert world.poll(*entries).counts == Counts(unchanged=3)


def test_guid_on_every_item_without_links_falls_back_to_content(world: World) -> None:
    entries = [draft("N/A", None, f"Title {number}") for number in range(3)]
    assert len(set(ids(world.poll(*entries)))) == 3
    assert world.poll(*reversed(entries)).counts == Counts(unchanged=3)


def test_address_on_every_item_names_none_of_them(world: World) -> None:
    entries = [draft(f"g{number}", "/live", f"Title {number}") for number in range(3)]
    assert len(set(ids(world.poll(*entries)))) == 3
    assert world.poll(*entries).counts == Counts(unchanged=3)


def test_front_page_is_no_articles_address(world: World) -> None:
    world.poll(draft("g1", "/", "One"))
    assert world.poll(draft("g2", "/", "Two")).counts == Counts(new=1)


def test_same_entry_twice_is_one_article(world: World) -> None:
    decision = world.poll(draft("g", "/a"), draft("g", "/a"))
    assert decision.counts == Counts(new=1, duplicate=1)
    assert len(decision.states) == 1


def test_moved_article_keeps_its_id_and_takes_its_new_address(world: World) -> None:
    (before,) = ids(world.poll(draft("g", "/old")))
    (state,) = world.poll(draft("g", "/new")).states
    assert (state.article_id, state.url) == (before, "https://p.example/new")
    assert world.poll(draft(None, "/new")).counts.new == 0
    assert world.poll(draft(None, "/old")).counts.new == 0


@pytest.mark.parametrize("host", ["http://p.example", "https://www.p.example", "http://www.p.example"])
def test_site_that_changes_scheme_or_www_makes_no_new_articles(world: World, host: str) -> None:
    pages = [draft(None, f"/{number}?a=1", f"Title {number}") for number in range(3)]
    moved = [replace(page, url=(page.url or "").replace("https://p.example", host)) for page in pages]
    assert world.poll(*pages).counts == Counts(new=3)
    assert world.poll(*moved).counts == Counts(unchanged=3)
    assert world.poll(*moved, *pages).counts == Counts(unchanged=3, duplicate=3)


def test_address_in_two_spellings_with_different_titles_names_none_of_them(world: World) -> None:
    one, two = draft(None, "/a", "One"), replace(draft(None, "/a", "Two"), url="http://www.p.example/a")
    assert world.poll(one, two).counts == Counts(new=2)


def test_second_feed_joins_and_raises_no_revision(world: World) -> None:
    world.poll(draft("g", "/a", body="home"))
    decision = world.poll(draft("x", "/a", body="other"), feed_id="b")
    (state,) = decision.states
    assert decision.records == ()
    assert decision.counts == Counts(joined=1)
    assert [ref.feed_id for ref in state.also_in] == ["b"]
    assert world.poll(draft("x", "/a", body="other"), feed_id="b").states == ()


def puzzle(day: int) -> Draft:
    date = NOW - (9 - day) * DAY
    made = draft(f"g{day}", f"/puzzle/{day}", "Daily puzzle", body=LONG)
    return replace(made, published_at=date, date_quality=DateQuality.STATED)


def test_the_same_words_each_day_are_articles_of_their_own(world: World) -> None:
    decisions = [world.poll(*(puzzle(day) for day in range(days)), now=NOW + days * DAY) for days in (2, 3)]
    assert [decision.counts for decision in decisions] == [Counts(new=2), Counts(new=1, unchanged=2)]


def test_the_same_words_at_one_time_under_two_addresses_are_one_article(world: World) -> None:
    copy = replace(puzzle(1), guid="copy", url="https://p.example/copy")
    assert world.poll(puzzle(1), copy).counts == Counts(new=1, duplicate=1)


def test_guids_belong_to_their_feed(world: World) -> None:
    world.poll(draft("1", "/a", "One"))
    assert world.poll(draft("1", "/b", "Two"), feed_id="b").counts == Counts(new=1)


def test_other_feed_takes_over_once_the_home_feed_dropped_the_article(world: World) -> None:
    world.poll(draft("g", "/a", body="home"))
    world.poll(draft("x", "/a", body="home"), feed_id="b")
    world.poll(draft("h", "/later", "Later"), now=NOW + 2 * DAY)
    decision = world.poll(draft("x", "/a", body="edited"), feed_id="b", now=NOW + 2 * DAY)
    (state,) = decision.states
    assert state.feed.feed_id == "b"
    assert state.also_in == ()
    assert [record.article.revision for record in decision.records] == [2]


def test_feed_that_takes_over_in_its_own_words_has_edited_nothing(world: World) -> None:
    world.poll(draft("g", "/a", body=LONG))
    (state,) = world.poll(draft("x", "/a", body="summary"), feed_id="b").states
    assert state.versions == {"b": draft("x", "/a", body="summary").fingerprint}
    world.poll(draft("h", "/later", "Later"), now=NOW + 2 * DAY)
    decision = world.poll(draft("x", "/a", body="summary"), feed_id="b", now=NOW + 2 * DAY)
    (state,) = decision.states
    assert (decision.records, state.feed.feed_id, state.versions) == ((), "b", {})
    (record,) = world.poll(draft("x", "/a", body="new summary"), feed_id="b", now=NOW + 2 * DAY).records
    assert (record.article.kind, record.article.revision) == (Kind.UPDATED, 2)


def test_feed_that_reworded_an_article_before_it_takes_over_has_edited_it(world: World) -> None:
    world.poll(draft("g", "/a", body=LONG))
    world.poll(draft("x", "/a", body="summary"), feed_id="b")
    world.poll(draft("x", "/a", body="new summary"), feed_id="b", now=NOW + DAY / 2)
    world.poll(draft("h", "/later", "Later"), now=NOW + 2 * DAY)
    decision = world.poll(draft("x", "/a", body="new summary"), feed_id="b", now=NOW + 2 * DAY)
    assert [record.article.revision for record in decision.records] == [2]


def test_versions_are_of_one_revision_and_written_once(world: World) -> None:
    world.poll(draft("g", "/a", body="first"))
    world.poll(draft("x", "/a", body="summary"), feed_id="b")
    assert world.poll(draft("x", "/a", body="flaps"), feed_id="b").states == ()
    (state,) = world.poll(draft("g", "/a", body="second")).states
    assert state.versions == {}
    (state,) = world.poll(draft("x", "/a", body="second summary"), feed_id="b").states
    assert list(state.versions) == ["b"]


def test_state_without_versions_is_read_as_before(world: World) -> None:
    (state,) = world.poll(draft("g", "/a")).states
    old = state.model_dump(mode="json", exclude={"versions"})
    assert ArticleState.model_validate_json(orjson.dumps(old)) == state


def test_silent_home_feed_keeps_its_articles(world: World) -> None:
    world.poll(draft("g", "/a", body="home"))
    assert world.poll(draft("x", "/a", body="other"), feed_id="b", now=NOW + 9 * DAY).records == ()


@pytest.mark.parametrize(
    "update",
    [
        {"status": FeedStatus.PAUSED},
        {"status": FeedStatus.REMOVED},
        {"status": FeedStatus.FAILING, "reason": Reason.GONE},
        {"status": FeedStatus.FAILING, "failures_in_row": 7, "last_success_at": NOW - 3 * DAY},
    ],
)
def test_home_feed_that_is_no_longer_read_does_not(world: World, update: dict[str, object]) -> None:
    world.poll(draft("g", "/a", body="home"))
    world.states["a"] = world.states["a"].model_copy(update=update)
    (state,) = world.poll(draft("x", "/a", body="other"), feed_id="b").states
    assert (state.feed.feed_id, state.revision) == ("b", 1)


def test_home_feed_that_failed_for_an_hour_keeps_its_articles(world: World) -> None:
    world.poll(draft("g", "/a", body="home"))
    update = {"status": FeedStatus.DEGRADED, "failures_in_row": 2, "last_success_at": NOW - timedelta(hours=1)}
    world.states["a"] = world.states["a"].model_copy(update=update)
    assert world.poll(draft("x", "/a", body="other"), feed_id="b").records == ()


def test_guid_made_anew_each_time_is_bounded(world: World) -> None:
    for number in range(20):
        decision = world.poll(draft(f"random-{number}", "/a"))
    assert decision.states == ()
    assert decision.counts == Counts(unchanged=1)
    (state,) = world.index.states()
    assert len(state.guids) == MAX_GUIDS_PER_FEED


def test_sight_of_an_article_is_written_once_a_day(world: World) -> None:
    world.poll(draft("g", "/a"))
    assert world.poll(draft("g", "/a"), now=NOW + DAY).states == ()
    later = NOW + DAY + timedelta(seconds=1)
    (state,) = world.poll(draft("g", "/a"), now=later).states
    assert state.last_seen_at == later


def test_layers_see_those_below_them(world: World) -> None:
    layer = world.index.staged()
    document = Document(FeedInfo(), (ReadEntry(draft("g", "/a"), b"{}"),))
    first = match_document(layer, feed(), FeedRef(feed_id="a"), document, NOW, world.states.get)
    layer.apply(first.changes)
    second = match_document(layer, feed("b"), FeedRef(feed_id="b"), document, NOW, world.states.get)
    assert (first.counts, second.counts) == (Counts(new=1), Counts(joined=1))
    assert len(world.index) == 0
    layer.apply(second.changes)
    world.index.apply(layer.changes)
    (state,) = world.index.states()
    assert len(state.also_in) == 1


def test_forgotten_article_is_unknown(world: World) -> None:
    (article_id,) = ids(world.poll(draft("g", "/a")))
    layer = world.index.staged()
    layer.apply({article_id: None})
    assert layer.state(article_id) is None
    assert world.index.state(article_id) is not None
    world.index.apply(layer.changes)
    assert len(world.index) == 0
    assert world.decide(draft("g", "/a")).counts == Counts(new=1)


def test_article_is_forgotten_30_days_after_it_left_its_feeds(world: World) -> None:
    (article_id,) = ids(world.poll(draft("g", "/a")))
    later = NOW + timedelta(days=31)

    def forgotten(now: datetime) -> list[str]:
        return [s.article_id for s in world.index.states() if is_forgettable(s, world.states, now)]

    assert not forgotten(later)
    world.poll(draft("h", "/b", "B"), now=NOW + 2 * DAY)
    assert not forgotten(NOW + timedelta(days=29))
    assert forgotten(later) == [article_id]


def test_feed_ref_is_bounded() -> None:
    ref = feed_ref_of(feed(), FeedInfo(title="x" * 10_000, link="https://p.example/" + "x" * 10_000))
    assert len(ref.to_json()) < 1_000


def test_feed_ref_never_names_the_feeds_own_address() -> None:
    secret = feed().model_copy(update={"url": "https://p.example/feed?token=secret"})
    assert feed_ref_of(secret, FeedInfo()).link is None
