from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import nan
from typing import Any

import pytest

from services.common.errors import UsageError
from services.fixture_feed.chance import fraction_of
from services.fixture_feed.feed import CORRECTION, FixtureFeed
from services.fixture_feed.seed import Seed

START = datetime(2025, 4, 14, 9, 30, tzinfo=UTC)
A = Seed("a", "Rain", ("Rain fell.", "It stopped."), "https://news.example/rain")
B = Seed("b", "Sun", ("Sun shone.",))


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_each_seed_is_one_entry_unless_told() -> None:
    feed = FixtureFeed([A, B], started_at=START)
    assert feed.guids == ("a", "b")
    assert feed.links == ("https://seeds.example/articles/a", "https://seeds.example/articles/b")
    assert feed.paths == ("/feed.xml",)
    assert [(entry.title, entry.paragraphs, entry.published_at) for entry in feed.entries(START)] == [
        ("Rain", A.paragraphs, START),
        ("Sun", B.paragraphs, START),
    ]


def test_copies_differ_in_guid_link_title_and_text() -> None:
    entries = FixtureFeed([A, B], started_at=START, count=5).entries(START)
    assert [entry.guid for entry in entries] == ["a", "b", "a-0002", "b-0002", "a-0003"]
    assert entries[2].link == "https://seeds.example/articles/a-0002"
    assert entries[2].title == "Rain (copy 2)"
    assert entries[2].paragraphs == (*A.paragraphs, "Copy 2.")
    assert entries[3].paragraphs == (*B.paragraphs, "Copy 2.")
    assert len({entry.paragraphs for entry in entries}) == 5


def test_copy_never_takes_the_name_of_a_seed() -> None:
    named = Seed("a-0002", "Snow", ("Snow fell.",))
    feed = FixtureFeed([A, named], started_at=START, count=6)
    assert feed.guids == ("a", "a-0002", "a-0003", "a-0002-0002", "a-0004", "a-0002-0003")


def test_fewer_entries_than_seeds() -> None:
    assert FixtureFeed([A, B], started_at=START, count=1).guids == ("a",)


def test_feed_without_entries_has_one_empty_document() -> None:
    feed = FixtureFeed([A], started_at=START, count=0)
    assert feed.paths == ("/feed.xml",)
    assert feed.entries(START) == []
    assert b"<item>" not in feed.document(0, START)
    assert feed.settles_at == START
    assert feed.next_change_at(START) is None


def test_documents_hold_100_entries_each_and_all_of_them_once() -> None:
    feed = FixtureFeed([A, B], started_at=START, count=250)
    assert feed.paths == ("/feed.xml", "/feeds/0002.xml", "/feeds/0003.xml")
    documents = [feed.document(index, START).decode() for index in range(3)]
    assert [document.count("<item>") for document in documents] == [100, 100, 50]
    assert all(sum(f">{guid}</guid>" in document for document in documents) == 1 for guid in feed.guids)
    assert documents[1].index(f">{feed.guids[199]}<") < documents[1].index(f">{feed.guids[100]}<")
    with pytest.raises(IndexError):
        feed.document(3, START)


def test_entries_appear_at_their_rate() -> None:
    feed = FixtureFeed([A], started_at=START, count=102, rate=2)
    assert [len(feed.entries(after(seconds))) for seconds in (-1, 0, 0.4, 0.5, 10, 50.5, 99)] == [
        0,
        1,
        1,
        2,
        21,
        102,
        102,
    ]
    assert feed.version(0, after(10)) == (21, 0)
    assert feed.version(1, after(49.9)) == (0, 0)
    assert feed.version(1, after(50)) == (1, 0)
    assert feed.entries(after(0.5))[1].published_at == after(0.5)
    assert feed.settles_at == after(50.5)


def test_entry_is_shown_from_the_very_moment_it_is_published() -> None:
    feed = FixtureFeed([A], started_at=START, count=300, rate=7)
    for number, entry in enumerate(feed.entries(feed.settles_at)):
        assert len(feed.entries(entry.published_at)) == number + 1


