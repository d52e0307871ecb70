"""Names that are longer than a tagger has marked them: a text and its spans in, the spans with their whole names out.

Initials, nicknames, particles, "Jr.", "Ministry of Environment, Forest and Climate Change", "Trinidad and Tobago". A
tagger that looks two words far cannot see where such names end.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Final

from schemas.enriched import EntityType
from services.enrich.entities import Span
from services.enrich.known_names import KnownNames
from services.enrich.names import SAINTS_NAME, STATES, SUFFIXES

PERSON, ORGANISATION, PLACE = EntityType.PERSON, EntityType.ORGANISATION, EntityType.PLACE

# A tagger that is less sure than this of what follows an "and" has not seen that it goes with what precedes it.
SURE: Final = 0.75

_INITIALS_BEFORE: Final = re.compile(r"(?<!\S)(?!U\.[SKN]|E\.U|D\.C)(?:[^\W\d_a-z]\.\s?){2,}$")
_MAX_INITIALS_CHARS: Final = 10
# "Acme Co.|, which", "Norfolk, Va.|"; at the end of a sentence the stop is the sentence's.
_OWN_DOT: Final = re.compile(
    rf"(?:\b\w|\b(?:{SUFFIXES}))\.(?=[,;:)']| [a-z(–—-])|(?:(?<=, )|(?<=[DIR]-))(?:{STATES})\."
)
_SENTENCE_DOT: Final = re.compile(rf"\b(?:{SUFFIXES})\.(?!['\",;:)]| [a-z(–—-])")
_MAX_DOTTED_CHARS: Final = 6
_PARTIES: Final = "DIR"
_STATE: Final = re.compile(STATES)
WORD: Final = r"[^\W\d_a-z][\w'-]{0,40}"
_NICKNAME: Final = re.compile(rf" (?P<quote>[\"'])[^\W\d_a-z][\w' -]{{1,24}}(?P=quote) {WORD}")
_FIRST_NAMES: Final = re.compile(rf"(?<![\w'-]){WORD}(?: {WORD})?$")
_MAX_FIRST_NAMES_CHARS: Final = 40
_PARTICLE: Final = (
    "al|ben|bin|bint|binti|da|das|de|de la|de las|de los|del|der|di|do|dos|el|ibn|la|le|ole|ter|van|van de|van den"
    "|van der|von|wa|zu"
)
_PARTICLES: Final = frozenset(f" {particle} " for particle in _PARTICLE.split("|"))
_PARTICLE_ENDS: Final = tuple(_PARTICLES)  # as `str.endswith` wants them
_PARTICLE_BEFORE: Final = re.compile(rf"(?<![\w'-]){WORD}(?: {WORD})? (?:{_PARTICLE}) $")
_MAX_PARTICLE_CHARS: Final = 40
# "Department of Labor| and Employment", "Ministry of Environment|, Forest and Climate Change".
_HEADS: Final = (
    "Academy|Administration|Agency|Association|Authority|Bank|Board|Bureau|Center|Centre|Commission|Committee|Council"
    "|Court|Department|Directorate|Directorate-General|Embassy|Faculty|Federation|Institute|Ministry|Office|Parliament"
    "|School|Secretariat|Society|University"
)
_HEAD_OF: Final = re.compile(rf"\b(?:{_HEADS}) (?:of|for|on) ")
_HEAD: Final = re.compile(rf"\b(?:{_HEADS})\b")
_PORTFOLIOS: Final = re.compile(rf"(?P<listed>(?:, {WORD}(?: {WORD}){{0,4}}){{0,6}}),? and {WORD}(?: {WORD}){{0,4}}")
_SHARED: Final = (
    "Academy|Agency|Association|Authority|Board|Commission|Federation|Foundation|Guild|Institute|Network|Organi[sz]ation"
    "|Society|Trust|Union"
)
# "the Irish Nurses and Midwives Organisation": two bodies would have an article each. Not "the White House and State
# Department", where American papers leave it out.
_SHARED_HEAD: Final = re.compile(
    rf"\b[Tt]he (?P<first>{WORD}(?: {WORD}){{0,2}}) and (?P<second>(?:{WORD} ){{1,4}}?(?:{_SHARED}))\b(?! of| for)"
)
_SHARED_ENDS: Final = tuple(_SHARED.replace("Organi[sz]ation", "Organisation|Organization").split("|"))
_WHOLE: Final = re.compile(rf"[A-Z]{{3,}}$|[A-Z]+\d|.*\b(?:{_HEADS}|{_SHARED}|Minister|Republic)\b")
_DAY: Final = re.compile(r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b")


def whole_names(text: str, spans: Sequence[Span], known_names: KnownNames) -> list[Span]:
    """In order and without overlap, as they were."""
    longer = [_whole(text, span, known_names) for span in spans]
    longer = _joined(text, longer, known_names)
    longer = _with_nicknames(text, longer)
    longer = _with_shared_heads(text, longer, known_names)
    return _with_portfolios(text, longer, known_names)


def put_in(spans: Iterable[Span], better: Sequence[Span]) -> list[Span]:
    """Both, in order, without those of `spans` that overlap one of `better`, which are in order and without overlap."""
    kept = [it for it in spans if not overlapping(better, it.start, it.end)]
    return sorted([*kept, *better]) if kept else list(better)


def overlapping(spans: Sequence[Span], start: int, end: int) -> Sequence[Span]:
    """Those of `spans`, which are in order and without overlap, that have a character from `start` to before `end`."""
    last = bisect_left(spans, (end,))
    first = bisect_left(spans, (start,), 0, last)
    if first and spans[first - 1].end > start:
        first -= 1
    return spans[first:last]


def _whole(text: str, span: Span, known_names: KnownNames) -> Span:
    """ "K.P. |Suresh Babu", "de los |Santos", "St. John|'s", "Sammy Davis Jr|.", "Air |India", "D-|Colo|." """
    start, end = span.start, span.end
    if text.startswith("-", start + 1) and _is_state_of_party(text[start:end], known_names):
        span = Span(start + 2, end, PLACE, span.score)
        start += 2
    elif span.type is PLACE and text.endswith("Air ", 0, start) and not text[start - 5 : start - 4].isalnum():
        return Span(start - 4, end, ORGANISATION, span.score)
    if span.type is PERSON and start and text[start - 1] in " .":
        start = _start_before(text, start)
    if text.startswith("'s", end) and SAINTS_NAME.fullmatch(text, start, end):
        end += 2
    # Few names have a stop in the last place or behind it.
    if "." in text[end - 1 : end + 1]:
        end = _end_at_dot(text, max(start, end - _MAX_DOTTED_CHARS), end)
    return span if start == span.start and end == span.end else span._replace(start=start, end=end)


def _is_state_of_party(tag: str, known_names: KnownNames) -> bool:
    """True for "D-Colo" and "R-Kentucky", as American papers tell party and state of a politician."""
    if tag[0] not in _PARTIES:
        return False
    known = known_names.get(tag[2:])
    return known.type is PLACE if known else _STATE.fullmatch(tag, 2) is not None


def _end_at_dot(text: str, last: int, end: int) -> int:
    """The end of a name with its own stop but without the sentence's; its last characters begin at `last`."""
    if text.startswith(".", end) and (dotted := _OWN_DOT.search(text, last, end + 3)) and dotted.end() == end + 1:
        return end + 1
    if text.startswith(".", end - 1) and (dotted := _SENTENCE_DOT.search(text, last, end + 2)) and dotted.end() == end:
        return end - 1
    return end


