"""Bounded decompression of response bodies: chunks in, pieces out that never exceed the limit in sum."""

import zlib
from collections.abc import Iterator

PIECE_BYTES = 64 * 1024  # what one step may inflate to: a bomb is stopped within a piece of the limit
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_RAW_DEFLATE = -zlib.MAX_WBITS


class BodyTooLarge(Exception):
    """The body is over its limit."""


class EncodingBroken(Exception):
    """The body is not what its Content-Encoding says, or ends early."""


class Inflater:
    """Undoes `gzip` or `deflate` (RFC 9110 §8.4.1), or passes bytes through, up to `limit` bytes of output.

    `deflate` may be zlib-wrapped, as the RFC says, or raw, as some servers send. A gzip body may have several members;
    bytes after the last one are ignored.
    """

    def __init__(self, content_encoding: str, limit: int) -> None:
        coding = content_encoding.strip().lower()
        if coding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
            raise EncodingBroken(f"content encoding {coding[:40]!r} was not asked for")
        self._packed = coding not in {"", "identity"}
        self._multi = coding.endswith("gzip")
        self._maybe_raw = coding == "deflate"
        self._limit = limit
        self._taken = 0
        self._given = 0
        self._inflate = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._started = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the pieces `chunk` decodes to. Raises BodyTooLarge, EncodingBroken."""
        self._taken += len(chunk)
        if self._taken > self._limit:
            raise BodyTooLarge(f"more than {self._limit} bytes")
        if not self._packed:
            yield chunk
            return
        while chunk:
            if self._inflate.eof:
                if not self._multi or not chunk.startswith(b"\x1f\x8b"):
                    return
                self._inflate = zlib.decompressobj(_GZIP_OR_ZLIB)
            piece = self._step(chunk)
            self._started = True
            self._given += len(piece)
            if self._given > self._limit:
                raise BodyTooLarge(f"more than {self._limit} bytes after decompression")
            if piece:
                yield piece
            chunk = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail

    def finish(self) -> None:
        """Check that the body is whole. Raises EncodingBroken."""
        if self._packed and self._started and not self._inflate.eof:
            raise EncodingBroken("the compressed body ends early")

    def _step(self, chunk: bytes) -> bytes:
        try:
            return self._inflate.decompress(chunk, PIECE_BYTES)
        except zlib.error as error:
            if not self._maybe_raw or self._started:
                raise EncodingBroken(f"the compressed body is broken: {error}") from error
        self._inflate = zlib.decompressobj(_RAW_DEFLATE)
        try:
            return self._inflate.decompress(chunk, PIECE_BYTES)
        except zlib.error as error:
            raise EncodingBroken(f"the compressed body is broken: {error}") from error
