"""Where paragraphs and sentences of English plain text begin and end. Text in, text out."""

import re
from collections.abc import Sequence
from itertools import pairwise

# What XML cannot carry, and C1 controls, which feed readers take for Windows-1252 letters.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

_CLOSERS = r"""["'”’»)\]]*"""
_ENDS = re.compile(rf"[.!?…。！？]{_CLOSERS}$")
_MAY_END = re.compile(rf"[.!?…]+{_CLOSERS}(?=\s|$)|[。！？]{_CLOSERS}")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+")
_NUMERAL = re.compile(r"\d{1,2}\.")
_BULLET = re.compile(r"(?:[-*•·‣◦–]|\d{1,2}[.)])\s")
_ADDRESS = re.compile(r"https?://|www\.", re.IGNORECASE)
_OPENERS = "\"'“‘«(["

# A name follows these, so no sentence ends here; after the others one may, and then a capital follows.
_BEFORE_NAME = re.compile(
    r"(?:Adm|Brig|Capt|Cmdr|Col|Dr|Gen|Gov|Hon|Lt|Maj|Messrs|Mr|Mrs|Ms|Prof|Rep|Rev|Sen|Sgt|Supt)\.?"
)
_ABBREVIATION = re.compile(
    r"(?:al|approx|apr|assn|aug|ave|bros|co|corp|dec|dept|est|etc|feb|fig|ft|inc|jan|jr|jul|jun|ltd|mar|mt|nov|oct"
    r"|ph\.d|sep|sept|sr|st|univ|vs)\.",
    re.IGNORECASE,
)
# A line that ends in one of these is cut short, whatever the next begins with.
_CONNECTOR = re.compile(
    r"an?|and|as|at|but|by|for|from|in|into|nor|of|on|or|over|than|that|the|to|under|was|were|which|who|with"
)

MAX_WRAP_WIDTH = 100  # editors and mail wrap at 65 to 80; a paragraph that is one line is mostly longer
MIN_WRAP_WIDTH = 40
MAX_HEADING = 120
# Three of four line ends in wrapped English precede a small letter; where lines are paragraphs, hardly any does.
WRAPPED_SHARE = 0.4


def printable(text: str) -> str:
    """`text` on one line, with single spaces, without characters that XML cannot carry."""
    return " ".join(_UNPRINTABLE.sub(" ", text).split())


def split_paragraphs(text: str) -> tuple[str, ...]:
    """The paragraphs of `text`, each on one line.

    A blank line ends one, and so does a line break, except inside a sentence or in text that is wrapped to a width.
    """
    blocks = _blocks(text)
    width = _wrap_width(blocks)
    paragraphs: list[list[str]] = []
    for block in blocks:
        if paragraphs and paragraphs[-1][-1].endswith((",", ";")) and _starts_small(block[0]):
            paragraphs[-1].append(block[0])
        else:
            paragraphs.append([block[0]])
        for line, following in pairwise(block):
            if _goes_on(line, following, width, is_alone=len(paragraphs[-1]) == 1):
                paragraphs[-1].append(following)
            else:
                paragraphs.append([following])
    return tuple(map(_glue, paragraphs))


def first_sentence(text: str) -> str:
    """The first sentence of one paragraph, or all of it if none ends inside. "U.S." and "Dr." end no sentence."""
    for match in _MAY_END.finditer(text):
        rest = text[match.end() :].lstrip()
        if rest and (_starts_small(rest) or _is_abbreviated(text[: match.end()], rest)):
            continue
        return text[: match.end()]
    return text


def ends_sentence(text: str) -> bool:
    return bool(_ENDS.search(text)) and not _BEFORE_NAME.fullmatch(_last_word(text))


def shorten(text: str, limit: int) -> str:
    """`text` if it has at most `limit` characters, else cut between words and ended with an ellipsis."""
    if len(text) <= limit:
        return text
    cut = text[:limit].rpartition(" ")[0] or text[: limit - 1]
    return cut.rstrip(" ,;:.-–—") + "…"


def _blocks(text: str) -> list[list[str]]:
    blocks: list[list[str]] = [[]]
    for line in map(printable, text.splitlines()):
        if line:
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    return [block for block in blocks if block]


def _wrap_width(blocks: Sequence[Sequence[str]]) -> int | None:
    """The width that the text is wrapped to, or None where its lines are paragraphs."""
    breaks = [pair for block in blocks for pair in pairwise(block)]
    widths = [len(line) for block in blocks for line in block if " " in line]
    if not breaks or not widths or not MIN_WRAP_WIDTH <= max(widths) <= MAX_WRAP_WIDTH:
        return None
    inside = sum(_starts_small(following) for _, following in breaks)
    return max(widths) if inside >= WRAPPED_SHARE * len(breaks) else None


def _goes_on(line: str, following: str, width: int | None, is_alone: bool) -> bool:
    """Whether the break between two lines is no end of a paragraph. `is_alone`: `line` is its paragraph so far."""
    if _BULLET.match(following):
        return False
    last = _last_word(line)
    is_cut = line.endswith((",", ";", "-", "–", "—")) or _CONNECTOR.fullmatch(last) or _BEFORE_NAME.fullmatch(last)
    if is_cut or _starts_small(following):
        return True
    if width is not None:
        return len(line) + 1 + len(following.split(maxsplit=1)[0]) > width
    is_heading = is_alone and len(line) <= MAX_HEADING
    return not (ends_sentence(line) or line.endswith(":") or is_heading)


def _glue(lines: Sequence[str]) -> str:
    parts = [lines[0]]
    for line, following in pairwise(lines):
        is_hyphenated = len(line) > 1 and line[-1] in "-—" and line[-2].isalnum() and following[0].isalnum()
        parts += (following,) if is_hyphenated else (" ", following)
    return "".join(parts)


def _starts_small(line: str) -> bool:
    """Whether the line begins with a small letter as no new sentence does ("iPhone" and addresses may)."""
    bare = line.lstrip(_OPENERS)
    return bare[:1].islower() and not bare[1:2].isupper() and not _ADDRESS.match(bare)


def _last_word(text: str) -> str:
    return text.rsplit(maxsplit=1)[-1].lstrip(_OPENERS)


def _is_abbreviated(text: str, rest: str) -> bool:
    word = _last_word(text)
    if _NUMERAL.fullmatch(text):
        return True
    if word == "No.":
        return rest[0].isdigit()
    return any(pattern.fullmatch(word) for pattern in (_BEFORE_NAME, _INITIALS, _ABBREVIATION))
