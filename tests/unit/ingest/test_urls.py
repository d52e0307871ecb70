"""Canonical addresses and homes, by tables of cases."""

import pytest

from services.ingest.urls import canonical_url, home_of, tidied

BASE = "https://base.example/dir/feed.xml"


@pytest.mark.parametrize(
    ("stated", "canonical"),
    [
        ("HTTP://Example.COM:80/a/./b/../c", "http://example.com/a/c"),
        ("https://example.com:443", "https://example.com/"),
        ("https://example.com:8443/", "https://example.com:8443/"),
        ("https://user:secret@example.com/", "https://example.com/"),
        ("https://example.com./a", "https://example.com/a"),
        ("https://example.com/a#comments", "https://example.com/a"),
        ("https://example.com/app#!/story/7", "https://example.com/app#!/story/7"),
        ("https://example.com/a?utm_source=x&id=3&fbclid=y&UTM_Medium=z", "https://example.com/a?id=3"),
        ("https://example.com/a?partner=rss&emc=rss", "https://example.com/a"),
        ("https://example.com/a?partner=acme", "https://example.com/a?partner=acme"),
        ("https://example.com/a?b=2&a=1", "https://example.com/a?b=2&a=1"),
        ("https://example.com/a?", "https://example.com/a"),
        ("https://example.com/a/", "https://example.com/a/"),
        ("https://example.com/%7euser/%c3%a9", "https://example.com/~user/%C3%A9"),
        ("https://example.com/é ü?q=ß", "https://example.com/%C3%A9%20%C3%BC?q=%C3%9F"),
        ("https://example.com/100%", "https://example.com/100%25"),
        ("https://example.com/a%2Fb", "https://example.com/a%2Fb"),
        ("https://example.com/%2e%2e/a", "https://example.com/a"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://Straße.example/", "https://xn--strae-oqa.example/"),
        ("http://[2001:DB8::1]:80/", "http://[2001:db8::1]/"),
        ("http://2130706433/", "http://127.0.0.1/"),
        (" \n https://example.com/a\tb \n", "https://example.com/ab"),
        ("//cdn.example/a", "https://cdn.example/a"),
        ("www.paper.example/a", "https://www.paper.example/a"),
        ("WWW.paper.example:8080?a=1", "https://www.paper.example:8080/?a=1"),
        ("www.html", "https://base.example/dir/www.html"),
        ("http:// paper.example/a b", "http://paper.example/a%20b"),
        ("https://paper.example/\r\n    2026/\n    a", "https://paper.example/2026/a"),
        ("\ufeffhttps://paper.example/\u200ba", "https://paper.example/a"),
        ("../up", "https://base.example/up"),
        ("?page=2", "https://base.example/dir/feed.xml?page=2"),
        ("https://a_b.example/", "https://a_b.example/"),
        ("javascript:alert(1)", None),
        ("mailto:a@b.example", None),
        ("ftp://example.com/", None),
        ("http://", None),
        ("http:/one-slash", None),
        ("https://exa mple.com/", None),
        ("https://example.com:port/", None),
        ("http://[::1", None),
        ("https://example.com/" + "a" * 2_000, None),
    ],
)
def test_canonical_url(stated: str, canonical: str | None) -> None:
    assert canonical_url(stated, BASE) == canonical


def test_relative_address_without_base_is_none() -> None:
    assert canonical_url("/a") is None


@pytest.mark.parametrize(
    ("url", "home"),
    [
        ("https://feeds.bbci.co.uk/news/rss.xml", "bbci.co.uk"),
        ("https://www.example.com/feed", "example.com"),
        ("https://example.com:8443/feed", "example.com"),
        ("https://alice.github.io/feed", "alice.github.io"),
        ("https://bob.substack.com/feed", "bob.substack.com"),
        ("https://feeds.feedburner.com/some", "feeds.feedburner.com"),
        ("https://medium.com/feed/@carol", "medium.com"),
        ("https://co.uk/feed", "co.uk"),
        ("http://localhost:8000/feed", "localhost"),
        ("http://192.0.2.7/feed", "192.0.2.7"),
        ("http://[2001:db8::1]:8080/feed", "[2001:db8::1]"),
        ("https://news.bücher.example/", "xn--bcher-kva.example"),
    ],
)
def test_home_of(url: str, home: str) -> None:
    assert home_of(url) == home


def test_home_of_no_address_is_an_error() -> None:
    with pytest.raises(ValueError, match="address"):
        home_of("not an address")


def test_address_of_nothing_but_blanks_costs_no_time() -> None:
    assert tidied(" " * 5_000_000) == ""
