"""Properties of canonical addresses."""

from hypothesis import example, given
from hypothesis import strategies as st

from services.ingest.urls import canonical_url, home_of

PIECES = st.sampled_from(
    [
        *(
            "http://",
            "https://",
            "HTTPS://",
            "//",
            "/",
            "..",
            ".",
            "?",
            "#",
            "#!",
            "&",
            "=",
            "%",
            "%2e",
            "%2F",
            "%zz",
            ";",
        ),
        *(
            "a",
            "B",
            "é",
            "ß",
            "例",
            "xn--",
            "example.com",
            "[::1]",
            "127.1",
            ":80",
            ":443",
            "@",
            "utm_source=x",
            " ",
            "\\",
        ),
        *("\t", "\x00", "\ud800", "\u200b", "。", "-", "_", "~", "|"),
    ]
)


@given(st.one_of(st.text(), st.lists(PIECES, max_size=12).map("".join)))
@example("http://a/%25%32%65%2e/..")
@example("http://h//..//x")
def test_canonical_url_is_idempotent_ascii_and_has_a_home(url: str) -> None:
    canonical = canonical_url(url, "https://base.example/dir/")
    if canonical is None:
        return
    assert canonical.isascii()
    assert canonical.startswith(("http://", "https://"))
    assert canonical_url(canonical) == canonical
    assert canonical_url(canonical, "http://other.example/") == canonical
    assert home_of(canonical)
