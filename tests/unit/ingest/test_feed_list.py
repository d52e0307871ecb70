from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from schemas.feed import Feed, FeedAccess, feed_id_of
from services.common.errors import UsageError
from services.ingest.feed_list import ListedFeed, Mistake, read_feed_list, sync_feeds

NOW = datetime(2026, 1, 31, tzinfo=UTC)
LATER = NOW + timedelta(days=1)

OPML = """<?xml version="1.0"?><opml version="2.0"><head><title>t</title></head><body>
<outline text="News"><outline type="rss" text="Harbour Times" xmlUrl="https://www.harbour.example/feed.xml"/></outline>
<outline type="rss" text="" xmlUrl="http://other.example/rss"/></body></opml>"""


def written(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


def test_opml_with_nested_outlines(tmp_path: Path) -> None:
    feeds = read_feed_list(written(tmp_path, "feeds.opml", OPML)).feeds
    assert [(feed.url, feed.title) for feed in feeds] == [
        ("https://www.harbour.example/feed.xml", "Harbour Times"),
        ("http://other.example/rss", None),
    ]


def test_feed_scheme_is_http(tmp_path: Path) -> None:
    text = "feeds: ['feed://a.example/1', 'feed:https://b.example/2', ' https://c.example/3 ']"
    feeds = read_feed_list(written(tmp_path, "feeds.yaml", text)).feeds
    assert [feed.url for feed in feeds] == ["http://a.example/1", "https://b.example/2", "https://c.example/3"]


@pytest.mark.parametrize("text", ["", "feeds:", "- https://a.example/", "feeds: https://a.example/", "3"])
def test_yaml_without_a_list_of_feeds_says_so(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="has no list `feeds`"):
        read_feed_list(written(tmp_path, "feeds.yaml", text))


def test_yaml_with_addresses_and_mappings(tmp_path: Path) -> None:
    mapping = "{url: https://b.example/feed, id: b, home: bee.example, paused: true}"
    text = f"feeds:\n  - https://a.example/feed\n  - {mapping}\n"
    assert read_feed_list(written(tmp_path, "feeds.yaml", text)).feeds == (
        ListedFeed(url="https://a.example/feed"),
        ListedFeed(url="https://b.example/feed", feed_id="b", home="bee.example", paused=True),
    )


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("feeds.yaml", "feeds: [", "is not YAML"),
        ("feeds.yaml", "", "no list `feeds`"),
        ("feeds.yaml", "feeds:\n  - {address: https://a.example}", "line 2: url: Field required"),
        ("feeds.yaml", "feeds:\n  - ftp://a.example/feed", "'ftp://a.example/feed' is no http or https address"),
        ("feeds.yaml", "feeds: []", "names no feed"),
        ("feeds.yaml", "feeds: [https://a.example/]\nfeed: x", "nothing but `feeds` in a list, not 'feed'"),
        ("feeds.yaml", "feeds: [2026-99-99]", "is not YAML"),
        ("feeds.txt", "# none\n\nsome words", "line 3: url: 'some words' is no http or https address"),
        ("feeds.opml", "not XML at all", "feeds.opml"),
        ("feeds.opml", "<opml><body/></opml>", "names no feed"),
    ],
)
def test_a_bad_list_is_one_clear_line(tmp_path: Path, name: str, text: str, complaint: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_feed_list(written(tmp_path, name, text))
    assert complaint in str(raised.value)
    assert "\n" not in str(raised.value)


MIXED = {
    "feeds.opml": """<?xml version="1.0"?>
<!-- by hand -->
<opml version="2.0"><body>
  <outline text="Good" xmlUrl="https://a.example/feed?a=1&b=2"/>
  <outline text="Bad" xmlURL="ftp://user:pw@b.example/feed"/>
</body></opml>""",
    "feeds.yaml": """# by hand

feeds:
  - https://a.example/feed?a=1&b=2
  - url: ftp://user:pw@b.example/feed
    title: Bad""",
    "feeds.txt": """# by hand
https://a.example/feed?a=1&b=2

# with a password

ftp://user:pw@b.example/feed""",
}


@pytest.mark.parametrize(("name", "line"), [("feeds.opml", 5), ("feeds.yaml", 5), ("feeds.txt", 6)])
def test_a_bad_address_costs_its_neighbours_nothing(tmp_path: Path, name: str, line: int) -> None:
    listed = read_feed_list(written(tmp_path, name, MIXED[name]))
    assert [feed.url for feed in listed.feeds] == ["https://a.example/feed?a=1&b=2"]
    assert listed.mistakes == (Mistake(line, "url: 'ftp://b.example/feed' is no http or https address"),)


@pytest.mark.parametrize(
    "entry", ["3", "", "[https://a.example/]", "{url: 3}", "{url: 'https://a.example/', adress: x}"]
)
def test_an_entry_of_another_kind_costs_its_neighbours_nothing(tmp_path: Path, entry: str) -> None:
    listed = read_feed_list(written(tmp_path, "feeds.yaml", f"feeds:\n- https://b.example/\n- {entry}\n"))
    assert [feed.url for feed in listed.feeds] == ["https://b.example/"]
    assert [mistake.line for mistake in listed.mistakes] == [3]


def test_opml_that_is_cut_off_says_so_and_keeps_its_feeds(tmp_path: Path) -> None:
    listed = read_feed_list(written(tmp_path, "feeds.opml", OPML[: OPML.index("</body>")]))
    assert len(listed.feeds) == 2
    assert [mistake.line for mistake in listed.mistakes] == [None]
    assert "broken" in listed.mistakes[0].reason


@pytest.mark.parametrize(
    ("home", "host"),
    [
        ("Paper.example", "paper.example"),
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]", "[::1]"),
        *((home, None) for home in ("a b", "https://paper.example", "paper.example/a", "paper.example:80", "a@b", "?")),
    ],
)
def test_home_is_a_host(home: str, host: str | None) -> None:
    if host is not None:
        assert ListedFeed(url="https://a.example/", home=home).home == host
        return
    with pytest.raises(ValidationError, match="is no name of a host"):
        ListedFeed(url="https://a.example/", home=home)


