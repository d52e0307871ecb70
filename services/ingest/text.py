"""Text as readers see it: HTML or plain text in, clean plain text out, paragraphs separated by blank lines."""

import html
import re
from collections.abc import Iterator
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_HTML_CHARACTERS = 2_000_000  # beyond it only time is lost: bodies are cut far below
MAX_TAGS = 5_000  # lexbor is quadratic in depth: 5,000 nested <div> take 0.04 s, 80,000 take 16 s

_DROPPED: Final = frozenset(
    {
        *("script", "style", "noscript", "template", "head", "title", "map"),
        *("iframe", "object", "embed", "svg", "math", "canvas", "audio", "video"),
        *("form", "select", "textarea", "button"),
    }
)
# Control characters are taken out of all text, so these can mark where blocks, lines and `<br>` break it.
_PARAGRAPH, _LINE, _BR = "\x02", "\x01", "\x03"
_BLOCKS: Final = (
    *("p", "div", "section", "article", "header", "footer", "main", "aside", "nav", "blockquote", "pre", "address"),
    *("figure", "figcaption", "table", "ul", "ol", "dl", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "details", "center"),
)
_MARK_OF: Final = {
    **dict.fromkeys(_BLOCKS, _PARAGRAPH),
    **dict.fromkeys(("li", "tr", "dt", "dd", "caption", "option", "summary"), _LINE),
    **dict.fromkeys(("td", "th"), " "),
    "br": _BR,
}
_DOUBLE_BR = re.compile(r"\x03\s*\x03[\x03\s]*")  # how pages without <p> write paragraphs
_MARKUP = re.compile(r"</(?:p|a|div|b|i|em|strong|span|ul|li|h[1-6])>|<(?:br|p|img)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[/!]?([A-Za-z][A-Za-z0-9]*)[^<>]*>")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u2060\ufeff\ufff9-\ufffc\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
_MARKS = re.compile("[\x01-\x03]")
_NEWLINES = re.compile("\r\n?|[\x85\u2028\u2029]")
_BLANK_LINES = re.compile(r"\n\s*\n")


def clean(text: str) -> str:
    """`text` without control characters, invisible joints and what UTF-8 cannot encode; line ends are `\\n`."""
    if text.isascii() and text.isprintable():
        return text
    return _INVISIBLE.sub("", _NEWLINES.sub("\n", text))


def fold(text: str) -> str:
    """Clean `text` on one line: every run of white space, no-break spaces among it, is one space."""
    return " ".join(clean(text).split())


def plain_title(value: str, media_type: str) -> str:
    """A title on one line. Plain text keeps its `<`; HTML loses its tags.

    Character references left after that are undone in both: a feed that shows `&#8217;` to its readers has escaped
    twice, which is far more common than a headline about character references.
    """
    text = html_to_text(value) if is_html(media_type) else value
    if "&" in text and _ENTITY.search(text):
        text = html.unescape(text)
    return fold(text)


def plain_text(value: str, media_type: str) -> str:
    """A text of any length, its paragraphs separated by blank lines. Plain text with unmistakable markup is HTML."""
    if is_html(media_type) or _MARKUP.search(value):
        return html_to_text(value)
    paragraphs = (fold(paragraph) for paragraph in _BLANK_LINES.split(clean(value)))
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def is_html(media_type: str) -> bool:
    return media_type in {"text/html", "application/xhtml+xml", "html", "xhtml"}


def html_to_text(markup: str) -> str:
    """The text of an HTML fragment: blocks become paragraphs, `<br>` and list items lines; scripts, forms, players and
    images (so tracking pixels) go. Never raises."""
    if "<" not in markup and "&" not in markup:
        return fold(markup)
    markup = markup[:MAX_HTML_CHARACTERS]
    text = _stripped(markup) if markup.count("<") > MAX_TAGS else _parsed(markup)
    if _BR in text:
        text = _DOUBLE_BR.sub(_PARAGRAPH, text).replace(_BR, _LINE)
    paragraphs = ("\n".join(_lines(paragraph)) for paragraph in text.split(_PARAGRAPH))
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _parsed(markup: str) -> str:
    """The text of `markup` with marks for its breaks."""
    body = LexborHTMLParser(f"<!doctype html><body>{markup}".encode("utf-8", "ignore")).body
    pieces: list[str] = []
    if body is not None:
        _collect(body, pieces)
    return "".join(pieces)


def _stripped(markup: str) -> str:
    """The same for markup with too many tags to parse: tags go by pattern, the text of scripts stays."""
    marked = _TAG.sub(lambda match: _MARK_OF.get(match[1].lower(), ""), _MARKS.sub("", markup))
    return html.unescape(marked)


def _lines(paragraph: str) -> Iterator[str]:
    for line in paragraph.split(_LINE):
        if folded := fold(line):
            yield folded


def _collect(body: LexborNode, pieces: list[str]) -> None:
    """Walk the tree without recursion (hostile markup nests deeper than Python's stack), adding text and breaks."""
    ends: list[tuple[LexborNode, str]] = []
    node = body.first_child
    while True:
        while node is None:
            if not ends:
                return
            parent, mark = ends.pop()
            pieces.append(mark)
            node = parent.next
        tag = node.tag
        if tag == "-text":
            text = node.text_content or ""
            pieces.append(text if text.isprintable() else _MARKS.sub("", text))
            node = node.next
            continue
        if tag is None or tag in _DROPPED or tag.startswith(("-", "!")):
            node = node.next
            continue
        mark = _MARK_OF.get(tag, "")
        if mark != _BR:
            pieces.append(mark)
        child = node.first_child
        if child is None:
            pieces.append(mark)
            node = node.next
        else:
            ends.append((node, mark))
            node = child
