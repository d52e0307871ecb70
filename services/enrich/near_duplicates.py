"""MinHash signatures that tell copies of a text, edited or cut, from other texts. Text in, signature out; no state.

MinHash: Broder, On the resemblance and containment of documents (1997). Sixteen bits of each minimum: Li and König,
b-Bit Minwise Hashing (2010). Why these numbers: `docs/near-duplicates.md`.
"""

import base64
import hashlib
import re
from string import punctuation
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from schemas.enriched import Signature

SCHEME: Final = "minhash-1"
SHINGLE_WORDS: Final = 3
WHOLE_VALUES: Final = 96
LEAD_VALUES: Final = 30
LEAD_SHINGLES: Final = 25  # about a sentence: the least that a feed keeps of a text it cuts
BAND_ROWS: Final = 3
MAX_CHARS: Final = 60_000  # about 10,000 words; a copy of a longer text is told by its first 10,000

MIN_SHINGLES: Final = 10  # fewer are a headline, in which unlike stories agree by chance
SHORT_SHINGLES: Final = 40  # below, a form of words ("... said in a statement on Monday") is much of the text
MIN_CONTAINMENT: Final = 0.4
MIN_SHORT_CONTAINMENT: Final = 0.6
MIN_LEAD_RESEMBLANCE: Final = 0.45
MIN_SIZE_RATIO: Final = 0.1  # below, the resemblance of a full copy is lost in the noise of WHOLE_VALUES

# A letter of a script written without blanks is a word by itself: Thai, Lao, Khmer, kana, Han.
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_PUNCTUATION: Final = "…’‘“”„‚«»‹›–—‑·•。、，：；？！「」『』（）"
_BLANK_PUNCTUATION: Final = bytes.maketrans(punctuation.encode(), b" " * len(punctuation))
# 2^64 divided by the golden ratio, and a multiplier of splitmix64: each bit of a word reaches the shingle's high half.
_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX: Final = np.uint64(0xBF58476D1CE4E5B9)
_HALF: Final = np.uint64(32)

Hashes = NDArray[np.uint32]


def _permutations(count: int) -> tuple[Hashes, Hashes]:
    """Multipliers and offsets of `count` permutations of the 32-bit numbers, the same in every process."""
    drawn = np.frombuffer(hashlib.shake_256(SCHEME.encode()).digest(8 * count), dtype=">u4").astype(np.uint32)
    return drawn[:count, None] | np.uint32(1), drawn[count:, None]


_MULTIPLIERS, _OFFSETS = _permutations(WHOLE_VALUES)


def sign(summary: str, body: str) -> Signature | None:
    """The signature of an article's text, or None if that is too short to be told from others. Titles do not count."""
    shingles = _shingles(f"{summary}\n{body}"[:MAX_CHARS])
    distinct = _distinct(shingles)
    if len(distinct) < MIN_SHINGLES:
        return None
    values = np.concatenate([_minima(distinct, WHOLE_VALUES), _minima(shingles[:LEAD_SHINGLES], LEAD_VALUES)])
    encoded = values.astype(">u2").tobytes()
    band_bytes = 2 * BAND_ROWS
    return Signature(
        scheme=SCHEME,
        shingles=len(distinct),
        values=base64.b64encode(encoded).decode(),
        bands=tuple(_band(encoded, start, band_bytes) for start in range(0, len(encoded), band_bytes)),
    )


def are_copies(one: Signature, other: Signature) -> bool:
    """Whether both are of the same text, edited or cut. Signatures of different schemes never are."""
    if one.scheme != other.scheme:
        return False
    small, large = sorted((one.shingles, other.shingles))
    agree = _values(one) == _values(other)
    if small < MIN_SIZE_RATIO * large:
        return float(agree[WHOLE_VALUES:].mean()) >= MIN_LEAD_RESEMBLANCE
    enough = MIN_CONTAINMENT if small >= SHORT_SHINGLES else MIN_SHORT_CONTAINMENT
    return containment(float(agree[:WHOLE_VALUES].mean()), small, large) >= enough


def containment(resemblance: float, small: int, large: int) -> float:
    """The share of the smaller set that is in the larger one, from their Jaccard resemblance and their sizes."""
    return min(1.0, resemblance * (small + large) / ((1 + resemblance) * small))


def _shingles(text: str) -> Hashes:
    """A hash of each run of SHINGLE_WORDS words, in order."""
    words = _words(text)
    hashes = np.fromiter(map(crc32, words), np.uint64, len(words))
    count = max(0, len(words) - SHINGLE_WORDS + 1)
    mixed = np.zeros(count, np.uint64)
    for offset in range(SHINGLE_WORDS):
        mixed = (mixed ^ hashes[offset : offset + count]) * _STEP
        mixed ^= mixed >> _HALF
    return ((mixed * _MIX) >> _HALF).astype(np.uint32)


def _words(text: str) -> list[bytes]:
    """The words of `text` in UTF-8, without case or punctuation. Bytes, as they split and hash four times faster."""
    text = text.casefold()
    if not text.isascii():
        text = _UNSPACED.sub(r" \g<0> ", text)
        for mark in _PUNCTUATION:
            text = text.replace(mark, " ")
    return text.encode("utf-8", "surrogatepass").translate(_BLANK_PUNCTUATION).split()


def _distinct(shingles: Hashes) -> Hashes:
    """`np.unique` takes seven times as long for as few as an article has."""
    ordered = np.sort(shingles)
    return np.concatenate((ordered[:1], ordered[1:][ordered[1:] != ordered[:-1]]))


def _minima(shingles: Hashes, count: int) -> Hashes:
    """The low 16 bits of the least value of each permutation."""
    permuted: Hashes = shingles[None, :] * _MULTIPLIERS[:count]
    permuted += _OFFSETS[:count]
    least: Hashes = permuted.min(axis=1)
    return least & np.uint32(0xFFFF)


def _band(encoded: bytes, start: int, length: int) -> str:
    """A key that is equal where the band's place and values are."""
    return f"{start // length:02x}{crc32(encoded[start : start + length]):08x}"


def _values(signature: Signature) -> NDArray[np.uint16]:
    return np.frombuffer(base64.b64decode(signature.values), dtype=">u2")