def test_a_missing_list_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_feed_list(tmp_path / "feeds.yaml")


def by_id(*feeds: Feed) -> dict[str, Feed]:
    return {feed.feed_id: feed for feed in feeds}


def test_a_new_feed_gets_an_id_from_its_address_and_a_home() -> None:
    (feed,) = sync_feeds({}, [ListedFeed(url="https://www.harbour.example/feed.xml")], NOW)
    assert feed.feed_id == feed_id_of("https://www.harbour.example/feed.xml")
    assert feed.home == "harbour.example"
    assert feed.is_polled


def test_syncing_the_same_list_again_writes_nothing() -> None:
    listed = [ListedFeed(url="https://a.example/1", feed_id="a"), ListedFeed(url="https://b.example/2")]
    first = sync_feeds({}, listed, NOW)
    assert sync_feeds(by_id(*first), listed, LATER) == []


def test_a_feed_that_moves_keeps_its_id_and_home() -> None:
    known = by_id(*sync_feeds({}, [ListedFeed(url="https://a.example/feed", feed_id="a")], NOW))
    (moved,) = sync_feeds(
        known, [ListedFeed(url="https://elsewhere.example/feed", feed_id="a", home="new.example")], LATER
    )
    assert (moved.feed_id, moved.url, moved.home) == ("a", "https://elsewhere.example/feed", "a.example")


def test_a_feed_no_longer_listed_is_marked_removed_once_and_can_come_back() -> None:
    listed = [ListedFeed(url="https://a.example/feed")]
    known = by_id(*sync_feeds({}, listed, NOW))
    (removed,) = sync_feeds(known, [], LATER)
    assert removed.removed
    assert sync_feeds(by_id(removed), [], LATER) == []
    (back,) = sync_feeds(by_id(removed), listed, LATER)
    assert back.is_polled
    assert back.feed_id == removed.feed_id


def test_unlisted_feeds_can_be_kept() -> None:
    known = by_id(*sync_feeds({}, [ListedFeed(url="https://a.example/feed")], NOW))
    assert sync_feeds(known, [], LATER, keep_unlisted=True) == []


ACCESS = """feeds:
  - url: https://a.example/feed
    headers: {X-Edition: de}
    secret_headers: {X-Key: wire-key}
    credentials: wire-login
    proxy: egress
"""


def test_yaml_names_the_secrets_of_a_feed(tmp_path: Path) -> None:
    listed = read_feed_list(written(tmp_path, "feeds.yaml", ACCESS)).feeds
    (feed,) = sync_feeds({}, listed, NOW)
    assert feed.access == FeedAccess(
        headers={"X-Edition": "de"}, secret_headers={"X-Key": "wire-key"}, credentials="wire-login", proxy="egress"
    )
    assert sync_feeds(by_id(feed), listed, LATER) == []
    (plain,) = sync_feeds(by_id(feed), [ListedFeed(url="https://a.example/feed")], LATER)
    assert plain.access is None


@pytest.mark.parametrize("field", ["headers: {Authorization: Bearer s3same}", "credentials: 'user:s3same'"])
def test_a_secret_in_a_list_is_refused_and_not_repeated(tmp_path: Path, field: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_feed_list(written(tmp_path, "feeds.yaml", f"feeds:\n  - {{url: 'https://a.example/', {field}}}\n"))
    assert "s3same" not in str(raised.value)
    assert "line 2" in str(raised.value)


def test_a_list_does_not_undo_a_request_for_a_poll() -> None:
    (feed,) = sync_feeds({}, [ListedFeed(url="https://a.example/feed")], NOW)
    asked = feed.model_copy(update={"poll_requested_at": LATER})
    assert sync_feeds(by_id(asked), [ListedFeed(url="https://a.example/feed")], LATER) == []


def test_an_address_spelled_otherwise_is_the_feed_that_is_known() -> None:
    known = by_id(*sync_feeds({}, [ListedFeed(url="http://a.example/feed")], NOW))
    (changed,) = sync_feeds(known, [ListedFeed(url="https://A.example:443/feed")], LATER)
    assert changed.feed_id in known
    assert changed.url == "https://A.example:443/feed"
    assert not changed.removed
