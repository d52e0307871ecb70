"""Parse a feed: a response's body in, the feed and its entries as stated out, or one ParseError."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from schemas.entry import Entry
from schemas.reasons import Reason
from services.common.errors import NewsflowError
from services.ingest.charset import decode_body
from services.ingest.elements import Elements, read_elements
from services.ingest.stated import stated_entry, stated_persons, stated_string

MAX_ENTRIES = 2_000  # the largest real feeds carry about 1,000
DETAIL_CHARACTERS = 300

_PROLOG = r"\A(?>\s+|<\?.*?\?>|<!--.*?-->)*+"
_DOCTYPE = re.compile(_PROLOG + r"(<!DOCTYPE\b(?>\"[^\"]*\"|'[^']*'|[^\"'>\[])*+)", re.IGNORECASE | re.DOTALL)
_SUBSET_END = re.compile(r"\]\s*>")
_ROOT = re.compile(_PROLOG + r"<([A-Za-z_][\w.:-]*)", re.DOTALL)
_HTML_START = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_NUMERIC = re.compile(r"&#(?:[xX]([0-9a-fA-F]*)|([0-9]*));")
_SNIFFED = 2_000


class ParseError(NewsflowError):
    """A body that is no feed, or no usable one."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail[:DETAIL_CHARACTERS]}")
        self.reason = reason
        self.detail = detail[:DETAIL_CHARACTERS]

    def __reduce__(self) -> tuple[type["ParseError"], tuple[Reason, str]]:
        return type(self), (self.reason, self.detail)


@dataclass(frozen=True, slots=True)
class FeedInfo:
    """What a document says of its feed. `ttl_minutes` and `update_period` are hints for the schedule, as stated.

    `dialect` is feedparser's name (`rss20`, `atom10`, `rss10` …); `problem` says why the document is not well-formed
    XML, None if it is; `truncated` is set if entries beyond MAX_ENTRIES were left out.
    """

    title: str | None = None
    link: str | None = None
    language: str | None = None
    ttl_minutes: str | None = None
    update_period: str | None = None
    update_frequency: str | None = None
    dialect: str = ""
    problem: str | None = None
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    info: FeedInfo
    entries: tuple[Entry, ...]

    @property
    def truncated(self) -> bool:
        return self.info.truncated


def parse_feed(body: bytes, headers: Mapping[str, str], base_url: str) -> ParsedFeed:
    """The feed in `body`, an HTTP response's decoded content; `headers` have names in lower case.

    A truncated or ill-formed document that yields entries is accepted. Raises ParseError, and nothing else: BODY_EMPTY,
    BODY_IS_HTML, NOT_A_FEED (another format), MALFORMED (a feed in too bad a state, or one that declares entities,
    which feeds do to blow up their readers) or PARSER_FAILED.
    """
    text = _without_bad_characters(decode_body(body, headers.get("content-type", ""))).strip()
    if not text:
        raise ParseError(Reason.BODY_EMPTY, f"{len(body)} bytes, no text")
    stated, text = text, _without_doctype(text)
    root = _ROOT.match(text)
    if root is not None and root[1].lower().rpartition(":")[2] == "html":
        raise ParseError(Reason.BODY_IS_HTML, "the document is an HTML page")
    try:
        base = without_secrets(base_url)
        elements = read_elements(text, base, headers.get("content-language"))
    except Exception as error:
        raise ParseError(Reason.PARSER_FAILED, f"{type(error).__name__}: {error}") from error
    _check_is_feed(elements, stated)
    try:
        return _parsed(elements, base)
    except Exception as error:
        raise ParseError(Reason.PARSER_FAILED, f"{type(error).__name__}: {error}") from error


def without_secrets(url: str) -> str:
    """`url` without what may be a key to it, user name and query: entries are made public, feeds' addresses are not."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _without_bad_characters(text: str) -> str:
    text = _NOT_XML.sub("", text)
    return _NUMERIC.sub(_valid_reference, text) if "&#" in text else text


def _valid_reference(match: re.Match[str]) -> str:
    """The reference if XML allows its character, else nothing: feedparser raises on some of the others."""
    digits = match[1] if match[1] is not None else match[2]
    if not digits or len(digits) > 8:
        return ""
    code = int(digits, 16 if match[1] is not None else 10)
    allowed = code in {9, 10, 13} or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF
    return match[0] if allowed else ""


def _without_doctype(text: str) -> str:
    """`text` without its document type. Raises ParseError if that declares entities."""
    doctype = _DOCTYPE.match(text)
    if doctype is None:
        return text
    end = doctype.end()
    if text[end : end + 1] == "[":
        if "<!entity" in text[end:].lower():
            raise ParseError(Reason.MALFORMED, "the document declares entities")
        close = _SUBSET_END.search(text, end)
        end = close.end() - 1 if close else len(text)
    return text[: doctype.start(1)] + text[end + 1 :]


def _check_is_feed(elements: Elements, text: str) -> None:
    if elements.version or elements.entries:
        if elements.problem is not None and not elements.entries:
            raise ParseError(Reason.MALFORMED, elements.problem)
        return
    if _HTML_START.search(text[:_SNIFFED]):
        raise ParseError(Reason.BODY_IS_HTML, "the document is an HTML page")
    raise ParseError(Reason.NOT_A_FEED, f"no feed format begins with {text[:40]!r}")


def _parsed(elements: Elements, base: str) -> ParsedFeed:
    feed, is_atom = elements.feed, elements.version.startswith("atom")
    info = FeedInfo(
        title=stated_string(feed, "title"),
        link=stated_string(feed, "link"),
        language=stated_string(feed, "language"),
        ttl_minutes=stated_string(feed, "ttl"),
        update_period=stated_string(feed, "sy_updateperiod"),
        update_frequency=stated_string(feed, "sy_updatefrequency"),
        dialect=elements.version,
        problem=elements.problem,
        truncated=len(elements.entries) > MAX_ENTRIES,
    )
    authors = stated_persons(feed) if is_atom else ()  # RFC 4287 §4.2.1; RSS names an editor, not an author
    entries = tuple(
        stated_entry(element, authors, info.language, base, is_atom=is_atom)
        for element in elements.entries[:MAX_ENTRIES]
    )
    return ParsedFeed(info, entries)
