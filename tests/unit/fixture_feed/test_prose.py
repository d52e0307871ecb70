import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.fixture_feed.prose import ends_sentence, first_sentence, printable, shorten, split_paragraphs

LONG = (
    "The council said on Monday that the old bridge would stay shut until the spring, as engineers look at its piers."
)
OTHER = "Traders on the far bank have asked for help. They say that half of their custom has gone since the closure."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Rain fell. It stopped.", "Rain fell."),
        ("The U.S. Senate met. It voted.", "The U.S. Senate met."),
        ("The U.S. and Dr. Badar Khan Suri met J. K. Rowling at 5 p.m. on Monday. They left.", None),
        ("Shares of Acme Inc. fell. Others rose.", "Shares of Acme Inc. fell."),
        ("No. 10 said so. No one else did.", "No. 10 said so."),
        ("He said no. Nobody asked.", "He said no."),
        ("Did he? He did.", "Did he?"),
        ("‘Why?’ he asked. Nobody knew.", "‘Why?’ he asked."),
        ("“It is over.” She left.", "“It is over.”"),
        ("It rose 3.5 per cent. Then it fell.", "It rose 3.5 per cent."),
        ("Wait… The end.", "Wait…"),
        ("雨が降った。止んだ。", "雨が降った。"),
        ("1. Rain fell. 2. It stopped.", "1. Rain fell."),
        ("It was 40. Then it rained.", "It was 40."),
        ("no end", "no end"),
    ],
)
def test_first_sentence(text: str, expected: str | None) -> None:
    assert first_sentence(text) == (expected or text.removesuffix(" They left."))


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("It rained.", True),
        ("It rained.’)", True),
        ("in the U.S.", True),
        ("a report by Dr.", False),
        ("Rain falls", False),
        ("as follows:", False),
    ],
)
def test_sentence_end(text: str, ends: bool) -> None:
    assert ends_sentence(text) is ends


@pytest.mark.parametrize(
    ("lines", "paragraphs"),
    [
        pytest.param([LONG, OTHER], [LONG, OTHER], id="each line is a paragraph"),
        pytest.param([LONG, "", OTHER], [LONG, OTHER], id="blank lines part paragraphs"),
        pytest.param([LONG + ",", "they said."], [LONG + ", they said."], id="break after a comma"),
        pytest.param([LONG[:-1], "and the rest."], [LONG[:-1] + " and the rest."], id="break before a small letter"),
        pytest.param([LONG, "in", "", "iPhone sales rose."], [LONG + " in", "iPhone sales rose."], id="brand name"),
        pytest.param(["He met Dr.", "Suri."], ["He met Dr. Suri."], id="break after a form of address"),
        pytest.param(["He is the president of", "Peru."], ["He is the president of Peru."], id="break after 'of'"),
        pytest.param(
            ["The man they came in.", "It shut."], ["The man they came in.", "It shut."], id="'in' at the end"
        ),
        pytest.param(["What is next", LONG], ["What is next", LONG], id="heading"),
        pytest.param([LONG, "What is next", OTHER], [LONG, "What is next", OTHER], id="heading further down"),
        pytest.param([LONG, "He said:", OTHER], [LONG, "He said:", OTHER], id="colon"),
        pytest.param(["Points", "- one", "- two", LONG], ["Points", "- one", "- two", LONG], id="list"),
        pytest.param([LONG + ";", "", "then more."], [LONG + "; then more."], id="blank line inside a sentence"),
        pytest.param(["a high-", "speed train came."], ["a high-speed train came."], id="hyphen"),
        pytest.param(["Rain came —", "Snow too."], ["Rain came — Snow too."], id="dash"),
        pytest.param(["  Rain \t fell.\u00a0 ", "\t"], ["Rain fell."], id="spaces"),
        pytest.param(["", " ", ""], [], id="nothing"),
    ],
)
def test_line_breaks(lines: list[str], paragraphs: list[str]) -> None:
    assert list(split_paragraphs("\n".join(lines))) == paragraphs


@pytest.mark.parametrize("width", [60, 65, 72, 80])
def test_wrapped_text_is_unwrapped(width: int) -> None:
    paragraphs = (f"{LONG} Mayor Jane Roe Smith spoke.", f"{OTHER} {LONG} It opens.", f"{LONG} {LONG} {OTHER} Soon.")
    assert split_paragraphs("\n\n".join(textwrap.fill(paragraph, width) for paragraph in paragraphs)) == paragraphs


def test_line_with_room_for_the_next_word_ends_a_paragraph_of_wrapped_text() -> None:
    assert split_paragraphs(f"{textwrap.fill(LONG, 72)}\n{textwrap.fill(OTHER, 72)}") == (LONG, OTHER)


def test_headline_above_wrapped_text_stays_apart() -> None:
    assert split_paragraphs("Bridge stays shut\n" + textwrap.fill(LONG, 60)) == ("Bridge stays shut", LONG)


@given(st.text())
def test_no_text_is_lost(text: str) -> None:
    paragraphs = split_paragraphs(text)
    assert "".join("".join(paragraphs).split()) == "".join(printable(text).split())
    assert all(paragraph == printable(paragraph) and paragraph for paragraph in paragraphs)


@given(st.text().map(printable), st.integers(2, 50))
def test_shortened_text_fits_and_ends_between_words(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert len(short) <= limit
    if short != text:
        kept = short.removesuffix("…")
        assert text.startswith(kept)
        rest = text[len(kept) :].lstrip(",;:.-–—")
        assert rest.startswith(" ") or " " not in text[:limit]


@pytest.mark.parametrize(
    ("text", "short"),
    [("a bc", "a bc"), ("one two three", "one two…"), ("one, three four", "one…"), ("x" * 20, "xxxxxxxx…")],
)
def test_shorten(text: str, short: str) -> None:
    assert shorten(text, 9) == short
