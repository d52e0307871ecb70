"""What the conventions of English news say of where names begin and end: tagged texts in, the same ones mended out.

Datelines, storms and ships, headlines in title case, and words that are no names. A tagger that has learned from
running text knows little of these, whatever it is.
"""

import re
from collections.abc import Iterator, Sequence, Set
from typing import Final

from schemas.enriched import EntityType
from services.enrich.abbreviations import abbreviated
from services.enrich.bounds import WORD, put_in, whole_names
from services.enrich.entities import LIKELY, TITLE, Span, TaggedText
from services.enrich.known_names import KnownNames
from services.enrich.repeats import FUNCTION_WORDS
from services.enrich.whole_article import WholeArticle

PERSON, ORGANISATION, PLACE = EntityType.PERSON, EntityType.ORGANISATION, EntityType.PLACE
CERTAIN: Final = 0.95
MIN_TITLE_CASE: Final = 0.8  # of a headline's words of four letters or more
MAX_HEADLINE_CHARS: Final = 300
MAX_DATELINE_CHARS: Final = 90

_MONTHS: Final = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_DATELINE: Final = re.compile(
    rf"""\s*
    (?P<place>[^\W\d_a-z][^\W\d_]*[.']?(?:[ '-]{{1,2}}[^\W\d_]+\.?){{0,4}}(?:/[^\W\d_]+(?:[ '-][^\W\d_]+)*)*)
    (?:,\s(?P<within>[^\W\d_a-z][\w.']*(?:\s[^\W\d_a-z][\w.']*)*?))?
    (?P<date>,?\s{_MONTHS}\.?\s\d{{1,2}}(?:,\s\d{{4}})?|,?\s\d{{1,2}}\s{_MONTHS}(?:\s\d{{4}})?)?
    (?:\s\((?P<agency>[^\W\d_a-z][\w/ .]{{1,30}})\))?
    (?:\s?(?:—|–|--|-)\s|(?P<colon>:\s))
    """,
    re.VERBOSE,
)
_NO_DATELINE: Final = frozenset(
    (  # noqa: SIM905
        "ADVERTISEMENT ANALYSIS ANSWER BACKGROUND BREAKING COLUMN COMMENT CORRECTED CORRECTION EDITORIAL EXCLUSIVE"
        " EXPLAINED EXPLAINER FACTBOX FEATURE INTERVIEW LETTER LETTERS LISTEN LIVE NOTE OBITUARY OPINION PHOTO PHOTOS"
        " PODCAST POLL PROFILE QUESTION QUIZ READ RECAP REVIEW SPONSORED SUMMARY UPDATE UPDATED URGENT VIDEO VIEWPOINT"
        " WARNING WATCH"
    ).split()
)
_AGENCY: Final = re.compile(
    r"AP|AAP|AFP|ANI|ANSA|BBC|CNA|CNN|CP|DPA|dpa|EFE|IANS|IRNA|NAN|NPR|PA|PTI|SABC|TASS|UNI|UPI|[KW][A-Z]{2,3}"
    r"|(?:The )?Associated Press|Anadolu|Bloomberg|Interfax|Kyodo|Kyodo News|PA Media|Reuters|Xinhua|Yonhap"
)
# Persons whom nothing but an age or a quotation makes ones: 'Obi, 34, sang', '"No," said Obi.' What is rarest of each
# comes first, as a search for it is the fastest.
_AGE: Final = re.compile(r"[1-9]\d(?:(?<=, \d\d)(?:,|\.| who )|(?<= \(\d\d)\))")
_LAST_NAME: Final = re.compile(rf"(?<![\w'-]){WORD}(?: {WORD}\.?){{0,3}}$")
_MAX_NAME_CHARS: Final = 60
_QUOTED: Final = re.compile(rf"said (?<=[,.?!][\"'] said )(?P<name>{WORD}(?: {WORD})?)(?=[.,\n]|$)")
# What stands before the names of storms and ships, which are none of our types.
_STORMS: Final = frozenset(("Cyclone", "Hurricane", "Storm", "Typhoon"))
_SHIPS: Final = frozenset(
    (  # noqa: SIM905
        "HMAS HMCS HMNZS HMS INS MT MV RMS RRS RV SS USCGC USNS USS"
        " boat destroyer ferry freighter frigate icebreaker schooner ship submarine tanker trawler vessel yacht"
    ).split()
)
_STORMS_AND_SHIPS: Final = _STORMS | _SHIPS
_STORM_GRADES: Final = frozenset(("Tropical", "Super", "Severe", "Post-Tropical", "Extratropical"))
_FIRST_WORDS: Final = _STORMS_AND_SHIPS | _STORM_GRADES
_MAX_NOUN_CHARS: Final = 16
# Who believes or belongs, and what takes place: no bodies, but "Liberal Democrats" are a party.
_ADHERENTS: Final = frozenset(
    (  # noqa: SIM905
        "Anglican Anglicans Baptists Buddhist Buddhists Catholic Catholics Christian Christians Democrat Democrats"
        " Evangelical Evangelicals Hindu Hindus Islamist Islamists Jew Jews Liberal Lutheran Lutherans Methodists"
        " Muslim Muslims Orthodox Pentecostals Presbyterians Protestant Protestants Republican Republicans Shia"
        " Shiite Shiites Sikh Sikhs Socialists Sunni Sunnis"
    ).split()
)
_PARTIES: Final = frozenset(("Liberal Democrats", "Christian Democrats"))
_EVENTS: Final = frozenset("Airshow Championship Championships Cup Marathon Olympics Paralympics Prix Trophy".split())  # noqa: SIM905
_CUPS: Final = frozenset(
    (
        "Champions League",
        "Europa League",
        "Copa América",
        "Copa Libertadores",
        "Copa del Rey",
        "Giro d'Italia",
        "Nations League",
        "Tour de France",
    )
)


