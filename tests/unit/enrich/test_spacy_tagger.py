from time import process_time

import pytest

from schemas.enriched import EntityType
from services.enrich.spacy_tagger import SpacyTagger, cut_windows


def test_persons_organisations_and_places_are_marked_and_nothing_else(spacy_tagger: SpacyTagger) -> None:
    text = "Angela Merkel, a German, met Microsoft in Paris on 3 March 2019 to talk about $40 million."
    [spans] = spacy_tagger.tag([text])
    assert [(text[span.start : span.end], span.type) for span in spans] == [
        ("Angela Merkel", EntityType.PERSON),
        ("Microsoft", EntityType.ORGANISATION),
        ("Paris", EntityType.PLACE),
    ]


def test_offsets_hold_over_windows_and_emoji(spacy_tagger: SpacyTagger) -> None:
    text = "😀 Angela Merkel went to Paris.\n" * 200
    [spans] = spacy_tagger.tag([text])
    found = [text[span.start : span.end] for span in spans]
    assert found.count("Angela Merkel") > 180
    assert set(found) <= {"Angela Merkel", "Paris"}


def test_run_without_blanks_costs_nothing_and_moves_nothing(spacy_tagger: SpacyTagger) -> None:
    text = "😀" * 20_000 + " Angela Merkel went to Paris."
    started = process_time()
    [spans] = spacy_tagger.tag([text])
    assert process_time() - started < 1  # ten seconds if the tokeniser sees it
    assert [text[span.start : span.end] for span in spans] == ["Angela Merkel", "Paris"]


@pytest.mark.parametrize(
    "text", ["", " ", "\n", "word", "NoSpaces" * 1000, "ALL CAPS HEADLINE", "\x00\x01", "a" * 5000]
)
def test_odd_texts_do_not_matter(spacy_tagger: SpacyTagger, text: str) -> None:
    [spans] = spacy_tagger.tag([text])
    assert all(0 <= span.start < span.end <= len(text) for span in spans)


def test_one_result_for_each_text(spacy_tagger: SpacyTagger) -> None:
    assert [len(spans) for spans in spacy_tagger.tag(["Paris is nice.", "", "I love Paris."])] == [1, 0, 1]
    assert spacy_tagger.tag([]) == []


def test_vocabulary_does_not_grow_with_the_texts(spacy_tagger: SpacyTagger) -> None:
    spacy_tagger.tag(["A first word."])
    before = len(spacy_tagger._pipeline.vocab.strings)
    spacy_tagger.tag([" ".join(f"new{number}word" for number in range(500))])
    assert len(spacy_tagger._pipeline.vocab.strings) == before


@pytest.mark.parametrize(
    ("text", "windows"),
    [
        ("", []),
        ("  \n", []),
        ("short", ["short"]),
        ("One line is\nanother is", ["One line is\n", "another is"]),
        ("One is. Other one", ["One is. ", "Other one"]),
        ("many words without stop", ["many words ", "without stop"]),
        ("x" * 25, ["x" * 12, "x" * 12, "x"]),
    ],
)
def test_windows_end_at_the_best_place(text: str, windows: list[str]) -> None:
    assert [window for _, window in cut_windows(text, max_chars=12)] == windows
