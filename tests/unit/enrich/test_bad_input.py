"""All taggers on input that no news is: bounded time and memory, offsets that hold, nothing lost."""

import random
import tracemalloc
from dataclasses import dataclass
from time import process_time

import pytest

from schemas.article import Category, Publisher
from services.enrich.tagging import Taggers

MAX_SECONDS = 10.0  # none takes half a second on an idle core
MAX_BYTES = 150_000_000
SYLLABLES = "ba ce di fo gu ha ki lo mu na pe qui ro su ta ve wi xa yo zu".split()  # noqa: SIM905


@dataclass(frozen=True)
class Article:
    title: str | None
    summary: str | None
    body: str | None
    declared_language: str | None = "en"
    publisher: Publisher | None = None
    categories: tuple[Category, ...] = ()


def names(count: int) -> list[str]:
    draw = random.Random(count)
    words = ["".join(draw.choices(SYLLABLES, k=3)).title() for _ in range(2 * count)]
    return [f"{first} {last}" for first, last in zip(words[::2], words[1::2], strict=True)]


ENGLISH = "The government said on Monday that President Emmanuel Macron would meet the European Council in Paris. "
INPUTS = {
    "nothing": "",
    "a blank": " ",
    "one word": "Paris",
    "200,000 words": ENGLISH * 12_500,
    "no blanks": (ENGLISH * 400).replace(" ", ""),
    "one letter": "a" * 200_000,
    "mixed scripts": f"{ENGLISH}北京的人说。 Москва — это город. إسطنبول مدينة. Ωραία Αθήνα. " * 200,
    "emoji": "👩‍👩‍👧‍👦🇫🇷 Macron 😀😀 in Paris 🎉. " * 500,
    "only emoji": "😀" * 50_000,
    "right to left": f"\u202e{ENGLISH}\u202c قال الرئيس إيمانويل ماكرون في باريس. " * 200,
    "control characters": "\x00The\x00 President\x00 Emmanuel\x00Macron \x01\x02\x07\x1b[31m in Paris\x7f. " * 200,
    "lone surrogates": "President \ud800Emmanuel Macron\udfff in Paris. " * 200,
    "HTML left in": f"<p class='x'>{ENGLISH}&amp;nbsp;<a href=\"https://example.org/?a=1&amp;b=2\">Paris</a><br/></p>"
    * 200,
    "a base64 blob": f"{ENGLISH}data:image/png;base64,{'iVBORw0KGgoAAAANSUhEUgAA' * 4000}== {ENGLISH}",
    "base64 in lines": "\n".join(
        ["TWFuIGlzIGRpc3Rpbmd1aXNoZWQsIG5vdCBvbmx5IGJ5IGhpcyByZWFzb24sIGJ1dCBieSB0aGlz"] * 1_300
    ),
    "all capitals": ENGLISH.upper() * 200,
    "5,000 names": ", ".join(names(5_000)),
    "5,000 names, a line each": "\n".join(names(5_000)),
    "one name again and again": "Emmanuel Macron " * 6_000,
    "ages": ", 34, ".join(names(4_000)),
    "ministries": ", Ministry of ".join(names(4_000)),
    "apostrophes": "A'" * 40_000,
    "initials": "A. " * 30_000,
    "towns": "AB/" * 30_000,
    "storms": "Typhoon Storm Hurricane " * 4_000,
    "words at the start of sentences": " ".join(
        f"{word.title()} {word}." for word in "".join(names(3_000)).lower().split()
    ),
    "nicknames": 'Ada "Bim" Obi ' * 6_000,
    "titles": "President Prime Minister Mr. Dr. " * 3_000,
    "quotes": "\"“”'’" * 20_000,
    "brackets": "(NATO) " * 14_000,
    "line ends": "\n\r\u2028" * 30_000,
    "long line of full stops": "U.S." * 25_000,
    "JSON": '{"name": "Emmanuel Macron", "in": ["Paris", null]}, ' * 1_500,
}


@pytest.mark.parametrize("text", INPUTS.values(), ids=INPUTS.keys())
def test_any_input_is_tagged_in_bounds(taggers: Taggers, text: str) -> None:
    articles = [Article(text[:500], None, text), Article(None, text, None), Article(text, text, text)]
    tracemalloc.start()
    started = process_time()
    tagged = taggers.tag_articles(articles)
    taken = process_time() - started
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < MAX_SECONDS
    assert most < MAX_BYTES
    for article, tags in zip(articles, tagged, strict=True):
        assert {problem.reason for problem in tags.problems} == set()
        for entity in tags.entities:
            for mention in entity.mentions:
                field = getattr(article, mention.field)
                assert field[mention.start : mention.end] == mention.text != ""


def test_what_stands_around_rubbish_is_still_found(taggers: Taggers) -> None:
    for name in ("a base64 blob", "HTML left in", "all capitals"):
        [tags] = taggers.tag_articles([Article("Summit", None, INPUTS[name])])
        found = {entity.name.title() for entity in tags.entities}
        assert any(found_name.endswith("Macron") for found_name in found), (name, found)
        assert "Paris" in found, (name, found)
