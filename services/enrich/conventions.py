"""What the conventions of English news say of where names begin and end: tagged texts in, the same ones mended out.

Datelines, storms and ships, headlines in title case, and words that are no names. A tagger that has learned from
running text knows little of these, whatever it is.
"""

import re
from collections.abc import Iterator, Sequence, Set
from functools import cached_property
from itertools import compress
from typing import Final

from schemas.enriched import EntityType
from services.enrich.abbreviations import abbreviated
from services.enrich.bounds import WORD, put_in, whole_names
from services.enrich.clubs import as_club, is_on_sport
from services.enrich.entities import Span, TaggedText
from services.enrich.kinds import LAST_WORDS, PERSON_NOUNS
from services.enrich.known_names import KnownNames
from services.enrich.pairs import part_pairs
from services.enrich.repeats import FUNCTION_WORDS

PERSON, ORGANISATION, PLACE = EntityType.PERSON, EntityType.ORGANISATION, EntityType.PLACE
TITLE: Final = "title"
CERTAIN: Final = 0.95
MIN_TITLE_CASE: Final = 0.8  # of a headline's words of four letters or more
MAX_HEADLINE_CHARS: Final = 300
MAX_DATELINE_CHARS: Final = 90

# The capital first: to ask of each character what stands before it takes twice as long.
_CAPITAL_INSIDE: Final = re.compile(r"[^\W\d_a-z](?<=[^\W_A-Z] .|[,;] .)\w*")
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
LIKELY: Final = 0.8
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
# Of occupations, these are teams or towns as well.
_TEAMS: Final = frozenset(("Kings", "Queens", "Rangers", "Senators"))


def mend(texts: Sequence[TaggedText], known_names: KnownNames) -> list[TaggedText]:
    """The fields of one article, in their order."""
    words = [frozenset(text.text.split()) for text in texts]
    nameless = set() if all(map(_STORMS.isdisjoint, words)) else _storms(texts, known_names)
    are_headlines = [is_title_case(text.text) for text in texts]
    mended = [
        TaggedText(text.field, text.text, tuple(_mended_spans(text, is_headline, nameless, known_names)))
        for text, is_headline in zip(texts, are_headlines, strict=True)
    ]
    article = _Article(mended, are_headlines, words, known_names)
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


class _Article:
    """What an article's fields tell of each other: which words it writes small, and which names it has in sentences."""

    def __init__(
        self,
        texts: Sequence[TaggedText],
        are_headlines: Sequence[bool],
        words: Sequence[Set[str]],
        known_names: KnownNames,
    ) -> None:
        """`words` of each text are as they stand between blanks."""
        self._texts = texts
        self._known_names = known_names
        are_sentences = [not (it or text.text.isupper()) for text, it in zip(texts, are_headlines, strict=True)]
        self._sentences = list(compress(texts, are_sentences))
        self._words = set[str]().union(*compress(words, are_sentences))
        self._is_on_sport = is_on_sport(self._words)
        self._words |= {word[:-1] for word in self._words if word[-1] in ",."}

    def names(self, text: TaggedText, is_headline: bool) -> list[Span]:
        if is_headline and text.field == TITLE:
            spans = self._of_headline(text)
        else:
            spans = [span for span in text.spans if not self._is_mere_word(text.text[span.start : span.end])]
        spans = part_pairs(text.text, spans, self._type_of)
        return [as_club(text.text, span) for span in spans] if self._is_on_sport else spans

    def _type_of(self, name: str) -> EntityType | None:
        known = self._known_names.get(name)
        return known.type if known else self._types.get(name)

    @cached_property
    def _types(self) -> dict[str, EntityType]:
        """Of each name as the tagger has it where it first stands. What it takes for one may be a pair of names."""
        named = ((text.text[it.start : it.end], it) for text in reversed(self._texts) for it in reversed(text.spans))
        return {name: it.type for name, it in named if not {"-", "–"}.intersection(name)}

    def _of_headline(self, text: TaggedText) -> list[Span]:
        """Trimmed by words that are written small below; names that are below as they are there."""
        trimmed = (self._trimmed(text.text, span) for span in text.spans)
        return put_in([span for span in trimmed if span.end > span.start], list(self._names_below(text.text)))

    def _trimmed(self, headline: str, span: Span) -> Span:
        start, end = span.start, span.end
        if any(headline[start:end] in text.text for text in self._sentences):
            return span
        words = headline[start:end].split(" ")
        while words and self._is_small(words[-1]) and (len(words) == 1 or words[-1] not in LAST_WORDS):
            end -= len(words.pop()) + 1
        while words and self._is_small(words[0]):
            start += len(words.pop(0)) + 1
        return span._replace(start=start, end=max(start, end))

    def _names_below(self, headline: str) -> Iterator[Span]:
        names: dict[str, Span] = {}
        for text in self._sentences:
            for span in text.spans:
                names.setdefault(text.text[span.start : span.end], span)
        last = 0
        for name in sorted((name for name in names if " " in name and name in headline), key=headline.index):
            start = headline.index(name)
            end = start + len(name)
            if start >= last and not headline[end : end + 1].isalnum() and not headline[start - 1 : start].isalnum():
                yield names[name]._replace(start=start, end=end)
                last = end

    def _is_small(self, word: str) -> bool:
        """Whether the article has the word, or its other number, as a mere word."""
        low = word.lower()
        return low in self._words or f"{low}s" in self._words or low.removesuffix("s") in self._words

    def _is_mere_word(self, name: str) -> bool:
        """True for "Brokers" at the start of a sentence, if no capital inside one says that it is a name."""
        if not (name.isalpha() and name.istitle()):
            return False
        return (self._is_small(name) or self._is_occupation(name)) and name not in self._capital_inside

    def _is_occupation(self, name: str) -> bool:
        """True for "Engineers": in sport they may be a team."""
        is_plural = name.endswith("s") and not self._is_on_sport and name not in _TEAMS
        return is_plural and name[:-1].lower() in PERSON_NOUNS

    @cached_property
    def _capital_inside(self) -> set[str]:
        return {word for text in self._sentences for word in _CAPITAL_INSIDE.findall(text.text)}
