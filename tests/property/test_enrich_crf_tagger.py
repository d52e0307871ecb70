"""Whatever the text, the tagger's spans are in order, apart and inside it, and do not depend on what came before."""

from functools import cache

from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.enrich.crf.tagger import CrfTagger

WORDS = st.sampled_from(
    ["President", "Nayib", "Bukele", "’s", "the", "of", "Bank", "U.S.", "said", "“", "—", "\n", ".", "J.", "😀", "\x00",
     "\u202eعربي", "北京", "<b>", "&amp;", "UNITED", "Russia-Ukraine", "a" * 70, "\ud800", "FC", "and", "İstanbul"]
)  # fmt: skip
TEXTS = st.one_of(st.lists(WORDS, max_size=40).map(" ".join), st.lists(WORDS, max_size=10).map("".join), st.text())


@cache
def tagger() -> CrfTagger:
    return CrfTagger.load()


@settings(deadline=None, max_examples=200)
@given(st.lists(TEXTS, max_size=4))
def test_spans_are_in_order_apart_and_inside(texts: list[str]) -> None:
    tagged = tagger().tag(texts)
    assert len(tagged) == len(texts)
    for text, spans in zip(texts, tagged, strict=True):
        end = 0
        for span in spans:
            assert end <= span.start < span.end <= len(text)
            assert text[span.start : span.end].strip() == text[span.start : span.end]
            assert 0 < span.score < 1
            end = span.end


@settings(deadline=None, max_examples=50)
@example(["President President", "President Bank"])  # what is unclear in one must not draw in the next
@given(st.lists(TEXTS, min_size=2, max_size=4))
def test_a_text_is_tagged_alike_alone_and_among_others(texts: list[str]) -> None:
    assert tagger().tag(texts) == [tagger().tag([text])[0] for text in texts]
