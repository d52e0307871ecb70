"""Why an article is tagged as it is, for people: what the taggers know in, lines of text out. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.article import Category, Publisher
from schemas.enriched import DetectedLanguage, Entity, EntityType
from schemas.media_topics import MEDIA_TOPIC_BY_SLUG, SECOND_LEVEL_MEDIA_TOPICS, TOP_LEVEL_MEDIA_TOPICS
from services.enrich.document_pass import Names, mentions_in, read_names
from services.enrich.entities import TaggedText
from services.enrich.known_names import KnownNames
from services.enrich.language import LEAD_CHARS, MIN_OTHER_SCORE, MIN_SCORE, TITLE_CHARS, UNDETERMINED
from services.enrich.linking import PERSON, Tally
from services.enrich.media_topics import Evidence
from services.enrich.names import fold

SHOWN_LANGUAGES: Final = 3
SHOWN_WORDS: Final = 8
# Media topics that have fewer than this share of the best one's evidence are named in one line.
SHOWN_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Explainable:
    """A text that is no article yet."""

    title: str | None
    summary: str | None
    body: str | None
    declared_language: str | None
    publisher: Publisher | None = None
    categories: tuple[Category, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """What is said of one task, and by whom it was done."""

    title: str
    lines: tuple[str, ...]


def explain_language(
    detected: DetectedLanguage, ranked: Sequence[tuple[str, float]], configured: Iterable[str], declared: str | None
) -> Iterator[str]:
    """`ranked` are the shares of all languages that are told apart."""
    if not ranked:
        yield f"{UNDETERMINED}: there is no letter in the text"
        return
    read = f"the first {TITLE_CHARS} characters of the title and {LEAD_CHARS} of the text"
    yield f"{detected.code} {detected.score:.2f}, from {read}"
    shares = ", ".join(f"{code} {share:.3f}" for code, share in ranked[:SHOWN_LANGUAGES])
    yield f"likeliest of all, by both readers: {shares}"
    if detected.code == UNDETERMINED and detected.score:
        least = f"{MIN_SCORE}, or {MIN_OTHER_SCORE} if it is not configured"
        yield f"too close to tell: the likeliest has less than {least}; configured are {', '.join(sorted(configured))}"
    elif detected.code == UNDETERMINED:
        yield f"in none of the configured languages: {', '.join(sorted(configured))}"
    yield f"the publisher declares {declared or 'none'}"


def explain_media_topics(scores: Mapping[str, float], evidence: Mapping[str, Sequence[Evidence]]) -> Iterator[str]:
    """`scores` by code, `evidence` by slug. The number after a word is what it adds, which its weight bounds."""
    strengths = {slug: sum(word.strength for word in words) for slug, words in evidence.items()}
    order = sorted(strengths.keys() & MEDIA_TOPIC_BY_SLUG.keys(), key=lambda slug: (-strengths[slug], slug))
    faint = []
    for slug in order:
        media_topic = MEDIA_TOPIC_BY_SLUG[slug]
        if strengths[slug] < SHOWN_SHARE * strengths[order[0]]:
            faint.append(f"{media_topic.label} {strengths[slug]:.1f}")
            continue
        yield f"{scores.get(media_topic.code, 0.0):.2f}  {media_topic.label}, {_told(evidence[slug])}"
        for second in SECOND_LEVEL_MEDIA_TOPICS:
            if second.slug.startswith(f"{slug}/") and second.code in scores:
                yield f"      {scores[second.code]:.2f}  {second.label}, {_told(evidence[second.slug])}"
    if faint:
        yield f"      little evidence: {', '.join(faint)}"
    if len(order) < len(TOP_LEVEL_MEDIA_TOPICS):
        yield f"      none for the other {len(TOP_LEVEL_MEDIA_TOPICS) - len(order)} media topics"


def _told(evidence: Sequence[Evidence]) -> str:
    words = ", ".join(f"{word.form} {word.strength:.1f}" for word in evidence[:SHOWN_WORDS])
    more = f", {len(evidence) - SHOWN_WORDS} more" if len(evidence) > SHOWN_WORDS else ""
    return f"evidence {sum(word.strength for word in evidence):.1f}: {words}{more}"


def explain_entities(texts: Sequence[TaggedText], entities: Sequence[Entity], known_names: KnownNames) -> Iterator[str]:
    """Two lines or more for each entity: what it is, and for each of its names what says so."""
    names = read_names(texts, known_names)
    tagged = {field: {(it.span.start, it.span.end) for it in found} for field, found in names.found.items()}
    counts: dict[str, int] = defaultdict(int)
    repeats: dict[str, int] = defaultdict(int)
    for text in texts:
        for start, end, name in mentions_in(text, names):
            counts[name] += 1
            repeats[name] += (start, end) not in tagged[text.field]
    of_group: dict[tuple[str, EntityType], list[str]] = defaultdict(list)
    for name, group in names.groups.items():
        of_group[group.name, group.type].append(name)
    for entity in entities:
        ids = ", ".join(f"{key} {value}" for key, value in entity.ids.model_dump(exclude_none=True).items())
        yield f"{entity.score:.2f}  {entity.type:<12}  {entity.name}{f'  ({ids})' if ids else ''}"
        for name in sorted(of_group[entity.name, entity.type], key=lambda it: -counts[it]):
            reasons = "; ".join(_reasons(name, entity, names, known_names, repeats[name]))
            yield f"      {name} ×{counts[name]}: {reasons}"


def _reasons(name: str, entity: Entity, names: Names, known_names: KnownNames, repeats: int) -> Iterator[str]:
    tally, head = names.tallies[name], names.heads[name]
    looks = [f"{kind} {tally.best[kind]:.2f}" for kind in sorted(tally.best, key=lambda it: -tally.votes[it])]
    yield f"the tagger says {', '.join(looks)}"
    for stated, times in tally.stated.items():
        yield f"words beside it say {stated} ({times}×)"
    if name != head:
        yield _link(name, head, entity)
    if (known := known_names.get(head)) and known.type is entity.type:
        yield f"a known {known.type}"
    elif _is_outvoted(tally, entity):
        yield f"{entity.type} by vote over the article"
    if repeats:
        yield f"{repeats} found by the name alone"


def _link(name: str, head: str, entity: Entity) -> str:
    if fold(name) == fold(head):
        return f"written otherwise than {head}"
    if fold(head).endswith(f" {fold(name)}"):
        return f"ends {head}"
    if fold(head).startswith(f"{fold(name)} "):
        return f"begins {head}"
    return f"a surname in {head}" if entity.type is PERSON else f"short for {head}"


def _is_outvoted(tally: Tally, entity: Entity) -> bool:
    return max(tally.best, key=tally.best.__getitem__) is not entity.type
