"""What stands beside a name and tells its type: a straightened text and a name's bounds in, a type or nothing out.

"Takeda, a Japanese drugmaker,", "striker Ada Obi", "the town of Ennis", "Ada Obi, 34,", "Sligo University Hospital".
"""

import hashlib
import re
from pathlib import Path
from typing import Final, NamedTuple

from schemas.enriched import EntityType

KIND_NOUNS_PATH: Final = Path(__file__).parent / "data" / "kind_nouns.tsv"
STATED_VOTES: Final = 3.0
NO_PERSON_VOTES: Final = 1.0
MAX_NOUN_CHARS: Final = 30  # of what is read before a name

_AGE: Final = re.compile(r", [1-9]\d(?=[,.;)]?(?:\s|$|\"))(?!, (?:19|20)\d\d)| \([1-9]\d\)")
# "Villa are fifth": a team, a firm or a band, as no place and no person is a plural.
_PLURAL: Final = re.compile(r" (?:are|have|were|aren't|haven't|weren't) ")
_CLAUSE_START: Final = re.compile(
    r"(?:^|[.!?:;\n\"(]\s?|\b(?:as|because|but|how|if|said|says|that|when|where|while) )$"
)
_APPOSITION: Final = re.compile(r",\s(?:an?|the)\s([^,.;:()]{2,80}?)(?=[,.;)]|\swho(?:se)?\s)")
_LOCATIVE: Final = frozenset("at from in inside near of outside to".split())  # noqa: SIM905
# Of a name of several words: the last, the first, and the one before "of".
LAST_WORDS: Final = dict.fromkeys(
    (  # noqa: SIM905
        "Academy Airlines Airways Association Authority Bank Commission Committee Company Corporation Council"
        " Federation Foundation Gallery Hospital Hospitals Hotel Inc Institute Institution Library Ministries Ministry"
        " Museum Orchestra Party School Schools Society Theater Theatre University"
    ).split(),
    EntityType.ORGANISATION,
) | dict.fromkeys(
    (  # noqa: SIM905
        "Airport Avenue Basin Beach Boulevard Bridge Canal Cathedral Cemetery Desert Glacier Highway Island Islands"
        " Lake Market Mosque Mountain Mountains Ocean Peninsula Prison River Road Sea Seamount Square Stadium Station"
        " Strait Street Volcano"
    ).split(),
    EntityType.PLACE,
)
_FIRST_WORDS: Final = dict.fromkeys(
    ("Banco", "Hotel", "Universidad", "Universität", "Université"), EntityType.ORGANISATION
)
_FIRST_WORDS.update(
    dict.fromkeys(("Barangay", "Cerro", "Interstate", "Kfar", "Lake", "Mount", "Wadi"), EntityType.PLACE)
)
_BODY_OF: Final = re.compile(
    r"\b(?:Academy|Association|Bank|College|Commission|Council|Court|Department|Diocese|Federation|Institute|Ministry"
    r"|Movement|Museum|School|Society|Union|University) (?:for|of) "
)
# What follows the names of firms and other bodies, not those of persons.
_OF_BODIES: Final = (
    "board|customers|employees|executives?|factory|officials|plant|shareholders|shares|spokes(?:man|person|woman)|staff"
    "|stock|subsidiary|unit|workers"
)
_OF_BODY: Final = re.compile(rf" (?:{_OF_BODIES})\b")
_PLACE_NOUNS_BEHIND: Final = frozenset(
    (  # noqa: SIM905
        "airport bay bridge coast coastline county dam dams district governorate island islands municipality"
        " neighborhood neighbourhood oblast peninsula prison province quarter region reservoir river stadium strait"
        " suburb town towns township valley village villages"
    ).split()
)
_WHERE: Final = frozenset(("in", "near", "outside", "across", "throughout"))
_FEELINGS: Final = frozenset(
    "belief believe believed confidence disappointed faith found hope interest interested saw see trust".split()  # noqa: SIM905
)
_CLOSING: Final = frozenset(",.;)")
_STOPS: Final = frozenset("at based by for from in near of on that to which who whose with".split())  # noqa: SIM905


def _read_kinds(table: str) -> dict[str, EntityType]:
    rows = [line.split("\t") for line in table.splitlines() if line.strip() and not line.startswith("#")]
    return {noun: EntityType(kind) for kind, nouns in rows for noun in nouns.split(", ")}


