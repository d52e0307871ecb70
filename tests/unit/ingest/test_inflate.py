"""Decompression within bounds."""

import gzip
import importlib.util
import zlib
from typing import Any

import pytest

from services.ingest.codings import ACCEPTED_CODINGS
from services.ingest.inflate import PIECE_BYTES, RATIO_COUNTS_FROM_BYTES, BodyTooLarge, EncodingBroken, Inflater

TEXT = b"news " * 20_000


MAX_RATIO = 5_000.0


def inflate(coding: str, body: bytes, limit: int = 1_000_000, step: int = 777) -> bytes:
    inflater = Inflater(coding, limit, MAX_RATIO)
    pieces = [piece for start in range(0, len(body), step) for piece in inflater.feed(body[start : start + step])]
    inflater.finish()
    assert all(len(piece) <= 2 * PIECE_BYTES for piece in pieces)
    return b"".join(pieces)


def zipped(data: bytes) -> bytes:
    """Without the time, which would be in the names of tests."""
    return gzip.compress(data, mtime=0)


def brotli() -> Any:
    return pytest.importorskip("brotli")


def zstd() -> Any:
    return pytest.importorskip("backports.zstd")


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", zipped(TEXT)),
        (" X-GZIP ", zipped(TEXT)),
        ("gzip, gzip", zipped(TEXT)),
        ("utf-8, gzip,", zipped(TEXT)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
        ("gzip", zipped(TEXT[:5_000]) + zipped(TEXT[5_000:])),
        ("gzip", zipped(TEXT) + b"\x00\x00trailing"),
    ],
)
@pytest.mark.parametrize("step", [1, 777, 1_000_000])
def test_body_is_inflated(coding: str, body: bytes, step: int) -> None:
    assert inflate(coding, body, step=step) == TEXT


def test_gzip_that_no_header_announces_is_inflated() -> None:
    assert inflate("", zipped(TEXT)) == TEXT
    with pytest.raises(BodyTooLarge):
        inflate("", zipped(TEXT), limit=50_000)


@pytest.mark.parametrize("coding", ["UTF-8", "none", "binary"])
def test_what_is_no_coding_codes_nothing(coding: str) -> None:
    assert inflate(coding, TEXT) == TEXT


@pytest.mark.parametrize("step", [1, 777, 1_000_000])
def test_brotli_body_is_inflated(step: int) -> None:
    assert inflate("br", brotli().compress(TEXT), step=step) == TEXT


@pytest.mark.parametrize("step", [1, 777, 1_000_000])
def test_zstd_body_is_inflated_frame_by_frame(step: int) -> None:
    pack = zstd().compress
    assert inflate("zstd", pack(TEXT[:5_000]) + pack(TEXT[5_000:]), step=step) == TEXT


def test_what_is_asked_for_is_what_can_be_decoded_in_bounded_steps() -> None:
    assert ACCEPTED_CODINGS.startswith("gzip, deflate")
    assert ("br" in ACCEPTED_CODINGS) == (importlib.util.find_spec("brotli") is not None)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", zipped(TEXT)[:-9]),
        ("gzip", b"not gzip at all"),
        ("gzip, gzip", zipped(zipped(TEXT))),
        ("gzip", zipped(TEXT)[:50] + b"\xff" * 100),
        ("deflate", b"\xff\xff\xff\xff"),
    ],
)
def test_broken_body_is_refused(coding: str, body: bytes) -> None:
    with pytest.raises(EncodingBroken):
        inflate(coding, body)


@pytest.mark.parametrize("coding", ["compress", "gzip, br", "x-br2", "exi"])
def test_coding_that_was_not_asked_for_is_refused(coding: str) -> None:
    with pytest.raises(EncodingBroken):
        Inflater(coding, 1, MAX_RATIO)


def given_before_refusal(coding: str, bomb: bytes, limit: int, max_ratio: float) -> int:
    inflater = Inflater(coding, limit, max_ratio)
    given = 0
    with pytest.raises(BodyTooLarge):
        for piece in inflater.feed(bomb):
            given += len(piece)
    return given


NOTHING = b"\x00" * 50_000_000


def test_gzip_bomb_stops_at_the_limit() -> None:
    assert given_before_refusal("gzip", zipped(NOTHING), 100_000, MAX_RATIO) <= 100_000 + PIECE_BYTES


def test_brotli_bomb_stops_at_the_limit() -> None:
    assert given_before_refusal("br", brotli().compress(NOTHING), 100_000, MAX_RATIO) <= 100_000 + 2 * PIECE_BYTES


def test_zstd_bomb_stops_at_the_limit() -> None:
    assert given_before_refusal("zstd", zstd().compress(NOTHING), 100_000, MAX_RATIO) <= 100_000 + PIECE_BYTES


def test_body_that_inflates_beyond_all_measure_stops_long_before_the_limit() -> None:
    given = given_before_refusal("gzip", zipped(NOTHING), 50_000_001, 20.0)
    assert given <= RATIO_COUNTS_FROM_BYTES + PIECE_BYTES


def test_zstd_frame_that_wants_much_memory_is_refused() -> None:
    library = zstd()
    packer = library.ZstdCompressor(options={library.CompressionParameter.window_log: 27})
    body = packer.compress(TEXT) + packer.flush()
    with pytest.raises(EncodingBroken, match="memory"):
        inflate("zstd", body)


def test_plain_body_over_the_limit_is_refused() -> None:
    with pytest.raises(BodyTooLarge):
        inflate("", TEXT, limit=len(TEXT) - 1)


def test_empty_compressed_body_is_empty() -> None:
    assert inflate("gzip", b"") == b""
