"""What stands beside a name and tells its type: a straightened text and a name's bounds in, a type or nothing out.

"Takeda, a Japanese drugmaker,", "striker Ada Obi", "the town of Ennis", "Ada Obi, 34,", "Sligo University Hospital".
"""

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from schemas.enriched import EntityType

KIND_WORDS_PATH: Final = Path(__file__).parent / "data" / "kind_words.tsv"
STATED_VOTES: Final = 3.0
NO_PERSON_VOTES: Final = 1.0
HINT_VOTES: Final = 0.5
MAX_NOUN_CHARS: Final = 30  # of what is read before a name

_AGE: Final = re.compile(r", [1-9]\d(?=[,.;)\"]|$| who )(?!, (?:19|20)\d\d)")
_BRACKETED_AGE: Final = re.compile(r" \([1-9]\d\)")  # or seats, or a rank: names of persons have two words before it
# "Villa are fifth": a team, a firm or a band, as no place and no person is a plural.
_PLURALS: Final = (" are ", " have ", " aren't ", " haven't ")
_CLAUSE_START: Final = re.compile(r"(?:^|[.!?:;\n\"(]\s?|\b(?:as|because|but|how|said|says|that|when|where|while) )$")
# "The company Musk founded": the noun is not of the kind of what stands behind it.
_VERB_BEHIND: Final = re.compile(
    r" (?!(?:and|as|at|by|for|from|had|has|in|is|of|on|or|said|says|that|to|was|which|who|will|with)\b)[a-z]"
)
_BEFORE_VERBS: Final = frozenset("can could may might must not should to will would".split())  # noqa: SIM905
_APPOSITION: Final = re.compile(r",\s(?:an?|the)\s([^,.;:()]{2,80}?)(?=[,.;)]|\swho(?:se)?\s)")
_LOCATIVE: Final = frozenset("at from in inside near of outside to".split())  # noqa: SIM905
_WHERE: Final = frozenset(("in", "near", "outside", "across", "throughout"))
_WHERE_ENDS: Final = tuple(f"{word} " for word in _WHERE)  # as `str.endswith` wants them
_FEELINGS: Final = frozenset(
    "belief believe believed confidence disappointed faith found hope interest interested saw see trust".split()  # noqa: SIM905
)
# "(Reporting by Ada Obi; editing by Ben Eze)", '"No," said Ada Obi, who left.'
_CREDIT: Final = re.compile(r"(?i:\b(?:report|edit|writ)ing by $)")
_SPEAKING: Final = re.compile(r"\" (?:added|adds|said|says) $")
_MAX_CREDIT_CHARS: Final = 14
_CLOSING: Final = frozenset(",.;)")
_STOPS: Final = frozenset("at based by for from in near of on that to which who whose with".split())  # noqa: SIM905
_NOT_APPOSED: Final = _STOPS | frozenset(("after", "before", "during", "joining", "leaving", "like", "unlike"))


