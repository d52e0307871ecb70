"""Mend a feed that is XML but for the flaws everybody makes: its text in, well-formed XML out, where it can be."""

import html.entities
import re
from typing import Final

from services.ingest.elements import NAMESPACES

_SEARCHED: Final = 50_000  # characters of junk before a feed; warnings of a chatty server are shorter
_ROOTS: Final = r"rss|feed|rdf:RDF|RDF|channel|urlset|entry"
_KNOWN_START = re.compile(
    rf"\A(?:<\?xml\b[^>]*\?>)?\s*(?:<!--.*?-->\s*|<\?.*?\?>\s*)*<(?:\w+:)?(?:{_ROOTS})\b", re.I | re.S
)
_START = re.compile(rf"<\?xml\b|<(?:\w+:)?(?:{_ROOTS})[\s>]", re.IGNORECASE)
_PAGE = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_END = re.compile(r"</(?:\w+:)?(?:rss|feed|RDF|urlset)\s*>", re.IGNORECASE)
_IDLE_TAIL = re.compile(r"(?:\s|<!--.*?-->|<\?.*?\?>)*\Z", re.DOTALL)

_CDATA = re.compile(r"(<!\[CDATA\[.*?(?:\]\]>|\Z))", re.DOTALL)
_CDATA_ENDS = re.compile(r"(<!\[CDATA\[|\]\]>|\](?:\]|>)(?=</))")
_OPENED = re.compile(r"<([A-Za-z_][\w:.-]*)(?:\s[^<>]*)?>\s*\Z")
_TAG_CHARACTERS: Final = 300  # of a start tag before a section
_BARE_BRACKET = re.compile(r"<(?![A-Za-z_/!?:])")
_AMPERSAND = re.compile(r"&(?:([A-Za-z][A-Za-z0-9]{1,31});|(?!#(?:[0-9]{1,8}|[xX][0-9a-fA-F]{1,8});))")
_XML_ENTITIES: Final = frozenset({"lt", "gt", "amp", "quot", "apos"})
_USED = re.compile(r"</?([A-Za-z][\w.-]*):[A-Za-z]|\s([A-Za-z][\w.-]*):[\w.-]+\s*=\s*[\"']")
_DECLARED = re.compile(r"xmlns:([\w.-]+)\s*=")
_ROOT_NAME = re.compile(r"<(?:[\w.-]+:)?[A-Za-z][\w.-]*(?=[\s/>])")


def without_junk(text: str) -> tuple[str, str | None]:
    """`text` without what a server wrote before or after the feed, warnings of PHP or scripts of a host, and what was
    left out, None if nothing was. A page that shows a feed is a page."""
    problem = None
    if not _KNOWN_START.match(text):
        start = _START.search(text, 0, _SEARCHED)
        if start is not None and start.start() and not _PAGE.search(text, 0, start.start()):
            problem = f"{start.start()} characters before the document"
            text = text[start.start() :]
    ends = [match.end() for match in _END.finditer(text, max(0, len(text) - _SEARCHED))]
    if ends and not _IDLE_TAIL.match(text, ends[-1]):
        problem = f"{problem + ', ' if problem else ''}{len(text) - ends[-1]} characters after the document"
        text = text[: ends[-1]]
    return text, problem


def mended(text: str) -> str:
    """`text` with bare ampersands and angle brackets escaped, HTML's entities as characters, prefixes declared that
    were not, CDATA sections within others as their text, and ends of sections whole that lack a bracket."""
    text = _with_whole_sections(text)
    if "&" in text or _BARE_BRACKET.search(text):
        pieces = _CDATA.split(text)
        pieces[::2] = [_BARE_BRACKET.sub("&lt;", _AMPERSAND.sub(_escaped, piece)) for piece in pieces[::2]]
        text = "".join(pieces)
    return _with_namespaces(text)


def _with_whole_sections(text: str) -> str:
    pieces = _CDATA_ENDS.split(text)
    depth, end_tag = 0, ""
    for number in range(1, len(pieces), 2):
        mark = pieces[number]
        if mark == "<![CDATA[":
            depth += 1
            pieces[number] = mark if depth == 1 else ""
            if depth == 1 and (opened := _OPENED.search(pieces[number - 1][-_TAG_CHARACTERS:])):
                end_tag = f"</{opened[1]}"
        elif not depth:
            pieces[number] = mark.replace("]]>", "]]&gt;")
        elif mark == "]]>":
            depth -= 1
            pieces[number] = "" if depth else mark
        elif depth == 1 and end_tag and pieces[number + 1].startswith(end_tag):
            depth, pieces[number] = 0, "]]>"
    return text if depth else "".join(pieces)


def _escaped(match: re.Match[str]) -> str:
    name = match[1]
    if name is None:
        return "&amp;" + match[0][1:]
    if name in _XML_ENTITIES:
        return match[0]
    return html.entities.html5.get(f"{name};", f"&amp;{name};")


def _with_namespaces(text: str) -> str:
    used = {name for pair in _USED.findall(text) for name in pair if name}
    missing = used - set(_DECLARED.findall(text)) - {"xml", "xmlns"}
    root = _ROOT_NAME.search(text)
    if not missing or root is None or len(missing) > 50:
        return text
    declarations = "".join(
        f' xmlns:{prefix}="{NAMESPACES.get(prefix.lower(), f"urn:undeclared:{prefix}")}"' for prefix in sorted(missing)
    )
    return text[: root.end()] + declarations + text[root.end() :]
