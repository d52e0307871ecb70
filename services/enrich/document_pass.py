"""What a whole article says about its names: tagged texts in, entities out, whatever the tagger.

One type per name, by vote over all its mentions; surnames and acronyms join the full name; repeats that the tagger
missed are found. A tagger that reads a sentence at a time cannot know any of this.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.enriched import Entity, EntityType, Mention
from services.enrich.entities import TaggedText
from services.enrich.known_names import KnownNames
from services.enrich.names import FoundName, find_name
from services.enrich.repeats import find_repeats

# How many looks of a tagger it is worth that a title stands before a name, or that the name is a known one.
TITLE_VOTES: Final = 3
KNOWN_VOTES: Final = 3
# The score is the share of votes for the entity's type, as if there had been two more votes of which this share agreed.
PRIOR_VOTES: Final = 2.0
PRIOR_SHARE: Final = 0.5
_MIN_ACRONYM_CHARS: Final = 2

Votes = Counter[EntityType]


@dataclass(frozen=True, slots=True)
class _Group:
    """All the names of one entity."""

    name: str
    type: EntityType
    score: float


def group_entities(
    texts: Sequence[TaggedText], fields: Mapping[str, str], known_names: KnownNames
) -> tuple[Entity, ...]:
    """The entities of one article, most mentioned first. `fields` are its texts as written, for the mentions.

    An entity is called by its longest form in the article, or as the known names call it.
    """
    names = {
        text.field: [found for span in text.spans if (found := find_name(text.text, span)) is not None]
        for text in texts
    }
    votes = _count_votes(name for in_field in names.values() for name in in_field)
    groups = _vote_types(votes, _link_names(votes, known_names), known_names)
    mentions: dict[tuple[str, EntityType], list[Mention]] = defaultdict(list)
    scores = {(group.name, group.type): group.score for group in groups.values()}
    for text in texts:
        spans = [(it.span.start, it.span.end, it.name) for it in names[text.field]]
        for start, end, name in sorted(spans + find_repeats(text.text, spans, groups.keys())):
            mention = Mention(field=text.field, start=start, end=end, text=fields[text.field][start:end])
            mentions[groups[name].name, groups[name].type].append(mention)
    entities = (
        Entity(name=name, type=entity_type, score=scores[name, entity_type], mentions=tuple(mentioned))
        for (name, entity_type), mentioned in mentions.items()
    )
    return tuple(sorted(entities, key=lambda entity: -len(entity.mentions)))


def _count_votes(names: Iterable[FoundName]) -> dict[str, Votes]:
    votes: dict[str, Votes] = defaultdict(Counter)
    for found in names:
        votes[found.name][found.span.type] += 1
        if found.follows_title:
            votes[found.name][EntityType.PERSON] += TITLE_VOTES
    return votes


def _majority(votes: Votes) -> EntityType:
    """Ties go to the type that was found first."""
    return votes.most_common(1)[0][0]


def _link_names(votes: Mapping[str, Votes], known_names: KnownNames) -> dict[str, str]:
    """Each name to the fuller name it stands for in this article, or to itself."""
    by_ending: dict[str, str] = {}
    by_beginning: dict[str, str] = {}
    by_initials: dict[str, str] = {}
    # Most mentioned first: where two persons share a surname, it alone means the one the article is about.
    for name in sorted(votes, key=lambda it: -votes[it].total()):
        words = name.split(" ")
        entity_type = known.type if (known := known_names.get(name)) else _majority(votes[name])
        if entity_type is EntityType.PERSON and len(words) > 1:
            by_beginning.setdefault(words[0], name)
            for first in range(1, len(words)):
                by_ending.setdefault(" ".join(words[first:]), name)
        if entity_type is EntityType.ORGANISATION and len(words) > 1:
            by_initials.setdefault("".join(word[0] for word in words if word[0].isupper()), name)
            for first in range(1, len(words) - 1):
                by_ending.setdefault(" ".join(words[first:]), name)
    links = {}
    for name, counted in votes.items():
        links[name] = name
        majority = _majority(counted)
        if known_names.get(name) and majority is not EntityType.PERSON:
            continue
        if name in by_ending:
            links[name] = by_ending[name]
        elif majority is EntityType.PERSON and name in by_beginning:
            links[name] = by_beginning[name]
        elif len(initials := name.replace(".", "")) >= _MIN_ACRONYM_CHARS and initials in by_initials:
            links[name] = by_initials[initials]
    return {name: _head(name, links) for name in links}


def _head(name: str, links: Mapping[str, str]) -> str:
    """Links lead to longer names only, or from an acronym to its name, so they end."""
    while links[name] != name:
        name = links[name]
    return name


def _vote_types(votes: Mapping[str, Votes], heads: Mapping[str, str], known_names: KnownNames) -> dict[str, _Group]:
    together: dict[str, Votes] = defaultdict(Counter)
    for name, head in heads.items():
        together[head] += votes[name]
    groups = {}
    for name, head in heads.items():
        known = known_names.get(head)
        entity_type = known.type if known else _majority(votes[head])
        agreeing, counted = together[head][entity_type], together[head].total()
        if known:
            agreeing, counted = agreeing + KNOWN_VOTES, counted + KNOWN_VOTES
        score = (agreeing + PRIOR_VOTES * PRIOR_SHARE) / (counted + PRIOR_VOTES)
        groups[name] = _Group(known.name if known else head, entity_type, round(score, 4))
    return groups
