"""Text as readers see it: HTML or plain text in, clean plain text out, paragraphs separated by blank lines."""

import html
import re
from collections.abc import Callable
from typing import Final

from services.ingest.markup import sanitised

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
_CLEAN_TAG = re.compile(r'</?([a-z][a-z0-9]*)(?: [^">]*(?:"[^"]*"[^">]*)*)?>')
_DOUBLE_BR = re.compile(r"\x03\s*\x03[\x03\s]*")  # how pages without <p> write paragraphs
_MARKUP = re.compile(r"</(?:p|a|div|b|i|em|strong|span|ul|li|h[1-6])>|<(?:br|p|img)\b[^<>]*>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")

_TITLE_VOIDS: Final = ("br", "hr", "img")
_TITLE_BLOCKS: Final = ("div", "p", "h1", "h2", "h3", "h4", "h5", "h6")
_TITLE_INLINE: Final = (
    *("a", "abbr", "b", "big", "cite", "code", "del", "em", "font", "i", "ins", "mark", "q", "s", "small", "span"),
    *("strike", "strong", "sub", "sup", "tt", "u"),
)
_TITLE_TAG = re.compile(
    rf"</?({'|'.join(_TITLE_VOIDS + _TITLE_BLOCKS + _TITLE_INLINE)})(?:\s[^<>]*|/)?>", re.IGNORECASE
)
_CLOSING = re.compile(r"</([a-z][a-z0-9]*)\s*>", re.IGNORECASE)
_MOST_ESCAPED: Final = 3

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u2060\ufeff\ufff9-\ufffc\ufffe\uffff\ud800-\udfff\U000e0000-\U000e00ff]"
)
_NEWLINES = re.compile("\r\n?|[\x85\u2028\u2029]")
_SPACES = re.compile(r"\s+")
_BLANK_LINES = re.compile(r"\n\s*\n")


def clean(text: str) -> str:
    """`text` without control characters, invisible joints and what UTF-8 cannot encode; line ends are `\\n`."""
    # Python calls line ends, tabs and no-break spaces not printable, and all that has to go, but for U+FFFC.
    if is_plain(text) or ("\ufffc" not in text and is_plain(text.replace("\t", "").replace("\xa0", ""))):
        return text
    return _INVISIBLE.sub("", _NEWLINES.sub("\n", text))


def is_plain(text: str) -> bool:
    """Whether `text` is clean, and spaces and line ends are its only white space: so most texts are, told at once."""
    return "\ufffc" not in text and text.replace("\n", "").isprintable()


def fold(text: str) -> str:
    """Clean `text` on one line: every run of white space, no-break spaces among it, is one space."""
    return _spaced(clean(text)).strip()


def _spaced(text: str) -> str:
    """Clean `text` with one space for each run of white space."""
    if not text.isprintable():
        text = text.replace("\n", " ").replace("\t", " ").replace("\xa0", " ")
        if not text.isprintable():
            text = _SPACES.sub(" ", text)
    return _collapsed(text)


def _collapsed(text: str) -> str:
    text = text.replace("\n", " ")
    while "  " in text:
        text = text.replace("  ", " ")
    return text


def plain_title(value: str, media_type: str = "text/plain") -> str:
    """A title, or another short text, on one line. Plain text keeps its `<`; HTML loses its tags.

    Most software escapes titles once too often, some twice. So markup and character references are undone in both, as
    deep as they are escaped: `<br>` and images, elements of text that are closed or have attributes. What else is in
    angle brackets, as in `List<T>`, `a < b` or "the <b> tag", is meant to be read.
    """
    text = html_to_text(value) if is_html(media_type) else value
    for _ in range(_MOST_ESCAPED):
        if "<" in text:
            text = _untagged(text)
        if "&" not in text or not _ENTITY.search(text):
            break
        text = html.unescape(text)
    return fold(text)


def _untagged(text: str) -> str:
    closed = {name.lower() for name in _CLOSING.findall(text)}

    def kept(tag: re.Match[str]) -> str:
        name = tag[1].lower()
        is_markup = name in _TITLE_VOIDS or name in closed or "=" in tag[0]
        return tag[0] if not is_markup else "" if name in _TITLE_INLINE else " "

    return _TITLE_TAG.sub(kept, text)


def plain_text(value: str, media_type: str) -> str:
    """A text of any length, its paragraphs separated by blank lines. Plain text with unmistakable markup is HTML."""
    if is_markup(value, media_type):
        return text_of(clean(sanitised(value)))
    if is_html(media_type):
        return fold(value)
    paragraphs = (fold(paragraph) for paragraph in _BLANK_LINES.split(clean(value)))
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def unescaped(value: str) -> str:
    """HTML that was escaped once too often as HTML: text alone that begins with a tag and has unmistakable markup."""
    if "<" in value or "&lt;" not in value:
        return value
    text = html.unescape(value)
    return text if text.lstrip().startswith("<") and _MARKUP.search(text) else value


def is_markup(value: str, media_type: str) -> bool:
    """Whether `value` has to be read as HTML."""
    if "<" not in value and "&" not in value:
        return False
    return is_html(media_type) or _MARKUP.search(value) is not None


def is_html(media_type: str) -> bool:
    return media_type in {"text/html", "application/xhtml+xml", "html", "xhtml"}


def html_to_text(markup: str) -> str:
    """The text of an HTML fragment: blocks become paragraphs, `<br>` and list items lines; scripts, forms, players and
    images (so tracking pixels) go. Never raises."""
    if "<" not in markup and "&" not in markup:
        return fold(markup)
    return text_of(clean(sanitised(markup)))


def text_of(markup: str, *, plain: bool = False) -> str:
    """The text of HTML that `sanitised` and then `clean` gave; `plain` if `is_plain` says so, which saves time."""
    spaced = _collapsed if plain else _spaced
    pieces = _CLEAN_TAG.split(markup)
    pieces[1::2] = [_MARK_OF.get(name, "") for name in pieces[1::2]]
    text = "".join(pieces)
    if "&" in text:
        text = text.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    if _BR in text:
        text = _DOUBLE_BR.sub(_PARAGRAPH, text).replace(_BR, _LINE)
    if _LINE not in text:
        return "\n\n".join(_lines(text, _PARAGRAPH, spaced))
    paragraphs = ("\n".join(_lines(paragraph, _LINE, spaced)) for paragraph in text.split(_PARAGRAPH))
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _lines(text: str, mark: str, spaced: Callable[[str], str]) -> list[str]:
    return [line for piece in text.split(mark) if (line := spaced(piece).strip())]