def _start_before(text: str, start: int) -> int:
    """The start of the initials or the name with a particle that ends at `start`, or `start`."""
    before = None
    if "." in text[max(0, start - 2) : start]:
        before = _INITIALS_BEFORE.search(text, max(0, start - _MAX_INITIALS_CHARS), start)
    elif text.endswith(_PARTICLE_ENDS, 0, start):
        before = _PARTICLE_BEFORE.search(text, max(0, start - _MAX_PARTICLE_CHARS), start)
    return before.start() if before else start


def _joined(text: str, spans: Sequence[Span], known_names: KnownNames) -> list[Span]:
    """ "Zé Maria| dos |Santos", "Trinidad| and |Tobago", "Court of Justice| of the |European Union"."""
    joined: list[Span] = []
    for span in spans:
        if joined and (one := _one_name(text, joined[-1], span, known_names)):
            joined[-1] = one
        elif not joined or span.start >= joined[-1].end:
            joined.append(span)
    return joined


def _one_name(text: str, left: Span, right: Span, known_names: KnownNames) -> Span | None:
    between = text[left.end : right.start]
    if left.type is PERSON and between in _PARTICLES:
        return left._replace(end=right.end)
    if between == " and " and (known := known_names.get(text[left.start : right.end])):
        return Span(left.start, right.end, known.type, max(left.score, right.score))
    if between == " of the " and left.type is right.type is ORGANISATION and _HEAD.search(text, left.start, left.end):
        return left._replace(end=right.end)
    return None


