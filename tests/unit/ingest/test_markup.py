"""HTML that is safe to show, and the text it says."""

import pytest

from services.ingest.limits import Limits, json_size
from services.ingest.markup import MAX_TAGS, sanitised
from services.ingest.text import html_to_text

BASE = "https://paper.example/news/story"


@pytest.mark.parametrize(
    ("markup", "clean"),
    [
        ("<p onclick=x style='color:red' class=y>a</p>", "<p>a</p>"),
        ("<script>x</script><style>y</style><iframe src='//e'>z</iframe>b", "b"),
        ("<p>a<b>b", "<p>a<b>b</b></p>"),
        ("a < b & c", "a &lt; b &amp; c"),
        ("<span>a</span><font>b</font>", "ab"),
        ("<a href='javascript:x'>a</a>", '<a rel="noopener noreferrer">a</a>'),
        ("<a href='JaVa\tScript:x'>a</a>", '<a rel="noopener noreferrer">a</a>'),
        ("<img src=x onerror=y>", '<img src="https://paper.example/news/x">'),
        ("<img src='data:image/png;base64,AA'>", ""),
        ("<a href='/b'>c</a>", '<a href="https://paper.example/b" rel="noopener noreferrer">c</a>'),
        ("<a href='//o.example/b'>c</a>", '<a href="https://o.example/b" rel="noopener noreferrer">c</a>'),
        ("<a href='httpx'>c</a>", '<a href="https://paper.example/news/httpx" rel="noopener noreferrer">c</a>'),
        ("<img src='https://t.example/p.gif' width=1 height=1>", ""),
        ("<img src='https://t.example/p.gif' alt='a>b' height='0' width='0px'>x", "x"),
        (
            "<img src='https://t.example/p.gif' width=1 height=100>",
            '<img src="https://t.example/p.gif" width="1" height="100">',
        ),
        ("<svg><a xlink:href='javascript:x'><text>q</text></a></svg>b", "b"),
        ("<!-- c --><![CDATA[x]]><?pi?>b", "b"),
        ("<math><mi>x</mi></math><video src=x>y</video><form><input value=x></form>b", "b"),
    ],
)
def test_markup_is_made_safe(markup: str, clean: str) -> None:
    assert sanitised(markup, BASE) == clean


@pytest.mark.parametrize("base", [None, "", "ftp://x.example/", "nonsense"])
def test_relative_address_without_a_base_goes(base: str | None) -> None:
    assert sanitised("<a href='/b'>c</a>", base) == '<a rel="noopener noreferrer">c</a>'


@pytest.mark.parametrize("markup", ["<div>" * (MAX_TAGS + 1) + "a &lt;script&gt;", "<p>a</p>" * MAX_TAGS + "<script>x"])
def test_too_many_tags_all_go(markup: str) -> None:
    clean = sanitised(markup)
    assert "<script" not in clean
    assert "a" in html_to_text(markup)


def test_lone_surrogate_goes() -> None:
    assert sanitised("<p>a\ud800b</p>") == "<p>ab</p>"


@pytest.mark.parametrize(
    "piece",
    ["<p>word word</p>", "word ", "<ul><li>x<b>y</b></li></ul>", "é&amp;", '<img src="https://x.example/" alt="&gt;">'],
)
@pytest.mark.parametrize("prefix", ["", "<p>", "<blockquote><p>"])
def test_markup_over_the_limit_stays_well_formed(piece: str, prefix: str) -> None:
    limits = Limits()
    kept = limits.markup("body_html", sanitised(prefix + piece * 900) * 60)
    assert kept is not None
    assert limits.truncated == ("body_html",)
    assert 50_000 < json_size(kept) <= 176 * 1024
    assert sanitised(kept) == kept