def mend(texts: Sequence[TaggedText], known_names: KnownNames) -> list[TaggedText]:
    """The fields of one article, in their order."""
    words = [frozenset(text.text.split()) for text in texts]
    nameless = set() if all(map(_STORMS.isdisjoint, words)) else _storms(texts, known_names)
    are_headlines = [is_title_case(text.text) for text in texts]
    mended = [
        TaggedText(text.field, text.text, tuple(_mended_spans(text, is_headline, nameless, known_names)))
        for text, is_headline in zip(texts, are_headlines, strict=True)
    ]
    article = WholeArticle(mended, are_headlines, words, known_names)
    return [
        TaggedText(text.field, text.text, tuple(article.names(text, is_headline)))
        for text, is_headline in zip(mended, are_headlines, strict=True)
    ]


def is_title_case(text: str) -> bool:
    """Whether a text's words begin with capitals because it is a headline."""
    long_words = [word for word in text[:MAX_HEADLINE_CHARS].split() if len(word) > 3 and word[0].isalpha()]
    return len(long_words) > 2 and sum(word[0].isupper() for word in long_words) >= MIN_TITLE_CASE * len(long_words)


def _mended_spans(text: TaggedText, is_headline: bool, nameless: Set[str], known_names: KnownNames) -> list[Span]:
    kept = [
        span
        for span in text.spans
        if (name := text.text[span.start : span.end]) not in nameless
        and (span.type is PERSON or not _is_of_no_type(name))
        and not _is_storm_or_ship(text.text, span, known_names)
    ]
    spans = kept if is_headline else whole_names(text.text, kept, known_names)
    if text.field != TITLE:
        if dateline := _dateline(text.text, spans, known_names):
            spans = put_in(spans, dateline)
        for persons in (list(_aged(text.text)), list(_quoted(text.text, spans))):
            if persons:
                spans = put_in(persons, spans)
    if not text.text.isupper() and (more := list(abbreviated(text.text, spans))):
        spans = put_in(spans, more)
    return spans


