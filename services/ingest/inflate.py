"""Bounded decompression of response bodies: chunks in, pieces out that never exceed the limit in sum."""

from collections.abc import Iterator
from typing import Final

from services.ingest.codings import GZIP_MAGIC, Decoder, DecodingFailed, decoder_of

PIECE_BYTES = 64 * 1024  # what one step may inflate to, about: a bomb is stopped within a piece of the limit
# What servers write into Content-Encoding that is no coding: charsets and transfer encodings.
_NO_CODINGS: Final = frozenset({"identity", "none", "utf-8", "utf8", "iso-8859-1", "us-ascii", "8bit", "binary"})
RATIO_COUNTS_FROM_BYTES = 1024 * 1024  # a small body may be as regular as it likes


class BodyTooLarge(Exception):
    """The body is over its limit, or inflates more than any document does."""


class EncodingBroken(Exception):
    """The body is not what its Content-Encoding says, or ends early."""


class Inflater:
    """Undoes one content coding (RFC 9110 §8.4.1), or passes bytes through, up to `limit` bytes of output.

    A coding that is named twice was applied once: two parts of the server sent the header.

    Bytes after the end of the coded body are ignored, but not those of further gzip members or zstd frames.
    """

    def __init__(self, content_encoding: str, limit: int, max_ratio: float) -> None:
        codings = dict.fromkeys(coding.strip() for coding in content_encoding.lower().split(","))
        self._coding = ", ".join(coding for coding in codings if coding and coding not in _NO_CODINGS)
        self._limit = limit
        self._max_ratio = max_ratio
        self._taken = 0
        self._given = 0
        self._decoder = self._new_decoder() if self._coding else None

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the pieces `chunk` decodes to. Raises BodyTooLarge, EncodingBroken."""
        self._taken += len(chunk)
        if self._taken > self._limit:
            raise BodyTooLarge(f"more than {self._limit} bytes")
        if self._taken == len(chunk) and not self._coding and chunk.startswith(GZIP_MAGIC):
            self._coding = "gzip"  # a `.gz` file, or compressed by who did not say so: no text begins like this
            self._decoder = self._new_decoder()
        if self._decoder is None:
            yield chunk
            return
        while chunk or self._decoder.has_more:
            if self._decoder.ended:
                if not self._decoder.begins_again(chunk):
                    return
                self._decoder = self._new_decoder()
            piece = self._step(self._decoder, chunk)
            if not self._given and piece.startswith(GZIP_MAGIC):
                raise EncodingBroken("the body is compressed twice")
            self._count(len(piece))
            if piece:
                yield piece
            chunk = self._decoder.rest

    def finish(self) -> None:
        """Check that the body is whole. Raises EncodingBroken."""
        if self._decoder is not None and self._taken and not self._decoder.ended:
            raise EncodingBroken("the compressed body ends early")

    def _new_decoder(self) -> Decoder:
        decoder = decoder_of(self._coding)
        if decoder is None:
            raise EncodingBroken(f"content encoding {self._coding[:40]!r} was not asked for")
        return decoder

    def _step(self, decoder: Decoder, chunk: bytes) -> bytes:
        try:
            return decoder.step(chunk, PIECE_BYTES)
        except DecodingFailed as error:
            raise EncodingBroken(f"the compressed body is broken: {error}") from error

    def _count(self, given: int) -> None:
        self._given += given
        if self._given > self._limit:
            raise BodyTooLarge(f"more than {self._limit} bytes after decompression")
        if self._given > max(RATIO_COUNTS_FROM_BYTES, self._max_ratio * self._taken):
            raise BodyTooLarge(f"inflates more than {self._max_ratio:g} times: no document does")
