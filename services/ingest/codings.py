"""Content codings we ask for, each decoded in bounded steps: gzip, deflate, and brotli and zstd where installed."""

import importlib
import zlib
from collections.abc import Callable
from typing import Any, Final, Protocol

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_RAW_DEFLATE = -zlib.MAX_WBITS
_HEAD_BYTES = 2  # by which zlib data is told from raw deflate
GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_WINDOW_LOG = 23  # RFC 9659: 8 MB; a larger window is memory that a stranger would make us take


class DecodingFailed(Exception):
    """The bytes are not of this coding."""


class Decoder(Protocol):
    """One coded stream. `rest` is input a step did not use, `has_more` says that output waits without any."""

    ended: bool
    has_more: bool
    rest: bytes

    def step(self, chunk: bytes, max_bytes: int) -> bytes:
        """About `max_bytes` of output at most. Raises DecodingFailed."""

    def begins_again(self, chunk: bytes) -> bool:
        """Whether `chunk`, after the end, starts another stream of the same body; a cut magic number counts as one."""


class _Zlib:
    def __init__(self, *, is_gzip: bool) -> None:
        self.ended = False
        self.has_more = False
        self.rest = b""
        self._is_gzip = is_gzip
        self._started = False
        self._head = b""
        self._inflate = zlib.decompressobj(_GZIP_OR_ZLIB)

    def step(self, chunk: bytes, max_bytes: int) -> bytes:
        if not self._started and len(self._head) + len(chunk) < _HEAD_BYTES:
            self._head, self.rest = self._head + chunk, b""
            return b""
        chunk, self._head = self._head + chunk, b""
        try:
            piece = self._inflate.decompress(chunk, max_bytes)
        except zlib.error as error:
            if self._is_gzip or self._started:
                raise DecodingFailed(str(error)) from error
            piece = self._raw(chunk, max_bytes)
        self._started = True
        self.ended = self._inflate.eof
        self.rest = self._inflate.unused_data if self.ended else self._inflate.unconsumed_tail
        return piece

    def _raw(self, chunk: bytes, max_bytes: int) -> bytes:
        """`deflate` is zlib-wrapped, says the RFC; some servers send it raw."""
        self._inflate = zlib.decompressobj(_RAW_DEFLATE)
        try:
            return self._inflate.decompress(chunk, max_bytes)
        except zlib.error as error:
            raise DecodingFailed(str(error)) from error

    def begins_again(self, chunk: bytes) -> bool:
        return self._is_gzip and GZIP_MAGIC.startswith(chunk[:2])


class _Brotli:
    def __init__(self, library: Any) -> None:
        self.ended = False
        self.has_more = False
        self.rest = b""
        self._failure = library.error
        self._inflate = library.Decompressor()

    def step(self, chunk: bytes, max_bytes: int) -> bytes:
        try:
            piece: bytes = self._inflate.process(chunk, output_buffer_limit=max_bytes)
        except self._failure as error:
            raise DecodingFailed("not brotli") from error
        self.ended = self._inflate.is_finished()
        # It says that it takes more input while output still waits: only an empty piece means that nothing does.
        self.has_more = not self.ended and (bool(piece) or not self._inflate.can_accept_more_data())
        return piece

    def begins_again(self, chunk: bytes) -> bool:
        return False


class _Zstd:
    def __init__(self, library: Any) -> None:
        self.ended = False
        self.has_more = False
        self.rest = b""
        self._failure = library.ZstdError
        options = {library.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
        self._inflate = library.ZstdDecompressor(options=options)

    def step(self, chunk: bytes, max_bytes: int) -> bytes:
        try:
            piece: bytes = self._inflate.decompress(chunk, max_bytes)
        except self._failure as error:
            raise DecodingFailed(str(error)) from error
        self.ended = self._inflate.eof
        self.rest = self._inflate.unused_data if self.ended else b""
        self.has_more = not self.ended and not self._inflate.needs_input
        return piece

    def begins_again(self, chunk: bytes) -> bool:
        return _ZSTD_MAGIC.startswith(chunk[:4])


def _codings() -> dict[str, Callable[[], Decoder]]:
    known: dict[str, Callable[[], Decoder]] = {
        "gzip": lambda: _Zlib(is_gzip=True),
        "deflate": lambda: _Zlib(is_gzip=False),
    }
    if (brotli := _library("brotli")) is not None:
        known["br"] = lambda: _Brotli(brotli)
    zstd = _library("compression.zstd") or _library("backports.zstd")
    if zstd is not None:
        known["zstd"] = lambda: _Zstd(zstd)
    return known


def _library(name: str) -> Any | None:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        return None


_DECODERS: Final = _codings()
ACCEPTED_CODINGS: Final = ", ".join(_DECODERS)


def decoder_of(coding: str) -> Decoder | None:
    """A fresh decoder; None for a coding that was not asked for."""
    make = _DECODERS.get(coding.removeprefix("x-"))
    return make() if make is not None else None
