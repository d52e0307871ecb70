"""What a whole article says about its names: tagged texts in, entities out, whatever the tagger.

One type per name, by vote over all its mentions; surnames and acronyms join the full name; repeats that the tagger
missed are found. A tagger that reads a sentence at a time cannot know any of this.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter

from schemas.enriched import Entity, EntityType
from services.enrich.entities import TaggedText
from services.enrich.known_names import KnownNames
from services.enrich.names import FoundName, find_name
from services.enrich.repeats import find_repeats

# How many looks of a tagger it is worth that a title stands before a name, or that the name is a known one.
TITLE_VOTES: Final = 3.0
KNOWN_VOTES: Final = 3.0
# No tagger is surer than this.
MAX_CERTAINTY: Final = 0.98
# Repeats of a name that the tagger is less sure of anywhere are left alone: they are mostly wrong again.
MIN_REPEATED_CERTAINTY: Final = 0.8
_MIN_ACRONYM_CHARS: Final = 2

# One call for all the entities of an article: one for each mention takes longer than the rest of the pass.
_ENTITIES: Final = TypeAdapter(tuple[Entity, ...])

PERSON, ORGANISATION = EntityType.PERSON, EntityType.ORGANISATION


class _Tally:
    """The votes on one name by type, each as heavy as the tagger is sure; a first vote breaks ties."""

    __slots__ = ("best", "count", "votes")

    def __init__(self) -> None:
        self.votes: dict[EntityType, float] = {}
        self.best: dict[EntityType, float] = {}
        self.count = 0

    def add(self, entity_type: EntityType, score: float) -> None:
        self.votes[entity_type] = self.votes.get(entity_type, 0.0) + score
        if score > self.best.get(entity_type, 0.0):
            self.best[entity_type] = score
        self.count += 1

    def majority(self) -> EntityType:
        if len(self.votes) == 1:
            return next(iter(self.votes))
        return max(self.votes, key=self.votes.__getitem__)


class _Group(NamedTuple):
    """All the names of one entity."""

    name: str
    type: EntityType
    score: float


def group_entities(
    texts: Sequence[TaggedText], fields: Mapping[str, str], known_names: KnownNames
) -> tuple[Entity, ...]:
    """The entities of one article, most mentioned first. `fields` are its texts as written, for the mentions.

    An entity is called by its longest form in the article, or as the known names call it. Its score is the probability
    of its surest mention, a little more for each further one, times the share of the votes that are for its type.
    """
    names = {
        text.field: [found for span in text.spans if (found := find_name(text.text, span)) is not None]
        for text in texts
    }
    tallies = _count_votes(name for in_field in names.values() for name in in_field)
    if not tallies:
        return ()
    groups = _vote_types(tallies, _link_names(tallies, known_names), known_names)
    repeated = [name for name, tally in tallies.items() if max(tally.best.values()) >= MIN_REPEATED_CERTAINTY]
    mentions: dict[_Group, list[dict[str, Any]]] = defaultdict(list)
    for text in texts:
        field, written = text.field, fields[text.field]
        spans = [(it.span.start, it.span.end, it.name) for it in names[field]]
        repeats = find_repeats(text.text, spans, repeated)
        for start, end, name in sorted(spans + repeats) if repeats else spans:
            mentions[groups[name]].append({"field": field, "start": start, "end": end, "text": written[start:end]})
    entities = sorted(mentions.items(), key=lambda mentioned: -len(mentioned[1]))
    return _ENTITIES.validate_python(
        [
            {"name": group.name, "type": group.type, "score": group.score, "mentions": mentioned}
            for group, mentioned in entities
        ]
    )


def _count_votes(names: Iterable[FoundName]) -> dict[str, _Tally]:
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    for name, span, follows_title in names:
        tally = tallies[name]
        tally.add(span.type, span.score)
        if follows_title:
            tally.votes[PERSON] = tally.votes.get(PERSON, 0.0) + TITLE_VOTES
    return tallies


def _link_names(tallies: Mapping[str, _Tally], known_names: KnownNames) -> dict[str, str]:
    """Each name to the fuller name it stands for in this article, or to itself."""
    by_ending: dict[str, str] = {}
    by_beginning: dict[str, str] = {}
    by_initials: dict[str, str] = {}
    majorities = {name: tally.majority() for name, tally in tallies.items()}
    # Most mentioned first: where two persons share a surname, it alone means the one the article is about.
    for name in sorted(tallies, key=lambda it: -tallies[it].count):
        if " " not in name:
            continue
        words = name.split(" ")
        entity_type = known.type_in(majorities[name]) if (known := known_names.get(name)) else majorities[name]
        if entity_type is PERSON:
            by_beginning.setdefault(words[0], name)
            for first in range(1, len(words)):
                by_ending.setdefault(" ".join(words[first:]), name)
        elif entity_type is ORGANISATION:
            by_initials.setdefault("".join([word[0] for word in words if word[0].isupper()]), name)
            for first in range(1, len(words) - 1):
                by_ending.setdefault(" ".join(words[first:]), name)
    if not (by_ending or by_initials):
        return {name: name for name in tallies}
    links = {}
    for name, majority in majorities.items():
        links[name] = name
        if majority is not PERSON and known_names.get(name):
            continue
        if name in by_ending:
            links[name] = by_ending[name]
        elif majority is PERSON and name in by_beginning:
            links[name] = by_beginning[name]
        elif len(initials := name.replace(".", "")) >= _MIN_ACRONYM_CHARS and initials in by_initials:
            links[name] = by_initials[initials]
    return {name: _head(name, links) for name in links}


def _head(name: str, links: Mapping[str, str]) -> str:
    """Links lead to longer names only, or from an acronym to its name, so they end."""
    while links[name] != name:
        name = links[name]
    return name


def _vote_types(tallies: Mapping[str, _Tally], heads: Mapping[str, str], known_names: KnownNames) -> dict[str, _Group]:
    together: dict[str, list[_Tally]] = {}
    for name, head in heads.items():
        if head in together:
            together[head].append(tallies[name])
        else:
            together[head] = [tallies[name]]
    by_head = {head: _vote_type(head, tallies[head], found, known_names) for head, found in together.items()}
    return {name: by_head[head] for name, head in heads.items()}


def _vote_type(head: str, own: _Tally, tallies: Sequence[_Tally], known_names: KnownNames) -> _Group:
    known = known_names.get(head)
    entity_type = own.majority()
    # Most entities have one name and one type.
    if known is None and len(tallies) == 1 and len(own.best) == len(own.votes) == 1:
        return _Group(head, entity_type, _score(own.best[entity_type], own.count))
    agreeing = counted = best = 0.0
    if known:
        entity_type = known.type_in(entity_type)
        if entity_type is known.type:
            agreeing = counted = KNOWN_VOTES
            best = 1.0
    count = 0
    for tally in tallies:
        count += tally.count
        counted += sum(tally.votes.values())
        agreeing += tally.votes.get(entity_type, 0.0)
        best = max(best, tally.best.get(entity_type, 0.0))
    return _Group(known.name if known else head, entity_type, _score(best, count, agreeing / counted))


def _score(best: float, count: int, share: float = 1.0) -> float:
    """`best` is the certainty of the surest mention of `count`, 0 if only a title told the type."""
    doubt = (1 - min(best or share, MAX_CERTAINTY)) * (0.5 + 0.5 / count)
    return round((1 - doubt) * share, 4)