def _aged(text: str) -> Iterator[Span]:
    for age in _AGE.finditer(text):
        end = age.start() - 2
        name = _LAST_NAME.search(text, max(0, end - _MAX_NAME_CHARS), end)
        if name is None or name[0].partition(" ")[0].lower() in FUNCTION_WORDS:
            continue
        # "The House, 34," and "Labour (34)" are none.
        is_full = " " in name[0]
        if is_full or (text[end] == "," and not text.endswith("the ", 0, name.start())):
            yield Span(*name.span(), PERSON, LIKELY)


def _quoted(text: str, spans: Sequence[Span]) -> Iterator[Span]:
    for found in _QUOTED.finditer(text):
        if " " in found["name"] or any(
            span.type is PERSON and text.endswith(found["name"], span.start, span.end) for span in spans
        ):
            yield Span(*found.span("name"), PERSON, LIKELY)


def _dateline(text: str, spans: Sequence[Span], known_names: KnownNames) -> list[Span]:
    """ "PORT-AU-PRINCE, Haiti (AP) — ", "JERUSALEM/GAZA, Nov 3 - ", "Kyiv, Ukraine – "."""
    found = _DATELINE.match(text, 0, MAX_DATELINE_CHARS)
    if found is None or found["place"] in _NO_DATELINE:
        return []
    is_known = known_names.is_place(found["place"])
    agency = found["agency"] and _AGENCY.fullmatch(found["agency"])
    # "NFL — The league said", "Apple (AAPL) - Shares rose", "BIDEN: We will win."
    is_other = any(it.type is not PLACE and it.start < found.end("place") for it in spans) and not (is_known or agency)
    if is_other or (found["colon"] and not is_known):
        return []
    has_sign = found["place"].isupper() or found["date"] or agency
    if not has_sign and not (found["within"] and any(it.type is PLACE and it.start < found.end() for it in spans)):
        return []
    places = []
    start = found.start("place")
    for place in found["place"].split("/"):
        places.append(Span(start, start + len(place), PLACE, CERTAIN))
        start += len(place) + 1
    if found["within"]:
        places.append(Span(*found.span("within"), PLACE, CERTAIN))
    if agency:
        places.append(Span(*found.span("agency"), ORGANISATION, CERTAIN))
    return places


def _is_of_no_type(name: str) -> bool:
    """Adherents and events: "Orthodox Christians", "Valencia Marathon"."""
    last = name.rpartition(" ")[2]
    if last in _ADHERENTS:
        return name not in _PARTIES and _ADHERENTS.issuperset(name.split(" "))
    return (last in _EVENTS and last != name) or name in _CUPS


def _storms(texts: Sequence[TaggedText], known_names: KnownNames) -> set[str]:
    """The names of an article's storms, which it mentions alone as well."""
    found = {name for text in texts for span in text.spans if (name := _named_by(_STORMS, text.text, span))}
    return {name for name in found if not known_names.get(name)}


def _is_storm_or_ship(text: str, span: Span, known_names: KnownNames) -> bool:
    noun = text[max(0, span.start - _MAX_NOUN_CHARS) : max(0, span.start - 1)].rpartition(" ")[2]
    if noun not in _STORMS_AND_SHIPS and text[span.start : span.end].partition(" ")[0] not in _FIRST_WORDS:
        return False
    name = _named_by(_STORMS_AND_SHIPS, text, span)
    if name is None or known_names.get(name):
        return False
    # "The tanker Gabes seized last week": a place's name is not the ship's.
    return bool(_named_by(_STORMS, text, span)) or not known_names.is_place(name)


def _named_by(nouns: Set[str], text: str, span: Span) -> str | None:
    """What a span names, if one of the nouns begins it or stands before it."""
    words = text[span.start : span.end].split(" ")
    while len(words) > 1 and words[0] in _STORM_GRADES:
        del words[0]
    if words[0] in nouns and len(words) > 1:
        return " ".join(words[1:])
    before = text[max(0, span.start - _MAX_NOUN_CHARS) : span.start].split(" ")
    return " ".join(words) if before[-1] == "" and before[-2:][0] in nouns else None
