"""The gold set follows its format and is balanced; the loader refuses what does not."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from schemas.enriched import EntityType
from schemas.media_topics import TOP_LEVEL_MEDIA_TOPICS
from services.enrich.settings import EnrichSettings
from tests.quality.gold import PARTS, GoldError, GoldItem, TypedSpan, read_file, read_gold, read_markup

ITEMS = {part: read_gold(part) for part in PARTS}
LEAST_FIRST_TOPICS = 4  # in each part
OWN_POSSESSIVE = {"Adam's", "Moody's", "St. John’s"}  # names that are so spelled


def articles(part: str) -> list[GoldItem]:
    return [item for item in ITEMS[part] if item.media_topics]


def test_ids_and_titles_are_unique_over_both_parts() -> None:
    items = ITEMS["dev"] + ITEMS["final"]
    assert len({item.id for item in items}) == len({item.title for item in items}) == len(items)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_has_every_media_topic_and_every_configured_language(part: str) -> None:
    firsts = Counter(item.media_topics[0] for item in articles(part))
    assert all(firsts[topic.code] >= LEAST_FIRST_TOPICS for topic in TOP_LEVEL_MEDIA_TOPICS)
    assert {item.language for item in ITEMS[part]} > set(EnrichSettings().languages)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_has_short_and_long_articles(part: str) -> None:
    words = [len((item.body or "").split()) for item in articles(part)]
    assert sum(count == 0 for count in words) >= len(words) / 4
    assert sum(count >= 400 for count in words) >= 5


@pytest.mark.parametrize("part", PARTS)
def test_articles_are_filed_by_their_first_media_topic(part: str) -> None:
    for topic in TOP_LEVEL_MEDIA_TOPICS:
        filed = read_file(Path(__file__).parents[1] / "gold" / part / f"{topic.slug}.txt")
        assert {item.media_topics[0] for item in filed} == {topic.code}


@pytest.mark.parametrize("part", PARTS)
def test_spans_do_not_overlap_and_keep_the_guidelines_on_their_ends(part: str) -> None:
    for item in ITEMS[part]:
        spans = sorted(item.spans)
        assert all(one.end <= other.start for one, other in pairwise(spans) if one[0] == other[0])
        for span in spans:
            text = item.text(span)
            assert not text.lower().startswith("the "), (item.id, text)
            assert text in OWN_POSSESSIVE or not text.endswith(("'s", "’s", "'", "’")), (item.id, text)
            is_person = span.type is EntityType.PERSON
            assert not is_person or text.split()[0] not in {
                "Dr",
                "Prof",
                "Sen.",
                "Gov.",
                "Rep.",
                "Mr",
                "Mrs",
                "Pope",
                "Sheikh",
            }, text


def test_markup_becomes_text_and_spans() -> None:
    text, spans = read_markup("title", "[Ana](person) in [São Paulo](place).", "a file")
    assert text == "Ana in São Paulo."
    assert spans == {TypedSpan("title", 0, 3, EntityType.PERSON), TypedSpan("title", 7, 16, EntityType.PLACE)}


def test_an_item_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "sport.txt"
    path.write_text("## a-1\ntopics: sport, health\ntitle: [Rose](person) wins\n\nOne.\n\n[Lyon](organisation) lose.\n")
    (item,) = read_file(path)
    assert (item.id, item.language, item.title, item.summary) == ("a-1", "en", "Rose wins", None)
    assert item.body == "One.\n\nLyon lose."
    assert item.media_topics == ("medtop:15000000", "medtop:07000000")
    assert {(item.text(span), span.type) for span in item.spans} == {("Rose", "person"), ("Lyon", "organisation")}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("title: A\n", "starts with '## id'"),
        ("## A B\ntitle: A\n\nb", "id 'A B'"),
        ("## a\ntopics: sport\n\nb", "needs a title"),
        ("## a\ntitle: A\n", "needs a title, and a summary or a body"),
        ("## a\ntitle: A\ntitle: B\n\nb", "given once"),
        ("## a\ntitel: A\n\nb", "'titel: A'"),
        ("## a\ntopics: sports\ntitle: A\n\nb", "not 'sports'"),
        ("## a\ntopics: sport, sport\ntitle: A\n\nb", "different slugs"),
        ("## a\ntitle: [A](human)\n\nb", "is no \\[name\\]"),
        ("## a\ntitle: [A ](person)\n\nb", "is no \\[name\\]"),
        ("## a\ntitle: [A] (person)\n\nb", "stray bracket in title"),
        ("## a\ntitle: A\n\n[[B](place) C](organisation)", "stray bracket in body"),
    ],
)
def test_a_bad_item_is_refused_with_its_place(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "sport.txt"
    path.write_text(text)
    with pytest.raises(GoldError, match=complaint) as caught:
        read_file(path)
    assert "sport.txt:1" in str(caught.value)
