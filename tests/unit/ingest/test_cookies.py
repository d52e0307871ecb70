"""Cookies of one poll: who gets them back, and how many there may be."""

import pytest

from services.ingest.cookies import MAX_COOKIE_BYTES, MAX_COOKIES, Cookies

HERE = "https://user:pw@a.example/feed?x=1"


@pytest.mark.parametrize(
    ("stated", "header"),
    [
        ("id=1; Path=/; HttpOnly", "id=1"),
        (" id = two words ;Secure", "id=two words"),
        ('id="1,2"', 'id="1,2"'),
        ("id=", "id="),
        ("no pair", None),
        ("=1", None),
        ("id=Zürich", None),
        ("id=1\r\nX-Other: 2", None),
    ],
)
def test_pair_is_kept_if_it_can_be_sent_back(stated: str, header: str | None) -> None:
    cookies = Cookies()
    assert cookies.take(HERE, [stated]) is (header is not None)
    assert cookies.header("https://a.example/other") == header
    assert not cookies.take(HERE, [stated])


@pytest.mark.parametrize(
    "url", ["https://www.a.example/", "https://a.example:8443/", "http://a.example/", "https://b.example/"]
)
def test_another_server_gets_none(url: str) -> None:
    cookies = Cookies()
    cookies.take(HERE, ["id=1"])
    assert cookies.header(url) is None


def test_a_later_value_replaces_the_one_before() -> None:
    cookies = Cookies()
    cookies.take(HERE, ["a=1", "b=2"])
    assert cookies.take(HERE, ["a=3"])
    assert cookies.header(HERE) == "a=3; b=2"


def test_number_and_size_are_bounded() -> None:
    cookies = Cookies()
    cookies.take(HERE, [f"c{number}=1" for number in range(1_000)])
    cookies.take(HERE, ["c0=" + "x" * MAX_COOKIE_BYTES])
    header = cookies.header(HERE) or ""
    assert header.count(";") == MAX_COOKIES - 1
    assert header.startswith("c0=1;")
