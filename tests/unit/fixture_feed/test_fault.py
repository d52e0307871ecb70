import pytest

from services.common.errors import UsageError
from services.fixture_feed.fault import LOOP, Fault, Misbehaviour, next_hop, parse_fault, query_of


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ({}, None),
        ({"status": "503", "retry_after": "2"}, Fault("retry_after=2&status=503", status=503, retry_after="2")),
        ({"slow": "0.5"}, Fault("slow=0.5", slow_seconds=0.5)),
        ({"drip": "200", "drop": "0"}, Fault("drip=200&drop=0", bytes_per_second=200, drop_after=0)),
        ({"redirect": "loop"}, Fault("redirect=loop", redirects=LOOP)),
        (
            {"redirect": "2", "redirect_status": "301"},
            Fault("redirect=2&redirect_status=301", redirects=2, redirect_status=301),
        ),
        ({"garbage": "gzip-broken"}, Fault("garbage=gzip-broken", garbage="gzip-broken")),
        ({"validators": "off"}, Fault("validators=off", has_validators=False)),
    ],
)
def test_query_reads_as_a_fault(query: dict[str, str], fault: Fault | None) -> None:
    assert parse_fault(query) == fault


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"stauts": "500"}, "stauts: no such fault; there are status, retry_after, slow,"),
        ({"status": "99"}, "status=99: must be a whole number from 200 to 599"),
        ({"status": "２００"}, "must be a whole number"),
        ({"slow": "nan"}, "slow=nan: must be a number of seconds"),
        ({"slow": "-1"}, "must be a number of seconds"),
        ({"drip": "0"}, "must be a whole number from 1"),
        ({"retry_after": "2\r\nX: y"}, "must be a number of seconds or a date"),
        ({"redirect": "0"}, "must be a whole number from 1"),
        ({"redirect_status": "304"}, "must be one of 301, 302"),
        ({"garbage": "trash"}, "must be one of html, truncated"),
        ({"validators": ""}, "must be one of on, off"),
    ],
)
def test_wrong_query_says_what_is_right(query: dict[str, str], problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_fault(query)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("query", "following"),
    [
        ({"redirect": "3", "status": "500"}, {"redirect": "2", "status": "500"}),
        ({"redirect": "1", "redirect_status": "301", "slow": "1"}, {"slow": "1"}),
        ({"redirect": "loop"}, {"redirect": "loop"}),
    ],
)
def test_redirects_count_down(query: dict[str, str], following: dict[str, str]) -> None:
    fault = parse_fault(query)
    assert fault is not None
    assert next_hop(query, fault) == following


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("status:503", {"status": "503"}),
        ("status:503,retry_after:2", {"status": "503", "retry_after": "2"}),
        ("slow", {"slow": "5"}),
        ("garbage", {"garbage": "html"}),
    ],
)
def test_name_of_a_drawn_fault(name: str, query: dict[str, str]) -> None:
    assert query_of(name) == query


def test_faults_are_drawn_for_their_share_of_requests() -> None:
    misbehaviour = Misbehaviour({"status:500": 0.1, "slow": 0.2}, random_seed=7)
    draws = [misbehaviour.draw("/feed.xml", number) for number in range(5000)]
    assert 400 < draws.count({"status": "500"}) < 600
    assert 850 < draws.count({"slow": "5"}) < 1150
    assert draws == [
        Misbehaviour({"status:500": 0.1, "slow": 0.2}, random_seed=7).draw("/feed.xml", n) for n in range(5000)
    ]
    assert draws != [
        Misbehaviour({"status:500": 0.1, "slow": 0.2}, random_seed=8).draw("/feed.xml", n) for n in range(5000)
    ]
    assert draws != [misbehaviour.draw("/feeds/0002.xml", number) for number in range(5000)]


def test_shares_of_none_and_of_all() -> None:
    assert {str(Misbehaviour({}).draw("/", number)) for number in range(100)} == {"{}"}
    assert all(Misbehaviour({"status": 1.0}).draw("/", number) == {"status": "500"} for number in range(100))


@pytest.mark.parametrize(
    ("shares", "problem"),
    [({"slow": -0.1}, "0 or more"), ({"slow": 0.6, "drip": 0.6}, "add up to 1"), ({"slwo": 0.1}, "no such fault")],
)
def test_wrong_shares(shares: dict[str, float], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        Misbehaviour(shares)
