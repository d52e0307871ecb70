"""Redirects, validators, rests of hosts, access: what the poller decides around a fetch."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.feed import Feed, FeedAccess, FeedState, HostState
from schemas.reasons import Reason
from services.ingest.access import check_access, resolve_access, secrets_from
from services.ingest.conditional import DISTRUST, have_lied, validators_to_send
from services.ingest.cool_down import STRIKES_KEPT, host_after_refusal, is_forgettable_host, widened_gap
from services.ingest.fetch_errors import FetchError
from services.ingest.hosts import host_of, is_downgrade, may_share_secrets, same_feed_key, shown_address
from services.ingest.pace import Pace
from services.ingest.redirects import ASK_OLD_EVERY, address_to_poll, redirect_changes
from services.ingest.request import Validators
from services.ingest.settings import ScheduleSettings

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
URL, NEW = "https://old.example/feed", "https://new.example/feed"
FEED = Feed(feed_id="f", url=URL, home="old.example", synced_at=NOW)
SETTINGS = ScheduleSettings(redirect_proof_polls=3, redirect_proof_seconds=86_400)


def state(**fields: object) -> FeedState:
    return FeedState(feed_id="f", home="old.example", url=URL, next_poll_at=NOW).model_copy(update=fields)


def led(before: FeedState, to: str | None, hours: float, address: str = URL) -> FeedState:
    moment = NOW + timedelta(hours=hours)
    return before.model_copy(update=redirect_changes(before, address, to, moment, SETTINGS))


def test_a_permanent_redirect_is_adopted_after_enough_polls_over_enough_time() -> None:
    quick = state()
    for number in range(10):
        quick = led(quick, NEW, number * 0.1)
    assert quick.moved_to is None, "ten polls within an hour prove nothing"
    slow = led(led(state(), NEW, 0), NEW, 100)
    assert slow.moved_to is None, "nor do two polls over days"
    assert led(slow, NEW, 101).moved_to == NEW


@pytest.mark.parametrize("other", [None, "https://elsewhere.example/"])
def test_a_poll_that_is_led_elsewhere_starts_the_proof_anew(other: str | None) -> None:
    before = led(led(state(), NEW, 0), NEW, 25)
    assert led(led(before, other, 26), NEW, 27).moved_to is None


def test_an_adopted_address_is_polled_and_the_old_one_asked_while_it_fails() -> None:
    moved = state(moved_to=NEW)
    assert address_to_poll(FEED, moved) == NEW
    asked = [address_to_poll(FEED, state(moved_to=NEW, failures_in_row=failures)) for failures in range(9)]
    assert asked.count(URL) == 2
    assert asked[ASK_OLD_EVERY] == URL


def test_an_adopted_address_is_given_up_once_the_old_one_serves_the_feed_itself() -> None:
    moved = state(moved_to=NEW)
    assert led(moved, None, 0).moved_to is None
    assert led(moved, None, 0, address=NEW).moved_to == NEW
    assert led(moved, NEW, 0).moved_to == NEW, "the old one still leads there"


def test_a_feed_can_move_twice() -> None:
    moved = state(moved_to=NEW)
    for hours in (0, 13, 26):
        moved = led(moved, "https://newest.example/", hours, address=NEW)
    assert moved.moved_to == "https://newest.example/"


def test_an_operator_who_changes_the_address_is_obeyed() -> None:
    changed = FEED.model_copy(update={"url": "https://listed.example/"})
    assert address_to_poll(changed, state(moved_to=NEW)) == "https://listed.example/"


KNOWN = state(etag='"1"', last_modified="Wed, 04 Mar 2026 11:00:00 GMT", body_hash="h", full_poll_at=NOW)
BOTH = Validators('"1"', "Wed, 04 Mar 2026 11:00:00 GMT")


def sent(before: FeedState | None, hours: float, address: str = URL, feed: Feed = FEED) -> Validators:
    return validators_to_send(feed, before, address, NOW + timedelta(hours=hours), ScheduleSettings())


def test_both_validators_are_sent_until_a_whole_document_is_due() -> None:
    assert sent(KNOWN, 1) == BOTH
    assert sent(KNOWN, 23.9) == BOTH
    assert sent(KNOWN, 24) == Validators()
    assert sent(None, 0) == Validators()


def test_validators_of_another_address_are_not_sent() -> None:
    changed = FEED.model_copy(update={"url": NEW})
    assert sent(KNOWN, 1, NEW, changed) == Validators()
    moved = KNOWN.model_copy(update={"moved_to": NEW})
    assert sent(moved, 1, NEW) == BOTH
    assert sent(moved, 1, URL) == Validators()


def test_a_server_that_was_caught_lying_gives_a_whole_document_each_hour_for_a_week() -> None:
    caught = KNOWN.model_copy(update={"validators_lied_at": NOW})
    assert sent(caught, 0.5) == BOTH
    assert sent(caught, 1) == Validators()
    later = caught.model_copy(update={"full_poll_at": NOW + DISTRUST})
    assert sent(later, DISTRUST / timedelta(hours=1) + 2) == BOTH


@pytest.mark.parametrize(
    ("given", "has_new", "lied"),
    [
        (BOTH, True, True),
        (BOTH, False, False),
        (Validators('"2"', BOTH.last_modified), True, False),
        (Validators('"1"', "Wed, 04 Mar 2026 12:00:00 GMT"), True, True),
        (Validators(None, BOTH.last_modified), True, False),
        (Validators(), True, False),
    ],
)
def test_validators_that_stay_the_same_over_new_articles_lie(given: Validators, has_new: bool, lied: bool) -> None:
    assert have_lied(KNOWN, given, has_new_articles=has_new) is lied


def rested(
    before: HostState | None, reason: Reason, retry_after: str | None = None, hours: float = 0
) -> HostState | None:
    moment = NOW + timedelta(hours=hours)
    return host_after_refusal("h", "home", before, reason, retry_after, moment, ScheduleSettings())


def seconds_of(host: HostState | None, hours: float = 0) -> float:
    assert host is not None
    return (host.cooling_until - NOW).total_seconds() - 3_600 * hours


def test_too_many_requests_rest_the_host_longer_each_time() -> None:
    first = rested(None, Reason.RATE_LIMITED)
    assert seconds_of(first) == 900
    second = rested(first, Reason.RATE_LIMITED, hours=1)
    assert second is not None
    assert (second.strikes, seconds_of(second, 1)) == (2, 1_800)
    much_later = rested(second, Reason.RATE_LIMITED, hours=48)
    assert much_later is not None
    assert much_later.strikes == 1


def test_a_host_says_itself_how_long_but_not_for_ever() -> None:
    assert seconds_of(rested(None, Reason.RATE_LIMITED, "7200")) == 7_200
    assert seconds_of(rested(None, Reason.RATE_LIMITED, "1")) == 900
    assert seconds_of(rested(None, Reason.RATE_LIMITED, "9999999")) == 86_400
    assert seconds_of(rested(None, Reason.SERVER_ERROR, "120")) == 120


def test_other_failures_rest_no_host() -> None:
    assert rested(None, Reason.SERVER_ERROR) is None
    assert rested(None, Reason.FORBIDDEN, "120") is None
    assert rested(None, Reason.TIMED_OUT) is None


def test_a_second_answer_does_not_shorten_a_rest() -> None:
    long = rested(None, Reason.RATE_LIMITED, "80000")
    assert seconds_of(rested(long, Reason.SERVER_ERROR, "1")) == 80_000


def test_a_host_is_asked_more_gently_after_its_rest_and_then_forgotten() -> None:
    host = rested(None, Reason.RATE_LIMITED)
    assert host is not None
    assert widened_gap(2.0, host.strikes) == 4.0
    assert widened_gap(2.0, 1_000) == widened_gap(2.0, 6)
    assert not is_forgettable_host(host, host.cooling_until + STRIKES_KEPT)
    assert is_forgettable_host(host, host.cooling_until + STRIKES_KEPT + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://A.example/feed", "a.example"),
        ("http://a.example:80/", "a.example"),
        ("https://a.example:443/", "a.example"),
        ("http://a.example:8080/", "a.example:8080"),
        ("https://user:pw@a.example./x@y", "a.example"),
        ("http://[2001:DB8::1]:8080/", "[2001:db8::1]:8080"),
        ("http://a.example:x/", "?"),
        ("nonsense", ""),
    ],
)
def test_host_of_an_address(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize(
    ("url", "other", "may"),
    [
        ("https://a.example/1", "https://a.example/2", True),
        ("http://a.example/1", "https://a.example/2", True),
        ("https://a.example/1", "http://a.example/2", False),
        ("https://a.example/1", "https://b.example/1", False),
        ("https://a.example/1", "https://a.example:8443/1", False),
        ("", "https://a.example/", False),
    ],
)
def test_secrets_stay_with_their_server(url: str, other: str, may: bool) -> None:
    assert may_share_secrets(url, other) is may
    assert is_downgrade("https://a/", "http://a/")


def test_spellings_of_one_feed_are_one() -> None:
    keys = {same_feed_key(url) for url in ("http://A.example/f?x=1#top", "https://a.example:443/f?x=1")}
    assert len(keys) == 1
    assert same_feed_key("https://a.example/f?x=2") not in keys
    assert shown_address("https://user:p@a.example/f@x") == "https://a.example/f@x"


def feed_with(access: FeedAccess | None, url: str = URL) -> Feed:
    return FEED.model_copy(update={"access": access, "url": url})


def test_secrets_come_from_files_first_then_from_variables_of_our_own_prefix(tmp_path: Path) -> None:
    (tmp_path / "login").write_text("user:from-file\n")
    environment = {"NEWSFLOW_SECRET_LOGIN": "user:from-variable", "NEWSFLOW_SECRET_API_KEY": "k", "HOME": "/root"}
    secret_of = secrets_from(tmp_path, environment)
    assert secret_of("login") == "user:from-file"
    assert secret_of("api-key") == "k"
    assert secret_of("HOME") is None
    assert secret_of("../login") is None
    assert secrets_from(None, environment)("login") == "user:from-variable"


def test_access_of_a_feed_is_resolved_and_keeps_its_secrets_out_of_sight() -> None:
    stated = FeedAccess(
        headers={"X-Edition": "de"}, secret_headers={"X-Key": "key"}, credentials="login", proxy="proxy"
    )
    given = {"key": "sesame", "login": "user:hunter2", "proxy": "http://p:q@proxy.example:3128"}
    access = resolve_access(feed_with(stated), given.get)
    assert (access.private, access.credentials) == ({"X-Key": "sesame"}, "user:hunter2")
    assert not any(secret in repr(access) for secret in ("sesame", "hunter2", "proxy.example"))
    error = FetchError(Reason.CONNECT_FAILED, "sesame hunter2 http://p:q@proxy.example:3128 said no")
    told = error.without(access.secrets)
    assert not any(secret in str(told) for secret in ("sesame", "hunter2", "q@", "proxy.example"))


def test_credentials_of_an_address_are_access_too() -> None:
    access = resolve_access(feed_with(None, "https://us%40er:p%3Aw@a.example/"), dict[str, str]().get)
    assert access.credentials == "us@er:p:w"
    assert resolve_access(feed_with(None), dict[str, str]().get).credentials is None


@pytest.mark.parametrize("value", [None, "", "two\nlines"])
def test_a_secret_that_is_not_there_is_a_reason_of_its_own(value: str | None) -> None:
    with pytest.raises(FetchError) as caught:
        resolve_access(feed_with(FeedAccess(credentials="login")), lambda _: value)
    assert caught.value.reason is Reason.CREDENTIALS_MISSING
    assert "login" in caught.value.detail


@pytest.mark.parametrize(
    ("headers", "secret_headers", "secrets"),
    [
        ({"Host": "x"}, {}, ()),
        ({"If-None-Match": "x"}, {}, ()),
        ({"bad name": "x"}, {}, ()),
        ({"X": "two\nlines"}, {}, ()),
        ({"Authorization": "Bearer x"}, {}, ()),
        ({"Cookie": "x"}, {}, ()),
        ({}, {"X": "https://looks like a value"}, ()),
        ({}, {}, ("user:password",)),
    ],
)
def test_access_that_cannot_be_sent_or_would_show_a_secret_is_refused(
    headers: dict[str, str], secret_headers: dict[str, str], secrets: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError, match=r"header|secret"):
        check_access(headers, secret_headers, secrets)


def test_overdue_feeds_are_begun_in_turn() -> None:
    pace = Pace(10.0, 0.0)
    begun = 0
    for tick in range(201):  # two seconds in steps of 10 ms
        while pace.seconds_to_next(tick / 100) == 0:
            pace.begin()
            begun += 1
    assert 20 <= begun <= 26
    assert 0 < pace.seconds_to_next(2.0) <= 0.1