def test_next_change_of_a_feed_and_of_one_document() -> None:
    feed = FixtureFeed([A], started_at=START, count=102, rate=2)
    assert feed.next_change_at(after(-5)) == START
    assert feed.next_change_at(START) == after(0.5)
    assert feed.next_change_at(START, index=1) == after(50)
    assert feed.next_change_at(after(49.5), index=0) is None
    assert feed.next_change_at(after(50.5)) is None
    assert feed.changed_at(1, after(1)) == START
    assert feed.changed_at(1, after(50.2)) == after(50)


def test_share_of_entries_is_revised_the_same_one_each_time() -> None:
    feed = FixtureFeed([A], started_at=START, count=1000, revise=0.3, revise_after=30)
    assert 250 < len(feed.revised_guids) < 350
    assert FixtureFeed([A], started_at=START, count=1000, revise=0.3).revised_guids == feed.revised_guids
    before, later = feed.entries(after(29.9)), feed.entries(after(30))
    assert all(entry.updated_at is None for entry in before)
    revised = [entry for entry in later if entry.updated_at is not None]
    assert tuple(entry.guid for entry in revised) == feed.revised_guids
    assert {entry.updated_at for entry in revised} == {after(30)}
    assert all(entry.paragraphs[-1] == CORRECTION and entry.published_at == START for entry in revised)
    assert feed.settles_at == after(30)


def test_revision_changes_its_own_document_only() -> None:
    feed = FixtureFeed([A], started_at=START, count=300, rate=1, revise=0.02, revise_after=0.25)
    number = next(number for number, guid in enumerate(feed.guids) if guid in feed.revised_guids)
    moment = after(number + 0.25)
    assert feed.next_change_at(after(number)) == moment
    home = number // 100
    for index in range(3):
        changed = feed.document(index, moment) != feed.document(index, after(number))
        assert changed is (index == home)
    assert feed.changed_at(home, moment) == moment


@pytest.mark.parametrize("seconds", [0, 1, 30.5, 100, 149.9, 160, 209])
def test_documents_together_show_the_entries(seconds: float) -> None:
    feed = FixtureFeed([A, B], started_at=START, count=210, rate=1.5, revise=0.5, revise_after=20)
    shown = "".join(feed.document(index, after(seconds)).decode() for index in range(feed.documents))
    entries = feed.entries(after(seconds))
    assert shown.count("<item>") == len(entries)
    assert shown.count(CORRECTION) == sum(entry.updated_at is not None for entry in entries)


def test_unchanged_document_is_not_built_again() -> None:
    feed = FixtureFeed([A], started_at=START, count=3, rate=1)
    assert feed.document(0, after(1)) is feed.document(0, after(1.9))
    assert feed.document(0, after(1)) != feed.document(0, after(2))


def test_subscription_list_names_every_document() -> None:
    opml = FixtureFeed([A], started_at=START, count=101).opml("http://a&b/").decode()
    assert 'text="Fixture feed 1 of 2" title="Fixture feed 1 of 2" xmlUrl="http://a&amp;b/feed.xml"' in opml
    assert 'xmlUrl="http://a&amp;b/feeds/0002.xml"' in opml


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"seeds": []}, "at least one seed"),
        ({"seeds": [A, A]}, "share a stem"),
        ({"started_at": datetime(2025, 1, 1)}, "time zone"),
        ({"count": -1}, "count is -1"),
        ({"rate": 0}, "rate is 0"),
        ({"rate": nan}, "rate is nan"),
        ({"revise": 1.1}, "revise is 1.1"),
        ({"revise_after": -1}, "revise_after is -1"),
        ({"rate": 1e-12}, "outlast the calendar"),
    ],
)
def test_options_that_make_no_feed(options: dict[str, Any], problem: str) -> None:
    make: Callable[..., FixtureFeed] = FixtureFeed
    with pytest.raises(UsageError, match=problem):
        make(**{"seeds": [A], "started_at": START} | options)


def test_shares_are_spread_evenly() -> None:
    draws = [fraction_of("x", number) for number in range(10_000)]
    assert all(0 <= draw < 1 for draw in draws)
    assert all(900 < sum(low <= draw * 10 < low + 1 for draw in draws) < 1100 for low in range(10))
