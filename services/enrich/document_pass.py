"""What a whole article says about its names: tagged texts in, entities out, whatever the tagger.

One type per name, by vote over all its mentions; names that mean the same become one entity; repeats that the tagger
missed are found. A tagger that reads a sentence at a time cannot know any of this.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter

from schemas.enriched import Entity, EntityType
from services.enrich.conventions import mend
from services.enrich.entities import TaggedText
from services.enrich.kinds import KIND_WORDS_DIGEST
from services.enrich.known_names import KnownNames
from services.enrich.linking import ORGANISATION, PLACE, Tally, link_names
from services.enrich.names import FoundName, find_name
from services.enrich.repeats import NamedSpan, find_repeats

# Raised when the same spans may become other entities; the tables have digests of their own.
RULES_VERSION: Final = 4
# How many looks of a tagger it is worth that a name is known.
KNOWN_VOTES: Final = 3.0
# That there is a place of the name: more for several words, as a single one may be anybody's surname.
PLACE_VOTES_OF_WORD: Final = 0.7
PLACE_VOTES_OF_WORDS: Final = 0.9
# Of an entity whose type words beside it or the table of places have told against the tagger: so many are right.
OVERRULED_SCORE: Final = 0.8
# No tagger is surer than this.
MAX_CERTAINTY: Final = 0.98
# Repeats of a name that the tagger is less sure of anywhere are left alone: they are mostly wrong again.
MIN_REPEATED_CERTAINTY: Final = 0.8

# One call for all the entities of an article: one for each mention takes longer than the rest of the pass.
_ENTITIES: Final = TypeAdapter(tuple[Entity, ...])


class Group(NamedTuple):
    """All the names of one entity."""

    name: str
    type: EntityType
    score: float


class Names(NamedTuple):
    """What an article's names are taken for. `heads` are the names that names stand for, `groups` their entities.

    `repeated` are those whose repeats are mentions as well.
    """

    found: dict[str, list[FoundName]]
    tallies: dict[str, Tally]
    heads: dict[str, str]
    groups: dict[str, Group]
    repeated: list[str]


def entities_version(tagger_version: str, known_names: KnownNames) -> str:
    """Of all that an article's entities depend on but the table of places, which has an entry of its own."""
    tables = hashlib.blake2b(f"{known_names.digest} {KIND_WORDS_DIGEST}".encode(), digest_size=4).hexdigest()
    return f"{tagger_version}+{RULES_VERSION}-{tables}"


def group_entities(
    texts: Sequence[TaggedText], fields: Mapping[str, str], known_names: KnownNames
) -> tuple[Entity, ...]:
    """The entities of one article, most mentioned first. `fields` are its texts as written, for the mentions.

    An entity is called by its longest form in the article, or as the known names call it. Its score is the probability
    of its surest mention, a little more for each further one, times the share of the votes that are for its type.
    """
    names = read_names(texts, known_names)
    if not names.tallies:
        return ()
    mentions: dict[Group, list[dict[str, Any]]] = defaultdict(list)
    for text in texts:
        field, written = text.field, fields[text.field]
        for start, end, name in mentions_in(text, names):
            mention = {"field": field, "start": start, "end": end, "text": written[start:end]}
            mentions[names.groups[name]].append(mention)
    entities = sorted(mentions.items(), key=lambda mentioned: -len(mentioned[1]))
    return _ENTITIES.validate_python(
        [
            {"name": group.name, "type": group.type, "score": group.score, "mentions": mentioned}
            for group, mentioned in entities
        ]
    )


