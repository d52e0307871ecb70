import csv
from collections import Counter
from pathlib import Path

import pytest

from schemas.media_topics import MEDIA_TOPIC_BY_CODE, MEDIA_TOPIC_BY_SLUG, TOP_LEVEL_MEDIA_TOPICS
from services.enrich.media_topics import LEXICON_PATH, SCORE_FLOOR, LexiconError, MediaTopicTagger, parse_lexicon

DATA = Path(__file__).parent / "data"
TAGGER = MediaTopicTagger.load()


def read_articles(file_name: str) -> list[tuple[str, str, str]]:
    lines = [line for line in (DATA / file_name).read_text().splitlines() if not line.startswith("#")]
    return [(slug, title, text) for slug, title, text in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]


def scores(title: str, summary: str = "", body: str = "", tagger: MediaTopicTagger = TAGGER) -> dict[str, float]:
    return {MEDIA_TOPIC_BY_CODE[it.code].slug: it.score for it in tagger.tag(title, summary, body)}


def share_right(file_name: str) -> float:
    articles = read_articles(file_name)
    right = [next(iter(scores(title, body=text)), None) == slug for slug, title, text in articles]
    return sum(right) / len(right)


def test_first_media_topic_of_the_articles_the_lexicon_was_written_with() -> None:
    assert share_right("media_topics_seen.tsv") >= 0.95


def test_first_media_topic_of_held_out_articles() -> None:
    assert share_right("media_topics_held_out.tsv") >= 0.9


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
    assert found["politics"] > 0.3


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


def test_version_follows_the_lexicon() -> None:
    assert MediaTopicTagger(LEXICON).version == MediaTopicTagger(LEXICON).version
    assert MediaTopicTagger(LEXICON).version != MediaTopicTagger(LEXICON.replace("3", "2")).version
