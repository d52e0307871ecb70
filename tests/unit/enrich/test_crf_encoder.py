import pytest

from services.enrich.crf import places as flags
from services.enrich.crf.encoder import Encoder
from services.enrich.crf.lexicon import BIT, Lexicon
from services.enrich.crf.tokeniser import BREAK, normalise

LEXICON = Lexicon(
    {"russia": BIT["ctry1"], "ukraine": BIT["ctry1"], "striker": BIT["sportw"], "league": BIT["sportw"]}, {}
)


def words_with(flag: int, *texts: str) -> list[str]:
    encoder = Encoder(LEXICON)
    encoded = encoder.encode(texts)
    return [encoder.words[number] for number, bits in zip(encoded.types, encoded.flags, strict=True) if bits & flag]


@pytest.mark.parametrize(
    ("flag", "text", "words"),
    [
        (flags.SENTENCE_START, "One is. Two is\nThree “Four” is", ["One", "Two", "Three"]),
        (flags.SENTENCE_START, "Is. “Quoted is", ["Is", '"', "Quoted"]),
        (flags.CAPITALS_LINE, "WAR IN RUSSIA\nBut UN is", ["WAR", "IN", "RUSSIA"]),
        (flags.TITLE_LINE, "Russia Warns Allies of War\nThen Russia won", ["Russia", "Warns", "Allies", "of", "War"]),
        (flags.SMALL_ELSEWHERE, "May spoke. You may go. Then June came.", ["May"]),
        (flags.CAPITAL_ELSEWHERE, "May spoke. Then May left. Others left.", ["May", "May"]),
        (flags.ON_SPORT, "The league striker", ["The", "league", "striker"]),
        (flags.ON_SPORT, "The league", []),
    ],
)
def test_what_a_place_tells_of_a_word(flag: int, text: str, words: list[str]) -> None:
    assert words_with(flag, text) == words


def test_texts_do_not_tell_of_one_another() -> None:
    assert words_with(flags.SMALL_ELSEWHERE, "You may go.", "May left.") == []


def test_offsets_hold_in_each_of_many_texts() -> None:
    texts = ["“Yes,” said Mr. Smith’s aunt.\n\nThen", "", "\n", "Russia-Ukraine war  end.", "x" * 100 + " last"]
    encoder = Encoder(LEXICON)
    for _ in ("new", "known"):
        encoded = encoder.encode(texts)
        found: list[list[str]] = [[] for _ in texts]
        for number, text, start, end in zip(encoded.types, encoded.texts, encoded.starts, encoded.ends, strict=True):
            if encoder.words[number] != BREAK and end - start < 100:
                assert normalise(texts[text][start:end]) == encoder.words[number]
                found[text].append(texts[text][start:end])
        assert [len(words) for words in found] == [11, 0, 0, 6, 1]


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("at Bank of the England said", ["Bank of the England"]),
        ("The Bank said", ["Bank"]),
        ("Bank of and England", ["Bank", "England"]),
        ("Rome.\nParis", ["Rome", "Paris"]),
    ],
)
def test_runs_of_capitals_know_their_first_and_last_word(text: str, runs: list[str]) -> None:
    encoder = Encoder(LEXICON)
    encoded = encoder.encode([text])
    for run in runs:
        words = run.split(" ")
        for word in words:
            place = [encoder.words[number] for number in encoded.types].index(word)
            ends = (encoded.run_firsts[place], encoded.run_lasts[place])
            named = [encoder.words[encoded.types[end]] if end else word for end in ends]
            assert named == [words[0], words[-1]]


def test_cleared_encoder_begins_again_with_the_common_words() -> None:
    encoder = Encoder(LEXICON, (BREAK, "the"))
    encoder.encode(["quite new words"])
    encoder.clear()
    assert encoder.words == [BREAK, "the"]
    assert len(encoder.encode(["the new"]).types) == 6
