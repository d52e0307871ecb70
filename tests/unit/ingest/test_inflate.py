"""Decompression within bounds."""

import gzip
import zlib

import pytest

from services.ingest.inflate import PIECE_BYTES, BodyTooLarge, EncodingBroken, Inflater

TEXT = b"news " * 20_000


def inflate(coding: str, body: bytes, limit: int = 1_000_000, step: int = 777) -> bytes:
    inflater = Inflater(coding, limit)
    pieces = [piece for start in range(0, len(body), step) for piece in inflater.feed(body[start : start + step])]
    inflater.finish()
    assert all(len(piece) <= PIECE_BYTES for piece in pieces)
    return b"".join(pieces)


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT)),
        (" X-GZIP ", gzip.compress(TEXT)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
        ("gzip", gzip.compress(TEXT[:5_000]) + gzip.compress(TEXT[5_000:])),
        ("gzip", gzip.compress(TEXT) + b"\x00\x00trailing"),
    ],
)
def test_body_is_inflated(coding: str, body: bytes) -> None:
    assert inflate(coding, body) == TEXT


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(TEXT)[:-9]),
        ("gzip", b"not gzip at all"),
        ("gzip", gzip.compress(TEXT)[:50] + b"\xff" * 100),
        ("deflate", b"\xff\xff\xff\xff"),
    ],
)
def test_broken_body_is_refused(coding: str, body: bytes) -> None:
    with pytest.raises(EncodingBroken):
        inflate(coding, body)


@pytest.mark.parametrize("coding", ["br", "gzip, gzip", "zstd"])
def test_coding_that_was_not_asked_for_is_refused(coding: str) -> None:
    with pytest.raises(EncodingBroken):
        Inflater(coding, 1)


def test_bomb_stops_at_the_limit() -> None:
    bomb = gzip.compress(b"\x00" * 50_000_000)
    inflater = Inflater("gzip", 100_000)
    given = 0
    with pytest.raises(BodyTooLarge):
        for piece in inflater.feed(bomb):
            given += len(piece)
    assert given <= 100_000 + PIECE_BYTES


def test_plain_body_over_the_limit_is_refused() -> None:
    with pytest.raises(BodyTooLarge):
        inflate("", TEXT, limit=len(TEXT) - 1)


def test_empty_compressed_body_is_empty() -> None:
    assert inflate("gzip", b"") == b""
