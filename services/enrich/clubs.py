"""Clubs that go by the name of their town, in reports on sport: a place in, the club it is out.

"Sevilla lost to Barcelona": there the town has not lost. National teams stay places, as for every tagger here.
"""

import re
from collections.abc import Set
from typing import Final

from schemas.enriched import EntityType
from services.enrich.entities import Span

MIN_SPORT_WORDS: Final = 3  # different ones
MAX_BEFORE_CHARS: Final = 24

_SPORT: Final = frozenset(
    (  # noqa: SIM905
        "assist assists athletic baseball basketball batting bowled bowling championship championships champions coach"
        " cricket cup debut defender derby draft equaliser equalizer fixture football footballer forward game"
        " goalkeeper goalless goal goals half-time halftime hat-trick hockey innings kick-off league match midfielder"
        " netball overtime penalty penalties pitcher playoff playoffs quarter quarter-final quarter-finals quarterback"
        " rebound rebounds relegation roster rugby scored season semi-final semi-finals semifinal semifinals soccer"
        " squad stoppage-time striker substitute table team teammate teammates touchdown touchdowns tournament transfer"
        " trophy unbeaten wicket wickets winger"
    ).split()
)
_OPPONENT: Final = (
    "beat|beats|beaten by|beating|crush(?:ed)?|defeat|defeated|defeats|down|downed|draw with|drew with|edge|edged"
    "|eliminated|face|faced|faces|facing|hammered|held|host|hosted|hosts|lead|leads|lose to|loses to|losing to|loss to"
    "|lost to|outlasted|overcame|past|rout|routed|see off|saw off|sink|sinks|sank|stun|stunned|stuns|swept|thrash"
    "|thrashed|top|topped|upset|visit|visited|visits"
)
_BEFORE: Final = re.compile(
    rf"\b(?:{_OPPONENT}|against|defeat (?:of|by|to)|win (?:over|at)|wins? against|victory over|draw at|v|vs\.?"
    r"|scored (?:\w+ )?for|plays? for|played for|signed for|signs for|joins?|joined|from rivals|winger from|led|lifts"
    r"|lifted) $"
)
_BEHIND: Final = re.compile(
    rf"(?: (?:have |has |had |will )?(?:{_OPPONENT}|advance[ds]?|drew|draw|equali[sz]ed|kept|lead|led|lose|loses|lost"
    r"|missed|played|plays|rallied|scored|sign|signed|signs|sit|sits|tied|trail(?:ed|s)?|were held|won|win|wins)\b"
    r"| (?:boss|captain|coach|defender|fans|forward|goalkeeper|guard|manager|midfielder|quarterback|striker|supporters"
    r"|winger)\b|,? \d{1,3}\b)"
)


def is_on_sport(words: Set[str]) -> bool:
    """Whether an article with these words, as they stand between blanks, is a report on sport."""
    return len(words & _SPORT) >= MIN_SPORT_WORDS


def as_club(text: str, span: Span) -> Span:
    """A place that does what clubs do as the organisation it is, in an article on sport."""
    if span.type is EntityType.PLACE and (
        _BEHIND.match(text, span.end) or _BEFORE.search(text, max(0, span.start - MAX_BEFORE_CHARS), span.start)
    ):
        return span._replace(type=EntityType.ORGANISATION, score=1.0)
    return span