_TABLE: Final = KIND_NOUNS_PATH.read_text(encoding="utf-8")
KIND_NOUNS_DIGEST: Final = hashlib.blake2b(_TABLE.encode(), digest_size=4).hexdigest()
_KINDS: Final = _read_kinds(_TABLE)
PERSON_NOUNS: Final = frozenset(noun for noun, kind in _KINDS.items() if kind is EntityType.PERSON)


class Stated(NamedTuple):
    """A type, and how many looks of a tagger it is worth."""

    type: EntityType
    votes: float


def stated_type(text: str, start: int, end: int, tagged: EntityType) -> Stated | None:
    """What the words beside the name at `start` to `end`, or its own, say of its type, tagged as `tagged`."""
    is_person = tagged is EntityType.PERSON
    own = type_in_name(text[start:end])
    kind = _before(text, start, end) or _behind(text, start, end) or (None if is_person else own)
    if kind:
        return Stated(kind, STATED_VOTES)
    # "Veronica Lake" is more often a person's name than "Lake" a lake.
    kind = (own or _no_person(text, start, end)) if is_person else None
    return Stated(kind, NO_PERSON_VOTES) if kind else None


def kind_of(noun: str) -> EntityType | None:
    """Of a noun in the singular or the plural."""
    return _KINDS.get(noun) or _KINDS.get(noun.removesuffix("s")) or _KINDS.get(f"{noun.removesuffix('ies')}y")


def _before(text: str, start: int, end: int) -> EntityType | None:
    """ "striker Ada Obi", "the town of Ennis", "her party, Labour,"."""
    if not start or text[start - 1] != " ":
        return None
    words = text[max(0, start - MAX_NOUN_CHARS) : start - 1].split(" ")
    if words[-1] == "of" and len(words) > 1:
        kind = kind_of(words[-2])
        return kind if kind is EntityType.PLACE else None
    if words[-1].endswith(",") and text[end : end + 1] in _CLOSING:
        kind = kind_of(words[-1][:-1])
        # "In the region, Ada Obi, ...", "a spokeswoman for the group, Ada Obi, ..." are of something else.
        is_of_noun = kind is EntityType.PLACE or not _STOPS.isdisjoint(words[-4:-1])
        return None if is_of_noun else kind
    return kind_of(words[-1]) if words[-1].islower() else None


def _behind(text: str, start: int, end: int) -> EntityType | None:
    """ "Ada Obi, 34,", "Takeda, a Japanese drugmaker,"."""
    if text.startswith(" ", end):
        noun = text[end + 1 : end + MAX_NOUN_CHARS].partition(" ")[0].rstrip(".,;:")
        if noun in _PLACE_NOUNS_BEHIND:
            return EntityType.PLACE
        if _PLURAL.match(text, end) and _CLAUSE_START.search(text, max(0, start - MAX_NOUN_CHARS), start):
            return EntityType.ORGANISATION
    if not text.startswith((", ", " ("), end):
        return None
    before = text[max(0, start - MAX_NOUN_CHARS) : start].split()
    is_locative = bool(before) and before[-1].lower() in _LOCATIVE
    if _AGE.match(text, end):
        return None if is_locative else EntityType.PERSON
    apposition = _APPOSITION.match(text, end)
    if apposition is None:
        return None
    noun = ""
    for word in apposition[1].split():
        if word in _STOPS:
            break
        noun = word
    kind = kind_of(noun)
    # "In Ennis, a teacher said": no apposition.
    return None if is_locative and kind is EntityType.PERSON else kind


def type_in_name(name: str) -> EntityType | None:
    """ "Sligo Hospital", "Hotel Leon", "State Museum of Prehistory"."""
    if " " not in name:
        return None
    kind = LAST_WORDS.get(name.rpartition(" ")[2]) or _FIRST_WORDS.get(name.partition(" ")[0])
    if kind is None and (" of " in name or " for " in name) and _BODY_OF.search(name):
        return EntityType.ORGANISATION
    return kind


def _no_person(text: str, start: int, end: int) -> EntityType | None:
    """ "Adani shares", "Movistar manager Ada Obi", "rain in Katherine"."""
    if text.startswith(" ", end):
        noun, _, more = text[end + 1 : end + MAX_NOUN_CHARS].partition(" ")
        if _OF_BODY.match(text, end) or (noun in PERSON_NOUNS and more[:1].isupper()):
            return EntityType.ORGANISATION
    before = text[max(0, start - MAX_NOUN_CHARS) : start].split(" ")
    is_in = before[-1] == "" and before[-2:][0] in _WHERE and not text.startswith("'s", end)
    return EntityType.PLACE if is_in and before[-3:][0] not in _FEELINGS else None
