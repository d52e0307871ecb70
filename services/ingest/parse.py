"""Parse a feed: a response's body in, the feed and its entries as stated out, or one ParseError."""

import re
from collections.abc import Mapping
from dataclasses import replace
from html.entities import html5

from schemas.reasons import Reason
from services.ingest.charset import decode_body, utf8_document
from services.ingest.elements import Elements, read_elements
from services.ingest.fast_xml import read_fast
from services.ingest.json_feed import parse_json_feed
from services.ingest.mend import mended, without_junk
from services.ingest.parsed import MAX_ENTRIES, FeedInfo, ParsedFeed, ParseError, Route, without_secrets
from services.ingest.refusals import is_page, refusal_of
from services.ingest.sitemap import parse_sitemap
from services.ingest.stated import stated_entry, stated_persons, stated_string

__all__ = ["MAX_ENTRIES", "FeedInfo", "ParseError", "ParsedFeed", "Route", "parse_feed", "without_secrets"]

_PROLOG = r"\A(?>\s+|<\?.*?\?>|<!--.*?-->)*+"
_DOCTYPE = re.compile(_PROLOG + r"(<!DOCTYPE\b(?>\"[^\"]*\"|'[^']*'|[^\"'>\[])*+)", re.IGNORECASE | re.DOTALL)
_JSON_START = re.compile(r"(?>\s+|/\*.*?\*/|//[^\n]*\n)*+[{\[]", re.DOTALL)
_FEED_PART = re.compile(r"<(?:[\w.-]{1,40}:)?(?:rss|feed|rdf|channel|item|entry)\b", re.IGNORECASE)
_SUBSET_END = re.compile(r"\]\s*>")
_ROOT = re.compile(_PROLOG + r"<([A-Za-z_][\w.:-]*)", re.DOTALL)
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_PAIR = re.compile(
    r"&#(?:x(d[89ab][0-9a-f]{2})|(5[5-7][0-9]{3}));&#(?:x(d[c-f][0-9a-f]{2})|(5[67][0-9]{3}));", re.IGNORECASE
)
# The entities of HTML as old templates declare them: `<!ENTITY nbsp "&#160;">`, `<!ENTITY % HTMLlat1 PUBLIC "-//W3C//…`
_DECLARED_ENTITY = re.compile(
    r"<!ENTITY\s+(?:%\s+[\w.-]+\s+PUBLIC\s+[\"']-//W3C//ENTITIES[^\"'<>]*[\"']\s+[\"'][^\"'<>]*[\"']|"
    r"(\w+)\s+[\"'](?:&(?:amp;)?\#\w{1,7};|[^&%<>\"']){1,2}[\"'])\s*>",
    re.IGNORECASE,
)
_NUMERIC = re.compile(r"&#(?:[xX]([0-9a-fA-F]*)|([0-9]*));")


def parse_feed(body: bytes, headers: Mapping[str, str], base_url: str) -> ParsedFeed:
    """The feed in `body`, an HTTP response's decoded content: RSS 0.90 to 2.0, Atom, CDF, JSON Feed or a news sitemap.

    `headers` have names in lower case: `content-type` may name a charset, `content-language` a language; both may be
    wrong or missing. `base_url` is where the body was found; user name and query of it are kept out of entries. The
    format is told from the body alone. A truncated or ill-formed document that yields entries is accepted, and
    `info.problem` says so. Raises ParseError, and nothing else: BODY_EMPTY, BODY_IS_HTML, BOT_CHALLENGE, LOGIN_WALL,
    NOT_A_FEED (another format), MALFORMED (a feed in too bad a state, or one that declares entities other than HTML's,
    which feeds do to blow up their readers) or PARSER_FAILED.
    """
    try:
        return _parse(body, headers, without_secrets(base_url))
    except ParseError:
        raise
    except Exception as error:
        raise ParseError(Reason.PARSER_FAILED, f"{type(error).__name__}: {error}") from error


