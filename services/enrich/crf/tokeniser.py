"""Where words and sentences begin and end: a text without blanks in, its tokens out.

A text is cut at blanks first, so that a chunk's tokens depend on the chunk alone and can be kept.
"""

import re
from typing import Final, NamedTuple

# Stands between sentences, twice, so that no feature at an offset of up to two looks into the next one.
BREAK: Final = "\x02"
BREAKS: Final = 2
MAX_CHUNK_CHARS: Final = 60  # no name is in a longer run without a blank
LONG_RUN: Final = "\x01"  # the token of such a run

_ONE_FOR_ONE: Final = {
    **dict.fromkeys(map(ord, "’‘ʼ‛`´′"), "'"),
    **dict.fromkeys(map(ord, "“”„‟«»″"), '"'),
    **dict.fromkeys(map(ord, "–—―‒−"), "—"),
    **dict.fromkeys(map(ord, "\u2010\u2011\u00ad"), "-"),
    **dict.fromkeys((*range(32), *range(127, 160), 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF), " "),
    **dict.fromkeys(map(ord, "\u00a0\u1680\u202f\u205f\u3000"), " "),
    **dict.fromkeys(range(0x2000, 0x200B), " "),
    **dict.fromkeys(map(ord, "\n\r\v\f\x85\u2028\u2029"), "\n"),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}
# For texts with few of them, as most are, this takes a tenth of the time of `str.translate`.
_LOOK_ALIKE: Final = re.compile(
    f"[{re.escape(''.join(chr(code) for code, plain in _ONE_FOR_ONE.items() if chr(code) != plain))}]"
)

_TOKEN: Final = re.compile(
    r"""
    (?:[^\W\d_]\.){2,}(?:[^\W\d_](?!\w))?          # U.S., U.N, a.m.
  | '(?:s|re|ve|ll|m|d)(?!\w)                     # the 's of L.A.'s
  | [^\W\d_a-z]\.(?=[^\W\d_a-z])                   # the J. of J.Smith
  | [^\W\d_a-z]\.$                                 # an initial
  | \d+(?:[.,:/-]\d+)*(?:[^\W\d_]+)?
  | \w+(?:[-&'.](?<![a-z]\.)\w+|(?<=[a-z])\.(?:[a-z]|(?<=[.])\d)\w*)*
  | ([^\w\s])\1*
  """,
    re.VERBOSE,
)
_CLITIC: Final = re.compile(r"(?:n't|'(?:s|re|ve|ll|m|d))$", re.IGNORECASE)
_ABBREVIATIONS: Final = frozenset(
    (  # noqa: SIM905
        "Mr Mrs Ms Dr Prof Sen Rep Gov Gen Col Lt Sgt Capt Maj Adm Rev Hon St Mt Ft Jr Sr Inc Corp Ltd Co Bros Cos No"
        " Nos Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec Fig Dept Univ Assn Ave Blvd Rd Vol Ala Ariz Ark Calif"
        " Colo Conn Del Fla Ga Ind Kan Ky La Md Mass Mich Minn Mo Mont Neb Nev Okla Pa Tenn Tex Va Vt Wash Wis Wyo vs v"
        " approx cf al pp"
    ).split()
)
# "London-based", "Kremlin-backed": the name ends before the hyphen. Korean given names ("Jong-un") stay whole.
_COMPOUND: Final = re.compile(
    r"[^\W\d_a-z][\w.&']*?"
    r"(?=-(?:based|born|led|era|style|wide|bound|area|held|run|owned|only|made|\w{2,}(?:ed|ing))$)"
)
_PREFIX: Final = re.compile(r"(?i:anti|pro|ex|non|pre|post|mid|trans|then|neo|intra|inter)-(?=[^\W\d_a-z])")
_PAIRED: Final = frozenset(("us", "uk", "eu", "un", "uae", "nato", "america", "europe", "asia"))
_STOPS: Final = frozenset(".?!…")
_CLOSERS: Final = frozenset("\"')]")


