"""What users of other feed readers have asked for, as far as reading, identity and edits go: one number, one ask."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from html import escape

import pytest

from schemas.article import Article, DateQuality, Kind
from schemas.feed import Feed, FeedState
from schemas.reasons import Reason
from services.ingest.article_index import ArticleIndex
from services.ingest.decision import Counts, Decision
from services.ingest.edits import EDITS_PER_DAY
from services.ingest.limits import MAX_BODY_CHARACTERS
from services.ingest.match import feed_ref_of, match_document
from services.ingest.normalise import FeedContext
from services.ingest.parse import MAX_ENTRIES, ParseError, Route, parse_feed
from services.ingest.read import Document, read_document

HOME = "paper.example"
START = datetime(2026, 3, 4, 12, tzinfo=UTC)
LONG = "The council met on Tuesday to vote on the new law, which had been debated for weeks in the town. " * 4


class World:
    """Feeds of one publisher, polled one after the other."""

    def __init__(self) -> None:
        self.index = ArticleIndex()
        self.now = START
        self.states: dict[str, FeedState] = {}

    def read(self, body: str, feed_id: str = "f", url: str = "https://paper.example/feed") -> Document:
        context = FeedContext(feed_id, HOME, url)
        return read_document(body.encode(), {"content-type": "text/xml"}, url, context, self.now)

    def poll(
        self, *items: str, feed_id: str = "f", url: str = "https://paper.example/feed", minutes: int = 15
    ) -> Decision:
        feed = Feed(feed_id=feed_id, url=url, home=HOME, synced_at=START)
        document = self.read(rss(*items), feed_id, url)
        decision = match_document(
            self.index, feed, feed_ref_of(feed, document.feed), document, self.now, self.states.get
        )
        self.index.apply(decision.changes)
        self.states[feed_id] = FeedState(
            feed_id=feed_id, home=HOME, url=url, next_poll_at=self.now, last_document_at=self.now
        )
        self.now += timedelta(minutes=minutes)
        return decision


def rss(*items: str) -> str:
    return f'<rss version="2.0"><channel><title>Paper</title>{"".join(items)}</channel></rss>'


def item(
    title: str | None = "Council votes for new law on housing",
    *,
    guid: str | None = None,
    link: str | None = None,
    date: str | None = None,
    text: str | None = None,
    extra: str = "",
) -> str:
    parts = {"title": title, "guid": guid, "link": link, "pubDate": date, "description": text}
    stated = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in parts.items() if value is not None)
    return f"<item>{stated}{extra}</item>"


def only(decision: Decision) -> Article:
    (record,) = decision.records
    return record.article


def test_ask_01_a_feed_without_guids_is_not_sent_again() -> None:
    world = World()
    items = [item(f"Story number {number} of the day", link=f"/{number}") for number in range(3)]
    assert world.poll(*items).counts == Counts(new=3)
    assert world.poll(*items).counts == Counts(unchanged=3)


@pytest.mark.parametrize("guid", ["N/A", "0", "https://paper.example/"])
def test_ask_02_one_guid_on_every_item_hides_none(guid: str) -> None:
    world = World()
    items = [item(f"Story number {number} of the day", guid=guid, link=f"/{number}") for number in range(3)]
    assert world.poll(*items).counts == Counts(new=3)
    assert world.poll(*items).counts == Counts(unchanged=3)


@pytest.mark.parametrize("link", ["/story", None])
@pytest.mark.parametrize("date", ["Wed, 04 Mar 2026 09:00:00 GMT", None])
def test_ask_03_a_guid_made_anew_at_each_poll_is_no_new_article(link: str | None, date: str | None) -> None:
    world = World()
    text = "A short text of a story, but long enough to be told apart."
    for number in range(12):
        decision = world.poll(item(guid=f"random-{number}", link=link, date=date, text=text))
        assert decision.counts == (Counts(new=1) if number == 0 else Counts(unchanged=1))


def test_ask_04_an_empty_guid_is_none() -> None:
    world = World()
    items = [item(f"Story number {number} of the day", guid="", link=f"/{number}") for number in range(2)]
    assert world.poll(*items).counts == Counts(new=2)
    assert world.poll(*items).counts == Counts(unchanged=2)


def test_ask_05_rss_10_is_known_by_its_about_or_link() -> None:
    body = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
        '<channel rdf:about="/"><title>P</title></channel>'
        '<item rdf:about="https://paper.example/a"><title>A</title><link>https://paper.example/a</link></item>'
        "<item><title>B</title><link>https://paper.example/b</link></item></rdf:RDF>"
    )
    drafts = [entry.draft for entry in World().read(body).entries]
    assert [(draft.guid, draft.url) for draft in drafts] == [
        ("https://paper.example/a", "https://paper.example/a"),
        (None, "https://paper.example/b"),
    ]


def test_ask_06_a_repeated_link_without_guids_does_not_flip() -> None:
    world = World()
    items = [item(f"Story number {number} of the day", link="/live") for number in range(3)]
    assert world.poll(*items).counts == Counts(new=3)
    assert world.poll(*reversed(items)).counts == Counts(unchanged=3)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "https://paper.example/news/council-votes-48213377",
            "https://paper.example/news/law-on-housing-passed-48213377",
        ),
        ("https://paper.example/2026/03/council-votes.html", "https://paper.example/2026/03/law-passed.html"),
    ],
)
def test_ask_07_a_new_headline_in_the_url_is_no_new_article(old: str, new: str) -> None:
    world = World()
    date = "Wed, 04 Mar 2026 09:00:00 GMT"
    first = only(world.poll(item("Council votes for new law", guid=old, link=old, date=date, text=LONG)))
    second = only(world.poll(item("Law on housing passed at last", guid=new, link=new, date=date, text=LONG)))
    assert (second.article_id, second.revision, second.kind) == (first.article_id, 2, Kind.UPDATED)
    assert second.url == new
    assert world.poll(item("Law on housing passed at last", guid=new, link=new, date=date, text=LONG)).records == ()


def test_ask_07_a_number_that_stays_in_the_address_is_enough() -> None:
    world = World()
    old, new = "https://paper.example/council-votes-48213377", "https://paper.example/law-passed-48213377"
    date = "Wed, 04 Mar 2026 09:00:00 GMT"
    first = only(world.poll(item("Council votes for new law", guid=old, link=old, date=date, text="Before.")))
    second = only(world.poll(item("Law on housing passed at last", guid=new, link=new, date=date, text="After.")))
    assert (second.article_id, second.revision) == (first.article_id, 2)


def test_ask_07_a_number_that_all_addresses_share_names_no_article() -> None:
    world = World()
    links = [f"/section-48213377/{name}" for name in ("council", "storm", "bridge", "school")]
    items = [item(f"What happened at the {link[18:]} today", link=link, date="2026-03-04") for link in links]
    assert world.poll(*items[:3]).counts == Counts(new=3)
    assert world.poll(*items[1:]).counts == Counts(new=1, unchanged=2)


def test_ask_07_two_articles_of_one_moment_stay_two() -> None:
    world = World()
    date = "Wed, 04 Mar 2026 09:00:00 GMT"
    assert world.poll(item("Council votes for new law", link="/a", date=date)).counts.new == 1
    assert world.poll(item("Storm closes both bridges", link="/b", date=date)).counts.new == 1


def test_ask_08_a_guid_used_again_for_another_article_hides_it_not() -> None:
    world = World()
    old = item(
        "Council votes for new law", guid="42", link="/council-votes", date="Sun, 01 Mar 2026 09:00:00 GMT", text=LONG
    )
    new = item(
        "Storm closes all bridges today", guid="42", link="/storm", date="Wed, 04 Mar 2026 09:00:00 GMT", text="Wind."
    )
    first = only(world.poll(old))
    second = only(world.poll(new))
    assert (second.kind, second.revision) == (Kind.PUBLISHED, 1)
    assert second.article_id != first.article_id
    assert world.poll(new).counts == Counts(unchanged=1)


def test_ask_09_one_article_in_two_feeds_is_one() -> None:
    world = World()
    teaser = item(guid="1", link="/story?utm_source=rss", text="A teaser.")
    first = only(world.poll(teaser, feed_id="top"))
    joined = world.poll(item(guid="x", link="/story", text=LONG), feed_id="politics", url="https://paper.example/p")
    assert (joined.records, joined.counts) == ((), Counts(joined=1))
    (state,) = joined.states
    assert state.article_id == first.article_id
    assert [ref.feed_id for ref in state.also_in] == ["politics"]


@pytest.mark.parametrize(
    "variant",
    [
        "Opinion | Why the housing law fails us - The Paper",
        "Opinion: Why the housing law fails us",
        "Why the housing law fails us | Opinion",
        "WHY THE HOUSING LAW FAILS US",
    ],
)
def test_ask_11_title_variants_in_two_feeds_are_one_article(variant: str) -> None:
    world = World()
    first = item("Why the housing law fails us", link="/a", date="Wed, 04 Mar 2026 09:00:00 GMT")
    second = item(variant, link="/opinion/a-2", date="Wed, 04 Mar 2026 09:20:00 GMT")
    assert world.poll(first, feed_id="top").counts == Counts(new=1)
    assert world.poll(second, feed_id="opinion").counts == Counts(joined=1)


def test_ask_11_a_title_that_comes_each_day_is_a_new_article_each_day() -> None:
    world = World()
    for day in (2, 3, 4):
        entry = item("What you need to know this morning", link=f"/{day}", date=f"0{day} Mar 2026 06:00:00 GMT")
        assert world.poll(entry).counts == Counts(new=1)


@pytest.mark.parametrize(
    "query",
    ["utm_source=rss&utm_medium=feed", "CMP=rss_b-gb-news", "ref=rss", "mod=rss_home", "xtor=RSS-32", "fbclid=x"],
)
def test_ask_12_tracking_parameters_do_not_split_an_article(query: str) -> None:
    world = World()
    first = only(world.poll(item(link=f"/story?id=7&{query}")))
    assert first.url == "https://paper.example/story?id=7"
    assert world.poll(item(link="/story?id=7")).counts == Counts(unchanged=1)


def test_ask_13_one_text_under_many_addresses_is_one_article() -> None:
    decision = World().poll(*(item(link=f"/session/{number}", text=LONG) for number in range(100)))
    assert decision.counts == Counts(new=1, duplicate=99)


def test_ask_14_what_was_seen_costs_nothing_again() -> None:
    world = World()
    items = [item(f"Story number {number} of the day", guid=str(number), link=f"/{number}") for number in range(50)]
    world.poll(*items)
    again = world.poll(*items)
    assert (again.records, again.states, len(world.index)) == ((), (), 50)


def test_ask_15_items_without_dates_are_published_once() -> None:
    world = World()
    assert world.poll(item(guid="a")).counts == Counts(new=1)
    assert world.poll(item(guid="a"), minutes=60 * 24 * 10).counts == Counts(unchanged=1)
    assert world.poll(item(guid="a")).counts == Counts(unchanged=1)


def test_ask_16_an_edit_is_announced_and_told_from_a_new_article() -> None:
    world = World()
    first = only(world.poll(item(guid="a", text="Ten people were hurt.")))
    second = only(world.poll(item(guid="a", text="Eleven people were hurt.")))
    assert (first.kind, first.revision, second.kind, second.revision) == (Kind.PUBLISHED, 1, Kind.UPDATED, 2)
    assert first.article_id == second.article_id


def test_ask_17_a_stamp_that_moves_is_no_edit() -> None:
    world = World()
    for minute in range(10):
        decision = world.poll(item(guid="a", text=f"<p>{LONG}</p><p>Updated Jul 24, 10:{minute:02}</p>"), minutes=1)
        assert len(decision.records) == (minute == 0)


def test_ask_17_a_text_that_flaps_is_announced_twice_a_day_at_most() -> None:
    world = World()
    texts = ["Ten people were hurt.", "Eleven people were hurt."]
    kinds = [len(world.poll(item(guid="a", text=texts[number % 2]), minutes=3).records) for number in range(100)]
    assert sum(kinds) == 3  # published, edited, and one correction taken back


def test_ask_17_a_text_that_always_changes_is_announced_once_an_hour_at_most() -> None:
    world = World()
    counts = [world.poll(item(guid="a", text=f"Now {number} hurt."), minutes=3).counts for number in range(400)]
    assert sum(count.new for count in counts) == 1
    assert sum(count.updated for count in counts) == EDITS_PER_DAY
    assert world.poll(item(guid="a", text="The last word."), minutes=60 * 24).counts.held == 1
    last = only(world.poll(item(guid="a", text="The last word.")))
    assert (last.summary, last.revision) == ("The last word.", EDITS_PER_DAY + 2)


def test_ask_18_a_bumped_date_is_no_news() -> None:
    world = World()
    world.poll(item(guid="a", date="Wed, 04 Mar 2026 09:00:00 GMT", text=LONG))
    bumped = item(guid="a", date="Wed, 04 Mar 2026 11:00:00 GMT", text=LONG)
    assert world.poll(bumped).records == ()
    edited = only(world.poll(item(guid="a", date="Wed, 04 Mar 2026 11:30:00 GMT", text=LONG + "And more.")))
    assert edited.published_at == datetime(2026, 3, 4, 9, tzinfo=UTC)
    assert edited.updated_at == datetime(2026, 3, 4, 11, 30, tzinfo=UTC)
    assert edited.date_quality is DateQuality.BUMPED


def test_ask_19_revisions_of_an_article_share_its_id() -> None:
    world = World()
    articles = [only(world.poll(item(guid="a", text=f"Version {number} of it."))) for number in range(3)]
    assert [article.revision for article in articles] == [1, 2, 3]
    assert len({article.article_id for article in articles}) == 1


def test_ask_20_a_missing_date_stays_null() -> None:
    article = only(World().poll(item(guid="a")))
    assert (article.published_at, article.date_quality) == (None, DateQuality.MISSING)


def test_ask_21_a_future_date_is_kept_and_flagged() -> None:
    article = only(World().poll(item(guid="a", date="Wed, 04 Mar 2037 09:00:00 GMT")))
    assert (article.published_at, article.date_quality) == (datetime(2037, 3, 4, 9, tzinfo=UTC), DateQuality.FUTURE)


def test_ask_22_one_date_on_all_items_is_flagged() -> None:
    world = World()
    same = [item(f"Story number {n} of the day", link=f"/{n}", date="Thu, 01 Jan 2026 10:11:12 GMT") for n in range(8)]
    honest = item("An honest story of the day", link="/h", date="Wed, 04 Mar 2026 09:00:00 GMT")
    qualities = [record.article.date_quality for record in world.poll(*same, honest).records]
    assert qualities == [DateQuality.CONSTANT] * 8 + [DateQuality.STATED]


def test_ask_22_entries_of_one_day_without_times_are_honest() -> None:
    items = [item(f"Story number {n} of the day", link=f"/{n}", date="2026-03-04") for n in range(8)]
    assert {record.article.date_quality for record in World().poll(*items).records} == {DateQuality.ZONE_ASSUMED}


def test_ask_23_the_stated_date_counts_not_the_one_in_the_address() -> None:
    article = only(World().poll(item(link="/2019/01/02/story", date="Wed, 04 Mar 2026 09:00:00 GMT")))
    assert article.published_at == datetime(2026, 3, 4, 9, tzinfo=UTC)


def test_ask_26_no_date_is_invented_from_the_time_of_the_poll() -> None:
    document = World().read(rss(item(guid="a"), item(guid="b", date="soon")))
    assert [entry.draft.published_at for entry in document.entries] == [None, None]


def test_ask_36_another_address_of_the_feed_changes_no_id() -> None:
    world = World()
    first = only(world.poll(item(guid="a", text="One.")))
    moved = only(world.poll(item(guid="a", text="Two."), url="https://feeds.other.example/paper"))
    assert (moved.article_id, moved.kind) == (first.article_id, Kind.UPDATED)


PAGES: Mapping[str, tuple[str, Reason]] = {
    "empty": ("", Reason.BODY_EMPTY),
    "blank": ("\n \ufeff\n", Reason.BODY_EMPTY),
    "page": ("<!doctype html><title>Paper</title><p>Welcome to our site.", Reason.BODY_IS_HTML),
    "error": (
        "<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>",
        Reason.BODY_IS_HTML,
    ),
    "login": (
        "<html><title>Sign in</title><form action='/login'><input type='password'></form></html>",
        Reason.LOGIN_WALL,
    ),
}


@pytest.mark.parametrize("name", PAGES)
def test_ask_41_a_page_with_status_200_is_no_empty_feed(name: str) -> None:
    body, reason = PAGES[name]
    with pytest.raises(ParseError) as caught:
        parse_feed(body.encode(), {"content-type": "application/rss+xml"}, "https://paper.example/feed")
    assert caught.value.reason is reason


def test_ask_42_an_error_page_in_xml_is_no_feed() -> None:
    body = b'<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'
    with pytest.raises(ParseError) as caught:
        parse_feed(body, {}, "https://paper.example/feed")
    assert caught.value.reason is Reason.NOT_A_FEED


def test_ask_43_an_encoding_that_was_found_is_no_error() -> None:
    body = rss(item("Zürich stimmt ab")).encode()
    parsed = parse_feed(body, {"content-type": "text/xml; charset=iso-8859-1"}, "https://paper.example/feed")
    assert parsed.info.problem is None
    assert parsed.entries[0].title is not None
    assert parsed.entries[0].title.value == "Zürich stimmt ab"


def test_ask_44_one_bad_byte_spoils_no_other_character() -> None:
    body = rss(item("Zürich “stimmt” ab @")).encode().replace(b"@", b"\xe9")
    entry = parse_feed(body, {"content-type": "text/xml; charset=utf-8"}, "https://paper.example/feed").entries[0]
    assert entry.title is not None
    assert entry.title.value == "Zürich “stimmt” ab \ufffd"


def test_ask_45_the_declared_encoding_reads_the_bytes() -> None:
    body = '<?xml version="1.0" encoding="koi8-r"?>' + rss(item("Москва голосует"))
    entry = parse_feed(body.encode("koi8-r"), {}, "https://paper.example/feed").entries[0]
    assert entry.title is not None
    assert entry.title.value == "Москва голосует"


@pytest.mark.parametrize(
    "body", [b"<rss><channel><item><media:rating>", b"<a:b", b"<feed><entry><source>", b"\x1f\x8b"]
)
def test_ask_46_reading_raises_its_own_error_only(body: bytes) -> None:
    try:
        parse_feed(body, {"content-type": "x; charset=none"}, "https://[")
    except ParseError as error:
        assert error.reason in Reason


def test_ask_47_a_well_formed_feed_takes_the_fast_route() -> None:
    assert parse_feed(rss(item(guid="a")).encode(), {}, "https://paper.example/feed").route is Route.FAST


@pytest.mark.parametrize("missing", ["title", "guid", "link", "date", "text"])
def test_ask_48_an_entry_may_lack_anything_and_nothing_is_made_up(missing: str) -> None:
    whole = {"title": "T", "guid": "g", "link": "/a", "date": "Wed, 04 Mar 2026 09:00:00 GMT", "text": "S"}
    stated = {name: None if name == missing else value for name, value in whole.items()}
    entry = item(stated["title"], guid=stated["guid"], link=stated["link"], date=stated["date"], text=stated["text"])
    article = only(World().poll(entry))
    values = {
        "title": article.title, "link": article.url, "date": article.published_at, "text": article.summary
    }  # fmt: skip
    assert values.get(missing) is None
    assert article.authors == ()


def test_ask_49_an_advertisement_stays_with_its_feed_and_brings_no_pixel() -> None:
    pixel = '<img src="https://ads.example/p.gif" width="1" height="1">'
    text = f'<p>Buy this.</p>{pixel}<script src="//ads.example/x.js"></script>'
    extra = f"<content:encoded xmlns:content='http://purl.org/rss/1.0/modules/content/'><![CDATA[{text}]]></content:encoded>"
    article = only(World().poll(item("Sponsored", link="https://ads.example/buy", extra=extra)))
    assert (article.publisher.home, article.body, article.body_html) == (HOME, "Buy this.", "<p>Buy this.</p>")


def test_ask_51_a_bot_challenge_has_its_own_reason() -> None:
    body = (
        "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body><noscript>Enable JavaScript and cookies"
        " to continue</noscript><script>window._cf_chl_opt={}</script></body></html>"
    )
    with pytest.raises(ParseError) as caught:
        parse_feed(body.encode(), {"content-type": "text/html"}, "https://paper.example/feed")
    assert caught.value.reason is Reason.BOT_CHALLENGE


def test_ask_53_items_per_document_are_capped_and_it_is_said() -> None:
    parsed = parse_feed(rss(item("x") * (MAX_ENTRIES + 5)).encode(), {}, "https://paper.example/feed")
    assert (len(parsed.entries), parsed.truncated) == (MAX_ENTRIES, True)


def test_ask_57_a_text_over_the_limit_is_cut_and_it_is_said() -> None:
    article = only(World().poll(item(guid="a", text="<p>" + "word " * MAX_BODY_CHARACTERS + "</p>")))
    assert {"body", "body_html", "entry"} <= set(article.truncated)
    assert article.body_html is not None
    assert article.body_html.endswith("</p>")
