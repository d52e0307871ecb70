"""Tagging holds for any text and any spans that a tagger might offer."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.enriched import EntityType
from services.enrich.document_pass import group_entities
from services.enrich.entities import Span, TaggedText, straighten
from services.enrich.known_names import KnownNames
from services.enrich.media_topics import LEXICON_PATH, SCORE_FLOOR, MediaTopicTagger, parse_lexicon
from services.enrich.names import MAX_NAME_CHARS
from services.enrich.spacy_tagger import cut_windows

KNOWN = KnownNames.load()
MEDIA_TOPICS = MediaTopicTagger.load()
TERMS = [term.replace("~", "") for _, _, term in parse_lexicon(LEXICON_PATH.read_text())]

names = st.sampled_from(
    [
        "Ada Lovelace",
        "Lovelace",
        "U.S.",
        "the",
        "Mr.",
        "President",
        "Ghana’s",
        "O’Neil",
        "NATO",
        "Xi",
        "Paris",
        "😀",
        "\n",
        "'s",
    ]
)
texts = st.one_of(st.text(max_size=300), st.lists(st.one_of(names, st.text(max_size=8))).map(" ".join))


@st.composite
def tagged_texts(draw: st.DrawFn, field: str) -> tuple[str, TaggedText]:
    """A text as written, and with spans in order and without overlap."""
    text = draw(texts)
    edges = sorted(draw(st.sets(st.integers(0, len(text)), max_size=20)))
    spans = [
        Span(start, end, draw(st.sampled_from(EntityType))) for start, end in zip(edges[::2], edges[1::2], strict=False)
    ]
    return text, TaggedText(field, straighten(text), tuple(spans))


@given(tagged_texts("title"), tagged_texts("body"))
def test_mentions_slice_back_and_do_not_overlap(title: tuple[str, TaggedText], body: tuple[str, TaggedText]) -> None:
    fields = {"title": title[0], "body": body[0]}
    entities = group_entities([title[1], body[1]], fields, KNOWN)
    assert len({(entity.name, entity.type) for entity in entities}) == len(entities)
    for entity in entities:
        assert entity.mentions
        assert entity.name.strip() == entity.name != ""
        assert 0 <= entity.score <= 1
        for mention in entity.mentions:
            assert fields[mention.field][mention.start : mention.end] == mention.text
            assert 0 < len(mention.text) <= 4 * MAX_NAME_CHARS
    taken = sorted((it.field, it.start, it.end) for entity in entities for it in entity.mentions)
    for (field, _, end), (next_field, next_start, _) in pairwise(taken):
        assert field != next_field or end <= next_start


@given(texts, st.integers(1, 60))
def test_windows_are_the_text_cut_up(text: str, max_chars: int) -> None:
    windows = list(cut_windows(text, max_chars))
    assert all(text[start : start + len(window)] == window for start, window in windows)
    assert all(len(window) <= max_chars for _, window in windows)
    assert "".join(window for _, window in windows).strip() == text.strip()


@given(st.text())
def test_straightened_text_is_as_long_and_can_be_encoded(text: str) -> None:
    straight = straighten(text)
    assert len(straight) == len(text)
    straight.encode()


@settings(max_examples=50)
@given(st.lists(st.one_of(st.sampled_from(TERMS), st.text(max_size=10))).map(" ".join), texts)
def test_media_topic_scores_are_bounded_and_sorted(title: str, body: str) -> None:
    scores = [it.score for it in MEDIA_TOPICS.tag(title, "", body)]
    assert scores == sorted(scores, reverse=True)
    assert all(SCORE_FLOOR <= score <= 1 for score in scores)
