"""HTML that is safe to show: any markup in, an allowed few elements and attributes of http and https addresses out."""

import html
import re
from typing import Final

import nh3

from services.ingest.urls import canonical_url

MAX_HTML_CHARACTERS = 2_000_000  # beyond it only time is lost: bodies are cut far below
MAX_TAGS = 5_000  # HTML parsers are quadratic in depth: 10,000 nested list items take 0.9 s

ALLOWED_TAGS: Final = frozenset(
    {
        *("p", "div", "section", "article", "header", "footer", "main", "aside", "nav", "blockquote", "pre", "address"),
        *("figure", "figcaption", "table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th", "ul", "ol", "li"),
        *("dl", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "br", "details", "summary", "center"),
        *("a", "abbr", "b", "strong", "i", "em", "u", "s", "del", "ins", "sub", "sup", "small", "mark", "q", "cite"),
        *("code", "kbd", "samp", "var", "time", "img", "bdi", "bdo", "ruby", "rt", "rp", "wbr"),
    }
)
# Their content goes with them: it is no text of the article.
DROPPED_TAGS: Final = frozenset(
    {
        *(
            "script",
            "style",
            "noscript",
            "template",
            "head",
            "title",
            "map",
            "iframe",
            "object",
            "embed",
            "svg",
            "math",
        ),
        *(
            "canvas",
            "audio",
            "video",
            "form",
            "select",
            "textarea",
            "button",
            "noembed",
            "noframes",
            "xmp",
            "plaintext",
        ),
    }
)
_ATTRIBUTES: Final[dict[str, set[str]]] = {
    "*": {"lang", "dir"},
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "ol": {"start"},
    "time": {"datetime"},
    "abbr": {"title"},
}
_SCHEMES: Final = {"http", "https"}
_NO_TAG = re.compile(
    r"<(?=/?[A-Za-z][\w:.-]*+[^\w:.\s/>-])"
)  # `a<b$`: HTML would take all up to the next `>` for a tag
_IMAGE = r"<img(?=[ >])"
_REST = r'(?: [^">]*(?:"[^"]*"[^">]*)*)?>'
_PIXEL = re.compile(
    rf'{_IMAGE}(?:(?=[^>]*? width="[0-2](?:px)?")(?=[^>]*? height="[0-2](?:px)?")|(?![^>]*? src=")){_REST}'
)
_BREAKS: Final = {
    **dict.fromkeys(("p", "div", "h1", "h2", "h3", "h4", "blockquote", "section", "article"), "<br><br>"),
    **dict.fromkeys(("br", "li", "tr"), "<br>"),
}
_TAG = re.compile(r"<[/!]?([A-Za-z][A-Za-z0-9]*)[^<>]*>")


# A base that no feed has: where it shows in the result, some address was relative and the work is done again.
_SENTINEL: Final = "https://relative.invalid/"


def _cleaner(base: str | None) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=ALLOWED_TAGS,
        clean_content_tags=DROPPED_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        url_relative=("rewrite_with_base", base) if base else "deny",
        link_rel="noopener noreferrer",
    )


_WHOLE_LINKS: Final = _cleaner(_SENTINEL)


def sanitised(markup: str, base: str | None = None) -> str:
    """`markup` without what could run, track or break out, well-formed whatever comes in.

    Relative addresses are resolved against `base`, or dropped if that is not an http or https address. Where there are
    too many tags to parse in reasonable time, all of them go. Never raises.
    """
    markup = _NO_TAG.sub("&lt;", markup[:MAX_HTML_CHARACTERS])
    if markup.count("<") > MAX_TAGS:
        return _stripped(markup)
    try:
        clean = _WHOLE_LINKS.clean(markup)
    except UnicodeEncodeError:
        return sanitised(markup.encode("utf-8", "ignore").decode(), base)
    if "relative.invalid" in clean:
        clean = _cleaner(canonical_url(base) if base else None).clean(markup)
    return _PIXEL.sub("", clean) if "<img" in clean else clean


def _stripped(markup: str) -> str:
    """Text alone, broken where blocks were; that of scripts stays, escaped as all of it."""
    pieces = _TAG.split(markup)
    pieces[::2] = [html.escape(html.unescape(piece), quote=False) for piece in pieces[::2]]
    pieces[1::2] = [_BREAKS.get(name.lower(), "") for name in pieces[1::2]]
    return "".join(pieces)
