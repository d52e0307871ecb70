"""Plain text out of HTML and titles."""

import pytest

from services.ingest.markup import MAX_TAGS
from services.ingest.text import fold, html_to_text, plain_text, plain_title, unescaped


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<p>One<p>Two", "One\n\nTwo"),
        ("before<div>in</div>after", "before\n\nin\n\nafter"),
        ("<b>bo</b>ld and <i>italic</i>", "bold and italic"),
        ("line<br>next<br/><br>new", "line\nnext\n\nnew"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1 2\n3"),
        ("a&nbsp;b&#8217;s &amp; c&shy;d &lt;e&gt;", "a b’s & cd <e>"),
        ("<script>x()</script><style>p{}</style>text<noscript>no</noscript>", "text"),
        ("text<img src='https://pixel.example/1.gif' width=1 height=1 alt='pixel'>", "text"),
        ("<!-- comment -->text<!doctype html>", "text"),
        ("  white \n\t space  ", "white space"),
        ("3 < 4 and 5 > 4", "3 < 4 and 5 > 4"),
        ("where $a<b$ and <i>c</i> > d", "where $a<b$ and c > d"),
        ("<o:p>office</o:p> <my-tag>x</my-tag>", "office x"),
        ("a\x00b\x01<b>c</b>\ud800", "abc"),
        ("<p>&#1;&#2;one</p>", "one"),
        ("", ""),
    ],
)
def test_html_to_text(markup: str, text: str) -> None:
    assert html_to_text(markup) == text


def test_deep_markup_is_read_without_recursion() -> None:
    assert html_to_text("<div>" * MAX_TAGS + "deep") == "deep"


def test_markup_with_too_many_tags_is_stripped() -> None:
    markup = "<p class='x'>one &amp; two<br>three</p>" + "<i>" * MAX_TAGS + "four &lt; five"
    assert html_to_text(markup) == "one & two\nthree\n\nfour < five"


@pytest.mark.parametrize(
    ("value", "media_type", "title"),
    [
        ("Is 3 < 4?", "text/plain", "Is 3 < 4?"),
        ("Vec<T> explained", "text/plain", "Vec<T> explained"),
        ("It&#8217;s here", "text/plain", "It’s here"),
        ("AT&T wins", "text/plain", "AT&T wins"),
        ("Tom &amp; Co", "text/html", "Tom & Co"),
        ("A <em>new</em> day", "text/html", "A new day"),
        ("It&amp;#8217;s twice", "text/html", "It’s twice"),
        ("two\n lines\u00a0", "text/plain", "two lines"),
        ("Ferry<br>returns<BR />today", "text/plain", "Ferry returns today"),
        ("<b>Live</b>: <i>the</i> ferry", "text/plain", "Live: the ferry"),
        ("&lt;b&gt;Live&lt;/b&gt;: the ferry", "text/html", "Live: the ferry"),
        ("&amp;lt;em&amp;gt;Live&amp;lt;/em&amp;gt;", "text/plain", "Live"),
        ("<p>One</p><p>two</p>", "text/plain", "One two"),
        ('<span class="red">Live: the ferry', "text/plain", "Live: the ferry"),
        ("Arts &amp;amp; culture", "text/html", "Arts & culture"),
        ("a < b, c > d and <3", "text/plain", "a < b, c > d and <3"),
        ("Map<String, List<T>> or &lt;T&gt;", "text/plain", "Map<String, List<T>> or <T>"),
        ("What the <b> tag and the <p> tag are", "text/plain", "What the <b> tag and the <p> tag are"),
        ("<b>Fast</b> List<T>", "text/plain", "Fast List<T>"),
        ("cut <br", "text/plain", "cut <br"),
    ],
)
def test_plain_title(value: str, media_type: str, title: str) -> None:
    assert plain_title(value, media_type) == title


def test_plain_text_keeps_paragraphs_and_angle_brackets() -> None:
    assert plain_text("one\ntwo\n \nthree <4>", "text/plain") == "one two\n\nthree <4>"


def test_plain_text_that_is_markup_is_read_as_html() -> None:
    assert plain_text("<p>one</p><p>two</p>", "text/plain") == "one\n\ntwo"


def test_html_escaped_once_too_often_is_html_and_html_about_html_is_not() -> None:
    assert unescaped("&lt;p&gt;Ferry &amp;amp; port&lt;/p&gt;") == "<p>Ferry &amp; port</p>"
    for about in ("Write &lt;b&gt;x&lt;/b&gt; for bold", "<p>&lt;p&gt;x&lt;/p&gt;</p>", "&lt;3 &amp; more"):
        assert unescaped(about) == about


def test_fold_keeps_joiners_that_scripts_need() -> None:
    assert fold("می\u200cخواهم \U0001f468\u200d\U0001f469") == "می\u200cخواهم \U0001f468\u200d\U0001f469"