def read_kind_words(table: str) -> dict[str, dict[str, EntityType]]:
    """Each word's type, by where it stands. The table's head tells its format. Raises ValueError, naming the line."""
    kinds: dict[str, dict[str, EntityType]] = {"beside": {}, "behind": {}, "first": {}, "last": {}, "of": {}}
    for number, line in enumerate(table.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            try:
                where, kind, words = line.split("\t")
                kinds[where].update(dict.fromkeys(words.split(", "), EntityType(kind)))
            except (KeyError, ValueError):
                raise ValueError(f"line {number}: not where, type and words, separated by tabs") from None
    return kinds


_TABLE: Final = KIND_WORDS_PATH.read_text(encoding="utf-8")
KIND_WORDS_DIGEST: Final = hashlib.blake2b(_TABLE.encode(), digest_size=4).hexdigest()
_KINDS: Final = read_kind_words(_TABLE)
_BESIDE, _BEHIND, _FIRST, LAST_WORDS = (_KINDS[where] for where in ("beside", "behind", "first", "last"))
PERSON_NOUNS: Final = frozenset(noun for noun, kind in _BESIDE.items() if kind is EntityType.PERSON)
_BODY_OF: Final = re.compile(rf"\b(?:{'|'.join(_KINDS['of'])}) (?:for|of) ")


class Stated(NamedTuple):
    """A type, and how many looks of a tagger it is worth."""

    type: EntityType
    votes: float


def stated_type(text: str, start: int, end: int, tagged: EntityType) -> Stated | None:
    """What the words beside the name at `start` to `end`, or its own, say of its type, tagged as `tagged`."""
    is_person = tagged is EntityType.PERSON
    own = type_in_name(text[start:end])
    if own is None and _has_age(text, start, end, may_be_body=tagged is EntityType.ORGANISATION):
        return Stated(EntityType.PERSON, STATED_VOTES)
    kind = _by_voice(text, start, end) if tagged is EntityType.PLACE and " " in text[start:end] else None
    kind = kind or _before(text, start, end, is_person=is_person) or _behind(text, start, end, is_person=is_person)
    kind = kind or (None if is_person else own)
    if kind:
        return Stated(kind, STATED_VOTES)
    if not is_person:
        return None
    if own is EntityType.ORGANISATION:
        return Stated(own, STATED_VOTES)
    if own:  # "Veronica Lake" is more often a person's name than "Lake" a lake
        return Stated(own, HINT_VOTES)
    return _no_person(text, start, end)


@lru_cache(maxsize=4096)
def kind_of(noun: str) -> EntityType | None:
    """Of a noun in the singular or the plural."""
    return _BESIDE.get(noun) or _BESIDE.get(noun.removesuffix("s")) or _BESIDE.get(f"{noun.removesuffix('ies')}y")


def _has_age(text: str, start: int, end: int, *, may_be_body: bool) -> bool:
    """ "Ada Obi, 34,", "Ada Obi (34)"; not "In Leon, 34, of them", nor the seats of "Labour (34)"."""
    if text.startswith(", ", end) and _AGE.match(text, end):
        is_the = text.startswith("the ", start - 4) if start >= 4 else False
        return not is_the and not _is_locative(text, start)
    is_full_name = not may_be_body and " " in text[start:end]
    return is_full_name and text.startswith(" (", end) and bool(_BRACKETED_AGE.match(text, end))


def _is_locative(text: str, start: int) -> bool:
    before = text[max(0, start - MAX_NOUN_CHARS) : start].split()
    return bool(before) and before[-1].lower() in _LOCATIVE


def _before(text: str, start: int, end: int, *, is_person: bool) -> EntityType | None:
    """ "striker Ada Obi", "the town of Ennis", "her party, Labour,"."""
    if not start or text[start - 1] != " ":
        return None
    before, _, word = text[max(0, start - MAX_NOUN_CHARS) : start - 1].rpartition(" ")
    if word == "of":
        kind = kind_of(before.rpartition(" ")[2])
        return kind if kind is EntityType.PLACE else None
    if word.endswith(",") and text[end : end + 1] in _CLOSING:
        kind = kind_of(word[:-1])
        # "In the region, Ada Obi, ...", "a spokeswoman for the group, Ada Obi, ..." are of something else.
        is_of_noun = kind is EntityType.PLACE or not _NOT_APPOSED.isdisjoint(before.lower().split(" ")[-3:])
        return None if is_of_noun else kind
    kind = kind_of(word) if word.islower() else None
    if kind is None or before.rpartition(" ")[2] in _BEFORE_VERBS:
        return None
    return None if is_person and kind is not EntityType.PERSON and _VERB_BEHIND.match(text, end) else kind


def _by_voice(text: str, start: int, end: int) -> EntityType | None:
    """Who is credited, or quoted, is no place, though there be one of the name of Jordan Hill."""
    before = max(0, start - _MAX_CREDIT_CHARS)
    is_whole = text[end : end + 1] in _CLOSING or text.startswith(" who ", end)
    is_person = _CREDIT.search(text, before, start) or (is_whole and _SPEAKING.search(text, before, start))
    return EntityType.PERSON if is_person else None


def _behind(text: str, start: int, end: int, *, is_person: bool) -> EntityType | None:
    """ "Takeda, a Japanese drugmaker,", "the Leon province", "Villa are fifth"."""
    if text.startswith(" ", end):
        noun = text[end + 1 : end + MAX_NOUN_CHARS].partition(" ")[0].rstrip(".,;:")
        if _BEHIND.get(noun) is EntityType.PLACE:
            return EntityType.PLACE
        is_plural = text.startswith(_PLURALS, end)
        is_body = is_plural and _CLAUSE_START.search(text, max(0, start - MAX_NOUN_CHARS), start)
        return EntityType.ORGANISATION if is_body else None
    apposition = _APPOSITION.match(text, end) if text.startswith(",", end) else None
    if apposition is None:
        return None
    noun = ""
    for word in apposition[1].split():
        if word in _STOPS:
            break
        noun = word
    kind = kind_of(noun)
    if kind is EntityType.PERSON:
        return None if _is_locative(text, start) else kind  # "In Ennis, a teacher said": no apposition
    # "Muhammad Ali, a boxing giant,"
    return None if is_person and " " in text[start:end] else kind


def type_in_name(name: str) -> EntityType | None:
    """ "Sligo Hospital", "Hotel Leon", "State Museum of Prehistory"."""
    if " " not in name:
        return None
    kind = LAST_WORDS.get(name.rpartition(" ")[2]) or _FIRST.get(name.partition(" ")[0])
    if kind is None and (" of " in name or " for " in name) and _BODY_OF.search(name):
        return EntityType.ORGANISATION
    return kind


def _no_person(text: str, start: int, end: int) -> Stated | None:
    """ "Adani subsidiary", "Movistar manager Ada Obi", "rain in Katherine"."""
    if text.startswith(" ", end) and " " not in text[start:end]:
        noun, _, more = text[end + 1 : end + MAX_NOUN_CHARS].partition(" ")
        is_of_body = _BEHIND.get(noun.rstrip(".,;:")) is EntityType.ORGANISATION
        if is_of_body or (noun in PERSON_NOUNS and more[:1].isupper()):
            return Stated(EntityType.ORGANISATION, NO_PERSON_VOTES)
    if not text.endswith(_WHERE_ENDS, 0, start) or text.startswith("'s", end):
        return None
    *before, where, _ = text[max(0, start - MAX_NOUN_CHARS) : start].split(" ")
    is_feeling = bool(before) and before[-1] in _FEELINGS
    return Stated(EntityType.PLACE, HINT_VOTES) if where in _WHERE and not is_feeling else None