def _parse(body: bytes, headers: Mapping[str, str], base: str) -> ParsedFeed:
    content_type, language = headers.get("content-type", ""), headers.get("content-language")
    document, stated = utf8_document(body, content_type), None
    if document is None:
        stated = decode_body(body, content_type)
        document = stated.encode("utf-8", "ignore")
    if (elements := read_fast(document, base, language)) is not None:  # it refuses what has to be cleaned first
        return _parsed(elements, base, Route.FAST)
    text = _without_bad_characters(document.decode() if stated is None else stated).strip().strip("\ufeff").strip()
    if not text:
        raise ParseError(Reason.BODY_EMPTY, f"{len(body)} bytes, no text")
    if _JSON_START.match(text):
        return parse_json_feed(text.encode("utf-8", "ignore"))
    whole = text  # its document type may be all that tells a page
    text, junk = without_junk(_without_doctype(text))
    if junk is not None:
        text = _without_doctype(text)
    root = _ROOT.match(text)
    name = root[1].lower().rpartition(":")[2] if root else ""
    if name == "html":
        raise ParseError(*refusal_of(whole, headers))
    if name == "urlset":
        return parse_sitemap(text)
    if (parsed := _parse_xml(text, base, language, is_page=is_page(whole))) is None:
        raise ParseError(*refusal_of(whole, headers))
    return _with_problem(parsed, junk)


def _parse_xml(text: str, base: str, language: str | None, *, is_page: bool) -> ParsedFeed | None:
    """The feed in `text`, None if it is none. Raises ParseError if it is one in too bad a state."""
    if (elements := read_fast(text.encode("utf-8", "ignore"), base, language)) is not None:
        return _parsed(elements, base, Route.FAST)
    if (better := mended(text)) != text:
        elements = read_fast(better.encode("utf-8", "ignore"), base, language)
        if elements is not None:
            return _with_problem(_parsed(elements, base, Route.FAST), "entities or prefixes that nobody declared")
    if _FEED_PART.search(text) is None:  # feedparser takes half a minute for eight million brackets
        return None
    elements = read_elements(better, base, language)
    if elements.entries or (elements.version and elements.problem is None):
        return _parsed(elements, base, Route.TOLERANT)
    if elements.version and not is_page:
        raise ParseError(Reason.MALFORMED, elements.problem or "no entries")
    return None


def _with_problem(parsed: ParsedFeed, problem: str | None) -> ParsedFeed:
    if problem is None or parsed.info.problem is not None:
        return parsed
    return replace(parsed, info=replace(parsed.info, problem=problem))


def _without_bad_characters(text: str) -> str:
    text = _NOT_XML.sub("", text)
    return _NUMERIC.sub(_valid_reference, _PAIR.sub(_paired, text)) if "&#" in text else text


def _paired(match: re.Match[str]) -> str:
    """The character that two references to UTF-16 surrogates mean: software that thinks in UTF-16 writes these."""
    high, low = (
        int(match[hexadecimal] or match[hexadecimal + 1], 16 if match[hexadecimal] else 10) for hexadecimal in (1, 3)
    )
    if not 0xD800 <= high < 0xDC00 <= low < 0xE000:
        return match[0]
    return chr(0x10000 + ((high - 0xD800) << 10) + low - 0xDC00)


def _valid_reference(match: re.Match[str]) -> str:
    """The reference if XML allows its character, else nothing: feedparser raises on some of the others."""
    digits = match[1] if match[1] is not None else match[2]
    if not digits or len(digits) > 8:
        return ""
    code = int(digits, 16 if match[1] is not None else 10)
    allowed = code in {9, 10, 13} or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF
    return match[0] if allowed else ""


def _without_doctype(text: str) -> str:
    """`text` without its document type. Raises ParseError if that declares entities of its own or never ends."""
    doctype = _DOCTYPE.match(text)
    if doctype is None:
        return text
    end = doctype.end()
    if text[end : end + 1] == "[":
        known = sum(not match[1] or f"{match[1]};" in html5 for match in _DECLARED_ENTITY.finditer(text, end))
        if text[end:].lower().count("<!entity") > known:
            raise ParseError(Reason.MALFORMED, "the document declares entities")
        close = _SUBSET_END.search(text, end)
        if close is None:
            raise ParseError(Reason.MALFORMED, "the document type has no end")
        end = close.end() - 1
    return text[: doctype.start(1)] + text[end + 1 :]


def _parsed(elements: Elements, base: str, route: Route) -> ParsedFeed:
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
    return ParsedFeed(info, entries, route)