def read_names(texts: Sequence[TaggedText], known_names: KnownNames) -> Names:
    """Empty if the tagger has found nothing that is a name."""
    texts = mend(texts, known_names)
    found = {
        text.field: [name for span in text.spans if (name := find_name(text.text, span)) is not None] for text in texts
    }
    tallies = _count_votes(name for in_field in found.values() for name in in_field)
    _weigh_places(tallies, known_names)
    aliases = dict(alias for text in texts for alias in _aliases(text.text, found[text.field]))
    heads = link_names(tallies, aliases, known_names)
    # "French" may be the surname of Dawn French, whom it is then linked to.
    # So may "Texans" be a team that the article has in full.
    if demonyms := {
        name
        for name, head in heads.items()
        if name == head and known_names.is_demonym(name) and not any(it.endswith(f" {name}") for it in heads)
    }:
        found = {field: [it for it in names if it.name not in demonyms] for field, names in found.items()}
        tallies = {name: tally for name, tally in tallies.items() if name not in demonyms}
        heads = {name: head for name, head in heads.items() if name not in demonyms}
    repeated = [name for name, tally in tallies.items() if max(tally.best.values()) >= MIN_REPEATED_CERTAINTY]
    return Names(found, tallies, heads, _vote_types(tallies, heads, known_names), repeated)


def mentions_in(text: TaggedText, names: Names) -> list[NamedSpan]:
    """(start, end, name) of all mentions in a field, in order: those that the tagger found, and their repeats."""
    spans = [(it.span.start, it.span.end, it.name) for it in names.found[text.field]]
    forms = map(str.upper, names.repeated) if text.text.isupper() else names.repeated
    as_here = dict(zip(forms, names.repeated, strict=True))
    repeats = find_repeats(text.text, spans, as_here)
    return sorted([*spans, *((start, end, as_here[form]) for start, end, form in repeats)]) if repeats else spans


def _count_votes(names: Iterable[FoundName]) -> dict[str, Tally]:
    tallies: dict[str, Tally] = defaultdict(Tally)
    for name, span, stated in names:
        tally = tallies[name]
        tally.add(span.type, span.score)
        if stated is not None:
            tally.stated[stated.type] = tally.stated.get(stated.type, 0) + 1
            tally.vote(*stated)
    return dict(tallies)


def _weigh_places(tallies: Mapping[str, Tally], known_names: KnownNames) -> None:
    """A tagger in doubt has mostly not known that there is a place of the name."""
    for name, tally in tallies.items():
        votes = PLACE_VOTES_OF_WORDS if " " in name else PLACE_VOTES_OF_WORD
        in_doubt = max(tally.votes.values()) < tally.votes.get(PLACE, 0.0) + votes
        if in_doubt and tally.majority() is not PLACE and known_names.is_place(name):
            tally.vote(PLACE, votes)


def _aliases(text: str, found: Sequence[FoundName]) -> Iterable[tuple[str, str]]:
    """(short, long) of "Republican People's Party (CHP)", where no initials tell that they are one."""
    for before, name in pairwise(found):
        start, end = name.span.start, name.span.end
        if (
            text[end : end + 1] == ")"
            and text[before.span.end : start] == " ("
            and " " in before.name
            and name.name.isupper()
            and before.span.type is ORGANISATION
        ):
            yield name.name, before.name


def _vote_types(tallies: Mapping[str, Tally], heads: Mapping[str, str], known_names: KnownNames) -> dict[str, Group]:
    together: dict[str, list[Tally]] = {}
    for name, head in heads.items():
        if head in together:
            together[head].append(tallies[name])
        else:
            together[head] = [tallies[name]]
    by_head = {head: _vote_type(head, tallies[head], found, known_names) for head, found in together.items()}
    return {name: by_head[head] for name, head in heads.items()}


def _vote_type(head: str, own: Tally, tallies: Sequence[Tally], known_names: KnownNames) -> Group:
    known = known_names.get(head)
    entity_type = own.majority()
    # Most entities have one name and one type.
    if known is None and len(tallies) == 1 and len(own.best) == len(own.votes) == 1:
        return Group(head, entity_type, _score(own.best[entity_type], own.count))
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
    return Group(known.name if known else head, entity_type, _score(best, count, agreeing / counted))


def _score(best: float, count: int, share: float = 1.0) -> float:
    """`best` is the certainty of the surest mention of `count`, 0 if the tagger has never said this type."""
    if not best:
        return OVERRULED_SCORE
    doubt = (1 - min(best, MAX_CERTAINTY)) * (0.5 + 0.5 / count)
    return round((1 - doubt) * share, 4)
