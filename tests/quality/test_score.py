"""Scores, on cases small enough to count by hand."""

import pytest

from schemas.enriched import EntityType
from tests.quality.gold import TypedSpan
from tests.quality.score import (
    Counts,
    LanguageScores,
    SpanError,
    TopicScores,
    f1_gain_interval,
    f1_interval,
    span_confusion,
    span_errors,
)

PERSON, ORGANISATION, PLACE = EntityType.PERSON, EntityType.ORGANISATION, EntityType.PLACE


def span(start: int, end: int, kind: EntityType, field: str = "body") -> TypedSpan:
    return TypedSpan(field, start, end, kind)


def test_f1_counts_a_span_only_with_its_bounds_its_type_and_its_field() -> None:
    gold = {span(0, 5, PERSON), span(10, 15, PLACE), span(20, 25, ORGANISATION), span(30, 35, PLACE, "title")}
    found = {span(0, 5, PERSON), span(10, 15, ORGANISATION), span(20, 26, ORGANISATION), span(30, 35, PLACE)}
    counts = Counts.of(gold, found)
    assert counts == Counts(right=1, wrong=3, missed=3)
    assert (counts.precision, counts.recall, counts.f1) == (0.25, 0.25, 0.25)


def test_f1_is_micro() -> None:
    many, one = Counts(right=9, wrong=0, missed=1), Counts(right=0, wrong=1, missed=1)
    total = many + one
    assert total.precision == pytest.approx(9 / 10)
    assert total.recall == pytest.approx(9 / 11)
    assert total.f1 == pytest.approx(18 / 21)


def test_nothing_to_find_is_no_division_by_zero() -> None:
    assert Counts().precision == Counts().recall == Counts().f1 == 0


def test_the_interval_holds_the_figure_and_narrows_with_more_articles() -> None:
    mixed = [Counts(4, 1, 1), Counts(1, 2, 2), Counts(3, 0, 1)]
    total = sum(mixed, start=Counts())
    low, high = f1_interval(mixed)
    lower, higher = f1_interval(mixed * 30)
    assert low < lower < total.f1 < higher < high
    assert f1_interval([Counts(2, 1, 1)] * 5) == (4 / 6, 4 / 6)


def test_a_gain_on_every_article_is_sure_though_the_intervals_overlap() -> None:
    theirs = [Counts(1, 4, 4), Counts(9, 1, 1), Counts(3, 3, 3), Counts(5, 2, 2)] * 5
    ours = [Counts(counts.right + 1, counts.wrong - 1, counts.missed - 1) for counts in theirs]
    assert f1_interval(theirs)[1] > f1_interval(ours)[0]
    low, high = f1_gain_interval(ours, theirs)
    assert 0 < low < sum(ours, start=Counts()).f1 - sum(theirs, start=Counts()).f1 < high
    assert f1_gain_interval(theirs, theirs) == (0, 0)


def test_each_error_is_told_once_by_its_kind() -> None:
    person, boundary = span(0, 5, PERSON), span(10, 15, PLACE)
    gold = {person, boundary, span(20, 25, PLACE), span(50, 55, PLACE)}
    as_place, longer, invented = span(0, 5, PLACE), span(8, 15, PLACE), span(30, 35, PERSON)
    errors = span_errors(gold, {as_place, longer, invented, span(50, 55, PLACE)})
    assert errors == [
        SpanError(person, as_place),
        SpanError(boundary, longer),
        SpanError(span(20, 25, PLACE), None),
        SpanError(None, invented),
    ]
    assert [error.kind for error in errors] == ["type", "boundary", "missed", "invented"]


def test_the_same_offsets_in_another_field_do_not_touch() -> None:
    errors = span_errors({span(0, 5, PERSON, "title")}, {span(0, 5, PERSON, "body")})
    assert [error.kind for error in errors] == ["missed", "invented"]


def test_confusion_of_spans() -> None:
    first = ({span(0, 5, PERSON), span(10, 15, PLACE)}, {span(0, 5, PLACE), span(10, 15, PLACE)})
    second = ({span(0, 5, ORGANISATION), span(9, 12, PERSON)}, {span(2, 5, ORGANISATION), span(20, 22, PERSON)})
    assert span_confusion([first, second]) == {
        ("person", "place"): 1,
        ("place", "place"): 1,
        ("organisation", "boundary"): 1,
        ("person", "missed"): 1,
        ("none", "person"): 1,
    }


def test_media_topics_first_any_and_sets() -> None:
    scores = TopicScores()
    scores.add(["sport", "health"], ["sport", "weather"], ["sport", "weather"])  # first
    scores.add(["politics", "labour"], ["labour", "politics"], ["labour"])  # any
    scores.add(["religion"], ["sport"], [])  # neither
    scores.add(["weather"], [], [])  # nothing said
    assert (scores.first_share, scores.any_share) == (1 / 4, 2 / 4)
    assert scores.sets == Counts(right=2, wrong=1, missed=4)
    assert scores.confusion["politics", "labour"] == scores.confusion["weather", ""] == 1


def test_language_shares() -> None:
    scores = LanguageScores()
    for expected, detected in [("en", "en"), ("en", "und"), ("und", "und"), ("de", "nl")]:
        scores.add(expected, detected)
    assert scores.share() == 2 / 4
    assert scores.share(["en"]) == 1 / 2
    assert scores.share(["und"]) == 1
