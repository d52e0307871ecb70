"""Where a name begins and ends: a tagger's span in, the bare name's span out."""

import re
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

from schemas.enriched import EntityType
from services.enrich.entities import Span
from services.enrich.kinds import PERSON_NOUNS, STATED_VOTES, Stated, stated_type, type_in_name

MAX_NAME_CHARS: Final = 100
MAX_NAME_WORDS: Final = 12

_EDGES: Final = " \t\r\f\v\"'`()[]{}<>,;:!?*_|/\\…–—-•·"
# A full stop belongs to the name only after an initial or one of these.
SUFFIXES: Final = "Inc|Co|Corp|Ltd|Bros|Jr|Sr"
STATES: Final = (
    "Ala|Ariz|Ark|Calif|Colo|Conn|Del|Fla|Ga|Ill|Ind|Kan|Ky|La|Md|Mass|Mich|Minn|Miss|Mo|Mont|Neb|Nev|Okla|Ore|Pa|Tenn"
    "|Tex|Va|Vt|Wash|Wis|Wyo|Alta|Man|Ont|Que|Sask"
)
_ABBREVIATED: Final = re.compile(rf"(?:\b\w|\b(?:{SUFFIXES}|{STATES}|St|No))\.$")
# A capital A is a name's own: "A Division".
_ARTICLE: Final = re.compile(r"(?:[Tt]he|THE|an?)\s+")
_TITLES: Final = (
    "Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir|Dame|Lord|Lady|Vice President|President|Deputy Prime Minister"
    "|Prime Minister|Premier|Chancellor|Foreign Minister|Finance Minister|Defen[cs]e Minister|Interior Minister"
    "|Minister|Foreign Secretary|Home Secretary|Secretary of State|Secretary|Governor|Gov|Lt Gov|Senator|Sen"
    "|Representative|Rep|Congressman|Congresswoman|Councillor|Mayor|Chief Justice|Justice|Judge|Attorney General"
    "|Attorney|Ambassador|Archbishop|Bishop|Cardinal|Reverend|Rev|Father|Rabbi|Imam|Ayatollah|Sheikh|General|Gen"
    "|Colonel|Col|Major|Maj|Captain|Capt|Lieutenant|Lt|Sergeant|Sgt|Admiral|Adm|Commander|Officer|Detective|Inspector"
    "|Chief|Coach|Chairman|Director|CEO|Baron|Baroness|Count|Countess|Viscount|Duke|Duchess|Earl|Brig|Brigadier"
    "|Commodore|Marshal|Corporal|Cpl|Constable|Superintendent|Supt|Det|Insp|Cmdr|Assemblyman|Assemblywoman|Alderman"
    "|Speaker|Governor-General|Brother|Friar|Canon|Monsignor|Msgr|Metropolitan|Mother|Mullah|Maulana|Mufti|Hajj|Haji"
    "|Alhaji|Hajia|Datuk|Dato|Tan Sri|Ustaz|Shri|Coun|Cllr|Nana|Rt Rev|Rt Hon|Hon|Hji|Police Superintendent|Swami|Guru"
    "|Lama|Abuna|Serigne|Emir|Crown Prince|Don|Doña|Señor|Señora|Monsieur|Madame|Herr|Frau"
)
# A set is looked up before the expressions below, which cost more than all the rest.
_TITLE_WORDS: Final = frozenset(re.findall(r"[\w-]+", _TITLES.replace("Defen[cs]e", "Defence|Defense")))
_OCCUPATIONS: Final = frozenset(noun.capitalize() for noun in PERSON_NOUNS)
# "King County", "Princess Cruises", "Doctor Who": these begin other names too.
_BODILESS_OCCUPATIONS: Final = _OCCUPATIONS - frozenset(
    "Captain Doctor Emperor King Pope Premier President Prince Princess Queen Ranger Sultan".split()  # noqa: SIM905
)
_NO_SURNAMES: Final = frozenset(("Affairs", "County", "Cruises", "Power"))
_TITLES_AND_OCCUPATIONS: Final = _TITLE_WORDS | _OCCUPATIONS
_LEADING_TITLES: Final = re.compile(
    rf"(?:(?:{_TITLES}|{'|'.join(sorted(_OCCUPATIONS, key=len, reverse=True))})(?:\.\s*|\s+))+(?=\w)"
)
# What stands in lower case behind a name that a tagger has taken it into: "Donets| river", "Mitiga| prison".
_PLACE_NOUNS: Final = frozenset(
    (  # noqa: SIM905
        "airport area basin beach bridge cathedral city club county district estuary forest government governorate"
        " harbor harbour hospital island islands lake market mosque mountain mountains oblast peninsula port prefecture"
        " prison province region reservoir river road sea stadium state station strait street suburb team town"
        " university valley village volcano"
    ).split()
)
_TITLE_BEFORE: Final = re.compile(rf"\b(?:{_TITLES})\.?\s+$")
_MAX_TITLE_CHARS: Final = 24
_TITLE: Final = re.compile(rf"\b(?:{_TITLES})\b")
# Of a place or a body called after one: "St. John's".
SAINTS_NAME: Final = re.compile(r"(?:St\.?|Saint) [^\W\d_]+")
_LETTER: Final = re.compile(r"[^\W\d_]")
_NO_NAME: Final = re.compile(
    r"[Tt]he|THE|an?|I"
    r"|(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|April?|May|June?|July?|Aug(?:ust)?|Sep(?:t|tember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)(?:\.| \d+|\. \d+)|Jan|Feb|Sept?|Oct|Nov|Dec"
)
_ADDRESS: Final = re.compile(r"://|www\.|@|#")
# Letters that Unicode does not take apart into a plain one and a mark.
_PLAIN: Final = str.maketrans(dict(zip("ıłøđð-", "ilodd ", strict=True)) | {"æ": "ae", "œ": "oe", ".": None})


