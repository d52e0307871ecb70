import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from schemas.media_topics import (
    MEDIA_TOPIC_BY_CODE,
    MEDIA_TOPIC_BY_SLUG,
    SECOND_LEVEL_MEDIA_TOPICS,
    TOP_LEVEL_MEDIA_TOPICS,
)
from services.enrich.media_topics import LEXICON_PATH, SCORE_FLOOR, LexiconError, MediaTopicTagger, parse_lexicon
from services.enrich.topic_model import TopicModel
from tests.quality.gold import GOLD_FOLDER, read_file

DATA = Path(__file__).parent / "data"
TAGGER = MediaTopicTagger.load()


def read_articles(file_name: str) -> list[tuple[str, str, str]]:
    lines = [line for line in (DATA / file_name).read_text().splitlines() if not line.startswith("#")]
    return [(slug, title, text) for slug, title, text in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]


def scores(title: str, summary: str = "", body: str = "", tagger: MediaTopicTagger = TAGGER) -> dict[str, float]:
    """Of the top level, by slug."""
    found = tagger.tag(title, summary, body)
    return {MEDIA_TOPIC_BY_CODE[it.code].slug: it.score for it in found if it.code in MEDIA_TOPIC_BY_CODE}


def second_level(title: str, body: str, tagger: MediaTopicTagger = TAGGER) -> list[str]:
    return [it.label for it in tagger.tag(title, "", body) if it.code not in MEDIA_TOPIC_BY_CODE]


def share_right(file_name: str) -> float:
    articles = read_articles(file_name)
    right = [next(iter(scores(title, body=text)), None) == slug for slug, title, text in articles]
    return sum(right) / len(right)


def test_first_media_topic_of_the_articles_the_lexicon_was_written_with() -> None:
    assert share_right("media_topics_seen.tsv") >= 0.95


def test_first_media_topic_of_held_out_articles() -> None:
    assert share_right("media_topics_held_out.tsv") >= 0.9


@pytest.mark.parametrize(
    ("file_name", "floor"),
    [("set1.txt", 0.9), ("set2.txt", 0.9), ("set3.txt", 0.95), ("set4.txt", 0.85), ("held_out.txt", 0.95)],
)
def test_first_media_topic_of_items_in_the_gold_set(file_name: str, floor: float) -> None:
    items = read_file(GOLD_FOLDER / "topics" / file_name)
    right = [
        next(iter(scores(item.title, item.summary or "", item.body or "")), None)
        == MEDIA_TOPIC_BY_CODE[item.media_topics[0]].slug
        for item in items
    ]
    assert sum(right) / len(right) >= floor


@pytest.mark.parametrize("file_name", ["media_topics_seen.tsv", "media_topics_held_out.tsv"])
def test_articles_cover_every_media_topic(file_name: str) -> None:
    assert {slug for slug, _, _ in read_articles(file_name)} == MEDIA_TOPIC_BY_SLUG.keys()


def test_table_has_the_seventeen_media_topics_with_slugs_made_of_their_labels() -> None:
    assert len(TOP_LEVEL_MEDIA_TOPICS) == len(MEDIA_TOPIC_BY_CODE) == len(MEDIA_TOPIC_BY_SLUG) == 17
    for number, it in enumerate(TOP_LEVEL_MEDIA_TOPICS, start=1):
        assert it.code == f"medtop:{number:02}000000"
        label = it.label.replace("labor", "labour").replace(",", "")
        assert it.slug == "-".join(word for word in label.split() if word != "and")


def test_lexicon_has_enough_words_for_each_media_topic_and_none_twice() -> None:
    terms = [(slug, term) for slug, _, term in parse_lexicon(LEXICON_PATH.read_text())]
    assert [twice for twice, times in Counter(terms).items() if times > 1] == []
    words_of = Counter(slug for slug, _ in terms)
    assert all(words_of[it.slug] >= 100 for it in TOP_LEVEL_MEDIA_TOPICS)


@pytest.mark.parametrize("title", ["", "Lorem ipsum", "1234 — 5", "🎉🎉"])
def test_text_without_signs_has_no_media_topics(title: str) -> None:
    assert TAGGER.tag(title, "", "") == ()


def test_an_article_can_have_several_media_topics() -> None:
    found = scores(
        "Court jails former minister for corruption",
        body="The ruling party said the verdict was an attack on democracy. The judge called the bribery a crime.",
    )
    assert list(found)[:2] == ["crime-law-justice", "politics"]
    assert found["politics"] > 0.25


def test_a_word_counts_most_in_the_title_and_least_late_in_the_body() -> None:
    filler = "Lorem ipsum dolor sit amet. " * 40
    in_title = scores("Cricket", body=filler)["sport"]
    in_lead = scores("", body="Cricket " + filler)["sport"]
    at_end = scores("", body=filler + "cricket")["sport"]
    assert in_title > in_lead > at_end