class Token(NamedTuple):
    """`start` and `end` are offsets in the chunk; a BREAK has no width."""

    text: str
    start: int
    end: int


def normalise(text: str) -> str:
    """The text with look-alikes of quotes, dashes, blanks and line ends replaced one for one, so that offsets hold."""
    return _LOOK_ALIKE.sub(lambda found: _ONE_FOR_ONE[ord(found[0])], text)


def cut_chunks(text: str) -> list[str]:
    """The chunks of a normalised text; one that begins a line has a BREAK before it, which stands for no character."""
    return text.replace("\n", " \n").split(" ")


def tokenise(chunk: str, countries: frozenset[str]) -> list[Token]:
    """The tokens of a chunk from `cut_chunks`, with BREAKs before a line and after a sentence.

    `countries` are lower-case names that are split where two are joined: "Russia-Ukraine".
    """
    tokens = []
    if chunk.startswith("\n"):
        chunk = chunk[1:]
        tokens = [Token(BREAK, 0, 0)] * BREAKS
    length = len(chunk)
    # Nine chunks of ten are a word by itself or with a stop, and need no regular expression.
    if chunk.isalpha() and length <= MAX_CHUNK_CHARS:
        return [*tokens, Token(chunk, 0, length)]
    if chunk[-1:] == "," and chunk[:-1].isalpha() and length <= MAX_CHUNK_CHARS:
        return [*tokens, Token(chunk[:-1], 0, length - 1), Token(",", length - 1, length)]
    if length > MAX_CHUNK_CHARS:
        return [*tokens, Token(LONG_RUN, 0, len(chunk))]
    found: list[Token] = []
    end = 0
    for match in _TOKEN.finditer(chunk):
        if match.start() < end:
            continue
        token, start, end = match[0], match.start(), match.end()
        if chunk[end:] == "." and token in _ABBREVIATIONS:
            token, end = f"{token}.", end + 1
        found += _split_word(token, start, countries)
    return tokens + _with_breaks(found)


def _split_word(word: str, start: int, countries: frozenset[str]) -> list[Token]:
    end = start + len(word)
    if "'" in word and (clitic := _CLITIC.search(word)) and clitic.start():
        cut = clitic.start()
        return [*_split_word(word[:cut], start, countries), Token(word[cut:], start + cut, end)]
    if "-" in word and not word.isnumeric() and word != "-":
        cut = _hyphen_cut(word, countries)
        if cut:
            hyphen = word[cut] == "-" and _joins_countries(word, cut, countries)
            rest = cut + hyphen
            between = [Token("-", start + cut, start + rest)] if hyphen else []
            return [
                *_split_word(word[:cut], start, countries), *between, *_split_word(word[rest:], start + rest, countries)
            ]  # fmt: skip
    return [Token(word, start, end)]


def _hyphen_cut(word: str, countries: frozenset[str]) -> int:
    if prefix := _PREFIX.match(word):
        return prefix.end()
    if compound := _COMPOUND.match(word):
        return compound.end()
    cut = word.find("-")
    return cut if cut > 0 and _joins_countries(word, cut, countries) else 0


def _joins_countries(word: str, cut: int, countries: frozenset[str]) -> bool:
    sides = word[:cut].lower().rstrip("."), word[cut + 1 :].partition("-")[0].lower()
    return all(side in countries or side in _PAIRED or side.replace(".", "") in _PAIRED for side in sides)


def _with_breaks(tokens: list[Token]) -> list[Token]:
    """A sentence ends after a stop and the quotes and brackets that close it."""
    broken: list[Token] = []
    is_stopped = False
    for token in tokens:
        if is_stopped and token.text[0] not in _CLOSERS and token.text[0] not in _STOPS:
            broken += [Token(BREAK, token.start, token.start)] * BREAKS
            is_stopped = False
        broken.append(token)
        is_stopped = token.text[0] in _STOPS or (is_stopped and token.text[0] in _CLOSERS)
    if is_stopped:
        broken += [Token(BREAK, tokens[-1].end, tokens[-1].end)] * BREAKS
    return broken