def _with_nicknames(text: str, spans: Sequence[Span]) -> list[Span]:
    """'Ramesh| "Buddy" |Persaud'."""
    better = []
    for nickname in _NICKNAME.finditer(text):
        before = _FIRST_NAMES.search(text, max(0, nickname.start() - _MAX_FIRST_NAMES_CHARS), nickname.start())
        start = before.start() if before else nickname.start()
        parts = overlapping(spans, start, nickname.end())
        is_possessive = text.startswith("'s", nickname.start() - 2)
        if before and not is_possessive and any(it.type is PERSON for it in parts):
            ends = (min(parts[0].start, start), max(parts[-1].end, nickname.end()))
            better.append(Span(*ends, PERSON, max(it.score for it in parts)))
    return put_in(spans, better) if better else list(spans)


def _with_shared_heads(text: str, spans: Sequence[Span], known_names: KnownNames) -> list[Span]:
    """ "the |Irish Nurses| and |Midwives Organisation|"."""
    better: list[Span] = []
    # Few texts have such a body at all, and the expression is tried at every "the" of a text.
    if not any(it.type is ORGANISATION and text.endswith(_SHARED_ENDS, it.start, it.end) for it in spans):
        return list(spans)
    for name in _SHARED_HEAD.finditer(text):
        first, second = name["first"], name["second"]
        parts = overlapping(spans, name.start("first"), name.end())
        if (
            parts
            and parts[-1].end == name.end()
            and parts[-1].type is ORGANISATION
            and not _WHOLE.match(first)
            and not known_names.get(first)
            and not known_names.get(second)
            and all(it.type is ORGANISATION and (it.score < SURE or " " in first) for it in parts[:-1])
        ):
            better.append(Span(name.start("first"), name.end(), ORGANISATION, parts[-1].score))
    return put_in(spans, better) if better else list(spans)


def _with_portfolios(text: str, spans: Sequence[Span], known_names: KnownNames) -> list[Span]:
    better = []
    for span in spans:
        if (
            span.type is ORGANISATION
            and text.startswith((", ", " and "), span.end)
            and (head := _HEAD_OF.search(text, span.start, span.end))
            # "Wildlife Institute of India" is whole.
            and not known_names.get(text[head.end() : span.end])
            and (more := _PORTFOLIOS.match(text, span.end))
        ):
            rivals = overlapping(spans, span.end, more.end())
            # A list of bodies is tagged as several names, a list of portfolios as one or none.
            is_one = len(rivals) == 1 and rivals[0].type is not PERSON and rivals[0].end <= more.end()
            if not _DAY.search(more[0]) and (not rivals or (is_one and (more["listed"] or rivals[0].score < SURE))):
                better.append(span._replace(end=more.end()))
    return put_in(spans, better) if better else list(spans)
