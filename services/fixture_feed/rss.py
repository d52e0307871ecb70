"""Entries and feed lists written as RSS 2.0 and OPML 2.0. Values in, bytes out."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from urllib.parse import urlsplit

from services.fixture_feed.prose import printable

SITE = "https://seeds.example/"
RSS_TYPE = "application/rss+xml; charset=utf-8"
OPML_TYPE = "text/x-opml; charset=utf-8"

_XML = '<?xml version="1.0" encoding="utf-8"?>\n'
_RSS_HEAD = f"""{_XML}<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel>
"""
# Readers take a title for HTML as soon as it looks like it (feedparser does), else for plain text.
_LOOKS_LIKE_HTML = re.compile(r"<[a-zA-Z/!?]|&#?\w+;")


@dataclass(frozen=True, slots=True)
class FixtureEntry:
    """One entry as a feed document shows it at a moment. `updated_at` is set once it has been revised."""

    guid: str
    link: str
    title: str
    paragraphs: tuple[str, ...]
    credit_url: str | None
    published_at: datetime
    updated_at: datetime | None = None


def render_rss(title: str, built_at: datetime, entries: Iterable[FixtureEntry]) -> bytes:
    """A feed document with `entries` in the order given. Its dates are whole seconds, as RFC 822 has them."""
    parts = [
        _RSS_HEAD,
        _element("title", _text(title)),
        _element("link", SITE),
        _element("description", "Plain-text articles, replayed as a feed."),
        _element("language", "en"),
        _element("lastBuildDate", http_date(built_at)),
        *map(_item, entries),
        "</channel>\n</rss>\n",
    ]
    return "".join(parts).encode()


def render_opml(title: str, feeds: Sequence[tuple[str, str]]) -> bytes:
    """A subscription list of (title, address) pairs."""
    outlines = (
        f'<outline type="rss" text="{_attribute(name)}" title="{_attribute(name)}" xmlUrl="{_attribute(url)}" '
        f'htmlUrl="{SITE}"/>\n'
        for name, url in feeds
    )
    head = f'{_XML}<opml version="2.0">\n<head>{_element("title", _text(title))}</head>\n'
    return f"{head}<body>\n{''.join(outlines)}</body>\n</opml>\n".encode()


def http_date(moment: datetime) -> str:
    """The moment, cut to the second, in the one form that RFC 9110 and RFC 822 share."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _item(entry: FixtureEntry) -> str:
    paragraphs = "\n".join(f"<p>{_text(paragraph)}</p>" for paragraph in entry.paragraphs)
    parts = [
        "<item>\n",
        _element("title", _title(entry.title)),
        _element("link", _text(entry.link)),
        f'<guid isPermaLink="false">{_text(entry.guid)}</guid>\n',
        _element("pubDate", http_date(entry.published_at)),
    ]
    if entry.updated_at is not None:
        stamp = entry.updated_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        parts.append(_element("atom:updated", stamp))
    if entry.paragraphs:
        parts.append(_element("description", _text(_text(entry.paragraphs[0]))))
    # No "]]>" can occur inside: the text is HTML, where ">" is escaped.
    parts.append(_element("content:encoded", f"<![CDATA[{paragraphs}]]>"))
    if entry.credit_url is not None:
        # As Google News does: a page and its name. Readers hand it on as the entry's source, with title and link.
        name = urlsplit(entry.credit_url).hostname or entry.credit_url
        parts.append(f'<source url="{_attribute(entry.credit_url)}">{_text(name)}</source>\n')
    parts.append("</item>\n")
    return "".join(parts)


def _title(title: str) -> str:
    text = _text(title)
    return _text(text) if _LOOKS_LIKE_HTML.search(title) else text


def _text(text: str) -> str:
    return escape(printable(text), quote=False)


def _attribute(text: str) -> str:
    return escape(printable(text), quote=True)


def _element(name: str, content: str) -> str:
    return f"<{name}>{content}</{name}>\n"