class FoundName(NamedTuple):
    """A name in a text. `stated` is the type that a title before it or other words beside it say."""

    name: str
    span: Span
    stated: Stated | None


def find_name(text: str, span: Span) -> FoundName | None:
    """The bare name in a span of a straightened text, or None: no quotes, article, possessive or title."""
    bare = _bare_name(text[span.start : span.end], span.type is EntityType.PERSON)
    if bare is None:
        return None
    first, last, name, may_be_title = bare
    start, end = span.start + first, span.start + last
    if may_be_title and _is_in_title(text, start, end):
        return None
    if last - first != span.end - span.start:
        span = Span(start, end, span.type, span.score)
    if _has_title_before(text, start):
        return FoundName(name, span, Stated(EntityType.PERSON, STATED_VOTES))
    return FoundName(name, span, stated_type(text, start, end, span.type))


@lru_cache(maxsize=8192)
def _bare_name(text: str, is_person: bool) -> tuple[int, int, str, bool] | None:
    """(start, end, name, whether it begins like a title) of the bare name in the text of a span."""
    start, end = _trim_edges(text, 0, len(text))
    article = _ARTICLE.match(text, start, end)
    if article:
        start, end = _trim_edges(text, article.end(), end)
    first_word = _first_word(text[start:end])
    # "Farmer Ada Obi" is a person even if tagged as a body; "Prime Minister's Office" and "Nurse Academy" are not.
    if first_word in (_TITLES_AND_OCCUPATIONS if is_person else _BODILESS_OCCUPATIONS):
        titles = _LEADING_TITLES.match(text, start, end)
        if titles and _is_persons(text[start:end], text[titles.end() : end], is_person=is_person):
            start, end = _trim_edges(text, titles.end(), end)
    while (noun := text[start:end].rpartition(" ")[2]) in _PLACE_NOUNS and len(noun) < end - start:
        end -= len(noun) + 1
    name = " ".join(text[start:end].split())
    return (start, end, name, _first_word(name) in _TITLE_WORDS) if _is_name(name) else None


def _is_persons(whole: str, name: str, *, is_person: bool) -> bool:
    """Whether `name` is what a title stands before, not the rest of "Premier League" or "Prince Edward Island"."""
    kind = type_in_name(whole)
    if name.rpartition(" ")[2] in _NO_SURNAMES:
        return False
    if is_person:
        return kind is None or (kind is EntityType.PLACE and " " not in name)
    return kind is None and " " in name and type_in_name(name) is None


def _is_words(text: str) -> bool:
    """Whether it is of letters and blanks alone."""
    return text.replace(" ", "").isalpha()


def _first_word(text: str) -> str:
    return text.partition(" ")[0].rstrip(".")


def _has_title_before(text: str, start: int) -> bool:
    if not start or text[start - 1] != " ":
        return False
    title_start = max(0, start - _MAX_TITLE_CHARS)
    before = text[title_start : start - 1]
    word = before.rpartition(" ")[2]
    # Most names have a small word before them.
    if word.islower() or not (words := before.rsplit(None, 1)):
        return False
    title = words[-1].rstrip(".") in _TITLE_WORDS and _TITLE_BEFORE.search(text, title_start, start)
    return words[-1] in _OCCUPATIONS or bool(title)


def _is_in_title(text: str, start: int, end: int) -> bool:
    """True for "State" in "Secretary of State"."""
    title_start = max(0, start - _MAX_TITLE_CHARS)
    return any(title.start() <= start and title.end() >= end for title in _TITLE.finditer(text, title_start, end + 1))


def _trim_edges(text: str, start: int, end: int) -> tuple[int, int]:
    # Most names are words with blanks between them, and need no further look.
    if _is_words(text[start:end]) and " " not in (text[start], text[end - 1]):
        return start, end
    while True:
        before = start, end
        line_end = text.find("\n", start, end)
        if line_end == start:
            start += 1
        elif line_end > 0:
            end = line_end
        while start < end and (text[start] in _EDGES or text[start].isspace() or text[start] == "."):
            start += 1
        while start < end and (text[end - 1] in _EDGES or text[end - 1].isspace()):
            end -= 1
        is_possessive = end - start > 2 and text.startswith(("'s", "'S"), end - 2)
        if is_possessive and not SAINTS_NAME.fullmatch(text, start, end - 2):
            end -= 2
        if end > start and text[end - 1] == "." and not _ABBREVIATED.search(text, max(start, end - 6), end):
            end -= 1
        if (start, end) == before:
            return start, end


def _is_name(name: str) -> bool:
    return (
        0 < len(name) <= MAX_NAME_CHARS
        and name.count(" ") < MAX_NAME_WORDS
        # All lower case in a script that has cases is no name.
        and (name != name.lower() or name == name.upper())
        and (_is_words(name) or (bool(_LETTER.search(name)) and not _ADDRESS.search(name)))
        and not _NO_NAME.fullmatch(name)
        and not (
            _first_word(name) in _TITLE_WORDS and all(map(_TITLE_WORDS.__contains__, name.replace(".", "").split(" ")))
        )
    )


@lru_cache(maxsize=8192)
def fold(name: str) -> str:
    """The name without accents, case, full stops and hyphens, which one article writes now so, now so."""
    lower = name.casefold()
    if not lower.isascii():
        lower = "".join([mark for mark in unicodedata.normalize("NFKD", lower) if not unicodedata.combining(mark)])
    return lower.translate(_PLAIN)