def test_a_repeated_word_counts_less_each_time() -> None:
    once, twice, often = (scores("", body="cricket " * times)["sport"] for times in (1, 2, 40))
    assert once < twice < often < 1


def test_scores_are_in_range_and_sorted() -> None:
    found = [
        it.score for it in TAGGER.tag("Strike over pay hits schools and hospitals", "", "Police and army on alert")
    ]
    assert found == sorted(found, reverse=True)
    assert all(SCORE_FLOOR <= score <= 1 for score in found)


def test_second_level_is_told_where_much_speaks_for_it() -> None:
    title = "Rebels and army agree to ceasefire"
    body = "The truce was signed after peace talks led by a mediator. Peacekeepers will watch over the prisoner swap."
    assert second_level(title, body) == ["peace process"]
    assert second_level("Peace hopes grow", "The two sides may meet in spring.") == []


def test_second_level_is_told_only_with_its_parent_and_below_it() -> None:
    for slug, title, text in read_articles("media_topics_seen.tsv") + read_articles("media_topics_held_out.tsv"):
        found = {it.code: it.score for it in TAGGER.tag(title, "", text)}
        for it in SECOND_LEVEL_MEDIA_TOPICS:
            parent = MEDIA_TOPIC_BY_SLUG[it.slug.partition("/")[0]].code
            assert found.get(it.code, 0.0) <= found.get(parent, 0.0), (slug, title)


def test_categories_of_the_publisher_are_evidence() -> None:
    assert TAGGER.tag("Lorem ipsum", "", "") == ()
    assert TAGGER.tag("Lorem ipsum", "", "", ["Top stories", "Football"])[0].label == "sport"


def test_second_level_table_is_of_the_seventeen() -> None:
    assert len({it.code for it in SECOND_LEVEL_MEDIA_TOPICS}) == len(SECOND_LEVEL_MEDIA_TOPICS)
    for it in SECOND_LEVEL_MEDIA_TOPICS:
        parent, _, label = it.slug.partition("/")
        assert parent in MEDIA_TOPIC_BY_SLUG
        assert label == "-".join(re.findall("[a-z]+", it.label))


LEXICON = (
    "sport\t3\tmatch, ride~, set up~, world cup, world cup final\n"
    "health\t4\tWHO, ICE, carry~, stab~\n"
    "weather\t1\tice\n"
    "politics\t2\tcup, final\n"
    "-\t0\tmatch fixing trial\n"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a match", ["sport"]),
        ("MATCHES!", ["sport"]),
        ("riding", ["sport"]),
        ("they rode", []),
        ("carried", ["health"]),
        ("stabbed", ["health"]),
        ("set upped", ["sport"]),
        ("who", []),
        ("the WHO’s chief", ["health"]),
        ("WHO SAYS SO", []),
        ("the ICE", ["health"]),
        ("the ice", ["weather"]),
        ("World-Cup", ["sport"]),
        ("World Cup finals", ["sport"]),
        ("the cup", ["politics"]),
        ("match fixing trial", []),
        ("a match of match-fixing trials", ["sport"]),
    ],
)
def test_lexicon_format(text: str, expected: list[str]) -> None:
    assert list(scores(text, tagger=MediaTopicTagger(LEXICON))) == expected


@pytest.mark.parametrize(
    "line",
    [
        "sport\tmatch",
        "sport\tmany\tmatch",
        "sports\t3\tmatch",
        "sport\t3\tmatch,goal",
        "sport\t3\tmatch-day",
        "sport\t3\tWorld cup",
        "sport\t3\t",
    ],
)
def test_broken_lexicon_names_its_line(line: str) -> None:
    with pytest.raises(LexiconError, match="line 2"):
        MediaTopicTagger(f"# comment\n{line}\n")


def test_a_subject_that_few_words_of_the_lexicon_tell_is_told_by_all_words_together() -> None:
    article = (
        "They waited until the water stood at the windowsills",
        "Boats came at dawn along what had been the high road.",
    )
    lexicon_alone = MediaTopicTagger(LEXICON_PATH.read_text(encoding="utf-8"))
    assert next(iter(scores(*article, tagger=lexicon_alone))) == "environment"
    assert next(iter(scores(*article))) == "disaster-accident-emergency-incident"


def test_version_follows_the_lexicon_and_the_model() -> None:
    assert MediaTopicTagger(LEXICON, TopicModel.load()).version != MediaTopicTagger(LEXICON).version
    assert MediaTopicTagger(LEXICON).version == MediaTopicTagger(LEXICON).version
    assert MediaTopicTagger(LEXICON).version != MediaTopicTagger(LEXICON.replace("3", "2")).version
