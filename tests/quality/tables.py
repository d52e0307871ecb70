"""The tables `make quality` prints. Outcomes in, Markdown out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from schemas.enriched import EntityType
from schemas.media_topics import MEDIA_TOPIC_BY_CODE, TOP_LEVEL_MEDIA_TOPICS
from services.enrich.language import UNDETERMINED
from services.enrich.settings import EnrichSettings
from tests.quality.gold import GoldItem, TypedSpan
from tests.quality.measure import Outcome, articles, language_scores, span_counts, topic_scores
from tests.quality.score import (
    BOUNDARY,
    MISSED,
    NONE,
    Counts,
    SpanError,
    f1_gain_interval,
    f1_interval,
    span_confusion,
    span_errors,
)

Systems = Mapping[str, Sequence[Outcome]]

FIELDS: Final = ("title", "summary", "body")
NO_TAG: Final = "no tag"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def size(items: Sequence[GoldItem]) -> str:
    """What a part holds, in a line."""
    whole = [item for item in items if item.media_topics]
    spans = sum(len(item.spans) for item in whole)
    short = sum(item.body is None for item in whole)
    return f"{len(whole)} articles ({short} of title and summary alone), {spans} spans, {len(items)} items for language"


def entity_table(systems: Systems) -> str:
    """Strict F1, precision and recall: a span counts with the right bounds and the right type."""
    rows = []
    first = next(iter(systems))
    default = span_counts(articles(systems[first]))
    for name, outcomes in systems.items():
        tagged = articles(outcomes)
        whole = span_counts(tagged)
        gain = "" if name == first else _range(f1_gain_interval(default, whole))
        rows.append((*_entity_row(name, "all", whole), _range(f1_interval(whole)), gain))
        rows += [(*_entity_row(name, kind, span_counts(tagged, kind=kind)), "", "") for kind in EntityType]
        rows += [(*_entity_row(name, f"in the {field}", span_counts(tagged, field=field)), "", "") for field in FIELDS]
    head = ("tagger", "entities", "F1", "precision", "recall", "gold", "95 % interval", "the first is better by")
    return table(head, rows)


def _entity_row(name: str, what: str, counts: Sequence[Counts]) -> Sequence[object]:
    total = sum(counts, start=Counts())
    figures = (f"{total.f1:.3f}", f"{total.precision:.3f}", f"{total.recall:.3f}")
    return (name, what, *figures, total.right + total.missed)


def _range(interval: tuple[float, float]) -> str:
    return "{:.3f} to {:.3f}".format(*interval)


def topic_table(outcomes: Sequence[Outcome]) -> str:
    scores = topic_scores(outcomes)
    row = (
        f"{scores.first_share:.3f}",
        f"{scores.any_share:.3f}",
        f"{scores.sets.f1:.3f}",
        f"{scores.sets.precision:.3f}",
        f"{scores.sets.recall:.3f}",
    )
    return table(("first media topic right", "among the gold ones", "F1 of routes", "precision", "recall"), [row])


def language_table(outcomes: Sequence[Outcome]) -> str:
    configured = EnrichSettings().languages
    scores = language_scores(outcomes, configured)
    columns = {"all": None, **{code: (code,) for code in configured}, "others, as und": (UNDETERMINED,)}
    return table(tuple(columns), [[f"{scores.share(codes):.3f}" for codes in columns.values()]])


def figures(systems: Systems) -> str:
    """All that is told of the final part. Media topics and language are the same for every entity tagger."""
    outcomes = next(iter(systems.values()))
    return "\n\n".join((entity_table(systems), topic_table(outcomes), language_table(outcomes)))


def report(part: str, systems: Systems, count: int) -> str:
    """The figures, and of the dev part what went wrong: nobody should tune on the articles of the final part."""
    if part != "dev":
        return figures(systems)
    default = next(iter(systems.values()))
    return "\n\n".join((figures(systems), confusions(default), "Most wrong, gold | ours:", worst(default, count)))


def confusions(outcomes: Sequence[Outcome]) -> str:
    """What was taken for what."""
    spans = span_confusion((outcome.item.spans, outcome.spans) for outcome in articles(outcomes))
    columns = (*EntityType, BOUNDARY, MISSED)
    entity_rows = [(gold, *(spans[gold, found] for found in columns)) for gold in (*EntityType, NONE)]
    topics = topic_scores(outcomes).confusion
    codes = [topic.code for topic in TOP_LEVEL_MEDIA_TOPICS]
    topic_rows = [
        (
            _slug(gold),
            topics[gold, gold],
            ", ".join(f"{_slug(ours)} {n}" for (other, ours), n in topics.most_common() if other == gold != ours),
        )
        for gold in codes
    ]
    languages = language_scores(outcomes, EnrichSettings().languages).confusion
    language_rows = [(*pair, n) for pair, n in sorted(languages.items()) if pair[0] != pair[1]]
    return "\n\n".join(
        (
            table(("gold \\ found", *columns), entity_rows),
            table(("first gold media topic", "right", "taken for"), topic_rows),
            table(("expected language", "detected", "items"), language_rows),
        )
    )


def worst(outcomes: Sequence[Outcome], count: int) -> str:
    """The articles with most wrong spans, their errors, and what was said of their media topics and language."""
    with_errors = [(outcome, span_errors(outcome.item.spans, outcome.spans)) for outcome in articles(outcomes)]
    with_errors.sort(key=lambda pair: -len(pair[1]))
    return "\n\n".join(_article(outcome, errors) for outcome, errors in with_errors[:count])


def _article(outcome: Outcome, errors: Sequence[SpanError]) -> str:
    item = outcome.item
    lines = [f"{item.id}: {item.title}"]
    lines += [f"  {error.kind}: {_span(item, error.gold)} | {_span(item, error.found)}" for error in errors]
    gold, ours = (", ".join(map(_slug, codes)) for codes in (item.media_topics, outcome.ranked))
    return "\n".join((*lines, f"  media topics: {gold} | {ours or NO_TAG}"))


def _span(item: GoldItem, span: TypedSpan | None) -> str:
    return "–" if span is None else f"{item.text(span)!r} {span.type} in {span.field}"


def _slug(code: str) -> str:
    return MEDIA_TOPIC_BY_CODE[code].slug if code else NO_TAG
