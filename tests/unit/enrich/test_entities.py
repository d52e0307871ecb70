from collections.abc import Sequence

import pytest

from schemas.enriched import EntityType
from services.enrich.entities import Span, cap_fields, straighten, tag_fields


class WordTagger:
    """Marks every word in capitals, and remembers what it was asked."""

    name = "words"
    version = "1"
    languages = frozenset({"en"})

    def __init__(self) -> None:
        self.texts: list[str] = []

    def tag(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        self.texts += texts
        return [
            tuple(
                Span(text.index(word), text.index(word) + len(word), EntityType.ORGANISATION)
                for word in text.split()
                if word.isupper()
            )
            for text in texts
        ]


@pytest.mark.parametrize(
    ("written", "straight"),
    [
        ("‘a’ “b” „c“", '\'a\' "b" "c"'),
        ("a\u00a0b", "a b"),
        ("a\ud83d", "a\ufffd"),
        ("😀 ’", "😀 '"),
        ("plain", "plain"),
    ],
)
def test_straighten_keeps_every_offset(written: str, straight: str) -> None:
    assert straighten(written) == straight
    assert len(straight) == len(written)


def test_fields_are_capped_together_in_their_order() -> None:
    assert cap_fields({"title": "abc", "body": "defgh"}, max_chars=5) == ({"title": "abc", "body": "de"}, True)
    assert cap_fields({"title": "abc", "body": "de"}, max_chars=5) == ({"title": "abc", "body": "de"}, False)
    assert cap_fields({"title": "abc", "body": "de"}, max_chars=2) == ({"title": "ab", "body": ""}, True)


def test_field_that_another_starts_with_is_not_tagged_twice() -> None:
    tagger = WordTagger()
    [(title, body)] = tag_fields([{"title": "ACME wins", "body": "ACME wins. NASA too."}], tagger)
    assert tagger.texts == ["ACME wins. NASA too."]
    assert [span.end for span in title.spans] == [4]
    assert [(span.start, span.end) for span in body.spans] == [(0, 4), (11, 15)]


def test_each_article_gets_its_own_spans() -> None:
    tagged = tag_fields([{"title": "ACME"}, {}, {"title": "a", "body": "b NASA"}], WordTagger())
    assert [[text.field for text in article] for article in tagged] == [["title"], [], ["title", "body"]]
    assert [len(text.spans) for article in tagged for text in article] == [1, 0, 1]
