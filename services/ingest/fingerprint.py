"""Hashes that tell an edit from noise: an article's text in, what stays the same when nothing was said anew out."""

import re
import unicodedata
from typing import Final

from schemas.contract import hash_id

FINGERPRINT_RULE: Final = "fp2"
CONTENT_RULE: Final = "ck2"
TEXT_RULE: Final = "xk1"
MIN_KEY_CHARACTERS = 280  # shorter texts repeat by chance: "Read more", a caption, a score
MIN_TITLE_WORDS: Final = 4  # "Morning briefing" is the title of a thousand articles
MIN_TITLE_CHARACTERS: Final = 15
MIN_TEXT_CHARACTERS: Final = 40
KEY_CHARACTERS: Final = 12  # of a hash: compared only between articles of one publisher and time

_SEPARATED = re.compile(r"\s+[|–—·»-]\s+|\s*\|\s*|\s+::\s+")
_LABEL = re.compile(
    r"\A(?:opinion|analysis|exclusive|breaking(?: news)?|live(?: updates?)?|updated?|video|watch|listen|editorial|"
    r"review|column|comment(?:ary)?|explainer|fact check|in pictures|interview|podcast|newsletter|kommentar|"
    r"analyse|meinung|eilmeldung|exklusiv|tribune|éditorial|opinión|análisis|última hora|opinione|opinie)\s*:\s+",
    re.IGNORECASE,
)
_WORDS = re.compile(r"\w+")
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")  # scripts that do not part words

# Characters of ISO 8859-1 that NFKC changes; a text without them that fits that set is in its plainest form.
_LATIN_SHAPES: Final = b"\xa0\xa8\xaa\xaf\xb2\xb3\xb4\xb5\xb8\xb9\xba\xbc\xbd\xbe"
# Seven calls of `replace` take a tenth of the time of one `translate`.
_STRAIGHT: Final = (("‘", "'"), ("’", "'"), ("“", '"'), ("”", '"'), ("–", "-"), ("—", "-"), ("…", "..."))
_STAMP_WORDS = (
    r"(?:last\s+)?(?:updated|modified|published|posted|aktualisiert|stand|mis\s+à\s+jour|publié|actualizado|publicado|"
    r"aggiornato|bijgewerkt)"
)
_DAY_WORDS = (
    r"(?:jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun)[a-z]*+|may|today|yesterday|now|just|ago|"
    r"minutes?|mins?|hours?|days?|am|pm|a\.m\.?|p\.m\.?|at|on|the|of|uhr|um|utc|gmt|[cemp][sd]?t|bst|z|t"
)
_MOMENT = rf"(?>(?:{_DAY_WORDS})(?![^\W\d_])|[\d:.,/+\s-])++"  # atomic, as hostile text must not make it backtrack
# A pattern has to own a whole line, a bracket or a relative time: a number within a sentence is news.
_COUNTED = r"(?:comments?|views?|likes?|shares?|retweets?|reposts?|replies|votes?|points?)"
_IDLE_LINE = re.compile(
    rf"\W*{_STAMP_WORDS}\b{_MOMENT}\W*"
    rf"|\W*(?:\d[\d.,]{{0,12}}\s*[km]?\s*{_COUNTED}\W*)+"
    rf"|\W*{_COUNTED}\s*[:(]?\s*\d[\d.,]{{0,12}}\s*[km]?\W*"
)
_IDLE_LINE_CHARACTERS = 100
_STAMP_BRACKET = re.compile(rf"[(\[]\s*{_STAMP_WORDS}\b(?:{_MOMENT})?[)\]]")
_RELATIVE = re.compile(r"\b(?:\d{1,3}|an?|one|a few)\s+(?:second|sec|minute|min|hour|hr)s?\s+ago\b")


def hashes_of(
    title: str | None, summary: str | None, body: str | None, *, has_identity: bool
) -> tuple[str, str | None]:
    """The fingerprint of an article, and the content key that equal articles share. Texts are plain, lines apart.

    The fingerprint changes with what an edit would change. It is blind to white space, letter case, the shape of
    quotes and dashes, lines that only date or count ("Updated 10:35", "123 comments"), bracketed update stamps and
    relative times, and keen on every number within a sentence. The key covers title and main text. It is None if the
    text is too short to tell articles apart and the entry has an identity (guid or link) of its own.
    """
    return all_hashes(title, summary, body, has_identity=has_identity)[:2]


def all_hashes(
    title: str | None, summary: str | None, body: str | None, *, has_identity: bool
) -> tuple[str, str | None, str | None]:
    """What `hashes_of` gives, and a short hash of the main text alone, None if that is too short to tell."""
    name, lead, text = _normal(title), _normal(summary), _normal(body)
    main = text or lead
    digest = hash_id(TEXT_RULE, main)  # once: the two others take it for the text
    fingerprint = hash_id(FINGERPRINT_RULE, name, lead if text else "", digest)
    text_key = _short(digest) if len(main) >= MIN_TEXT_CHARACTERS else None
    if has_identity and len(body or summary or "") < MIN_KEY_CHARACTERS:
        return fingerprint, None, text_key
    return fingerprint, hash_id(CONTENT_RULE, name, digest), text_key


def title_key(title: str | None) -> str | None:
    """The same for variants of a title: "Opinion | X - Paper", "Opinion: X", "X". None if it is too short to tell."""
    if not title:
        return None
    parts = [part for part in _SEPARATED.split(_LABEL.sub("", title)) if part]
    words = _WORDS.findall(max(parts, key=len, default="").casefold())
    text = " ".join(words)
    wide = len(_WIDE.findall(text))
    if wide < 8 and (len(words) < MIN_TITLE_WORDS or len(text) < MIN_TITLE_CHARACTERS):
        return None
    return _short(hash_id("tk1", text))


def _short(hashed: str) -> str:
    """The beginning of a hash: enough where only articles of one publisher and time are compared."""
    return hashed.partition("_")[2][:KEY_CHARACTERS]


def _normal(text: str | None) -> str:
    if not text:
        return ""
    folded = (text if text.isascii() else _plainest(text)).casefold()
    lines = [
        line
        for line in folded.split("\n")
        if line and (len(line) > _IDLE_LINE_CHARACTERS or not _IDLE_LINE.fullmatch(line))
    ]
    folded = " ".join(lines)
    if "(" in folded or "[" in folded:
        folded = _STAMP_BRACKET.sub("", folded)
    if " ago" in folded:
        folded = _RELATIVE.sub("", folded)
    while "  " in folded:
        folded = folded.replace("  ", " ")
    return folded.strip()


def _plainest(text: str) -> str:
    """`text` with straight quotes and dashes, in NFKC."""
    for shaped, straight in _STRAIGHT:
        text = text.replace(shaped, straight)
    try:
        latin = text.encode("iso-8859-1")
        if len(latin.translate(None, _LATIN_SHAPES)) == len(latin):
            return text
    except UnicodeEncodeError:
        pass
    return unicodedata.normalize("NFKC", text)
