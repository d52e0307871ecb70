import pytest

from services.enrich.crf.tokeniser import BREAK, MAX_CHUNK_CHARS, cut_chunks, normalise, tokenise

COUNTRIES = frozenset(("russia", "ukraine", "israel"))


@pytest.mark.parametrize(
    ("chunk", "tokens"),
    [
        ("word", "word"),
        ("word,", "word ,"),
        ("(word)", "( word )"),
        ("word.", "word . | |"),
        ('word."', 'word . " | |'),
        ("word.)", "word . ) | |"),
        ("word...", "word ... | |"),
        ("Yes!?", "Yes ! ? | |"),
        ("end.The", "end . | | The"),
        ("\nword", "| | word"),
        ("\n", "| |"),
        ("", ""),
        ("Mr.", "Mr."),
        ("U.S.", "U.S."),
        ("U.S.'s", "U.S. 's"),
        ("J.", "J."),
        ("J.K.", "J.K."),
        ("J.Smith", "J. Smith"),
        ("St.", "St."),
        ("Bukele's", "Bukele 's"),
        ("don't", "do n't"),
        ("we'll", "we 'll"),
        ("O'Brien", "O'Brien"),
        ("d'Ivoire", "d'Ivoire"),
        ("'quoted'", "' quoted '"),
        ("AT&T", "AT&T"),
        ("Amazon.com", "Amazon.com"),
        ("3.5%", "3.5 %"),
        ("$40bn", "$ 40bn"),
        ("London-based", "London -based"),
        ("Kremlin-backed", "Kremlin -backed"),
        ("Jong-un", "Jong-un"),
        ("Al-Shabaab", "Al-Shabaab"),
        ("Jean-Claude", "Jean-Claude"),
        ("Russia-Ukraine", "Russia - Ukraine"),
        ("US-Israel", "US - Israel"),
        ("anti-Trump", "anti- Trump"),
        ("anti-war", "anti-war"),
        ("said—Bukele", "said — Bukele"),
        ("北京", "北京"),
        ("😀😀", "😀😀"),
    ],
)
def test_tokens_of_a_chunk(chunk: str, tokens: str) -> None:
    found = tokenise(chunk, COUNTRIES)
    assert " ".join("|" if token.text == BREAK else token.text for token in found) == tokens
    line = chunk.removeprefix("\n")
    assert all(token.text == (line[token.start : token.end] or BREAK) for token in found)


def test_run_without_blanks_is_one_token_of_no_text() -> None:
    [token] = tokenise("x" * (MAX_CHUNK_CHARS + 1), COUNTRIES)
    assert "x" not in token.text
    assert (token.start, token.end) == (0, MAX_CHUNK_CHARS + 1)


def test_lines_begin_with_a_mark() -> None:
    assert cut_chunks("a b\nc  d") == ["a", "b", "\nc", "", "d"]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("it’s “so”", 'it\'s "so"'),
        ("1939–45 — no", "1939—45 — no"),
        ("a\u00a0b\tc\x00d", "a b c d"),
        ("a\r\nb\u2028c", "a\n\nb\nc"),
        ("\ud800é", "\ufffdé"),
    ],
)
def test_look_alikes_are_replaced_one_for_one(text: str, plain: str) -> None:
    assert normalise(text) == plain
