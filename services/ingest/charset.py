"""From a body's bytes to its characters, whatever the server, the document or neither say about its encoding."""

import codecs
import re
from typing import Final

_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:+-]{1,40})", re.IGNORECASE)
_DECLARED = re.compile(rb"\A\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_.:+-]{1,40})[\"']", re.IGNORECASE)
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# `<?` and `<r` without a byte order mark (XML 1.0, appendix F)
_WIDE: Final = (
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)

_LATIN: Final = frozenset({"iso8859-1", "ascii", "cp1252"})  # WHATWG: all three labels mean windows-1252
_STATEFUL: Final = frozenset({"iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_3", "iso2022_kr", "hz"})
_NOT_CHARSETS: Final = frozenset(
    {
        "utf-7",
        "unicode_escape",
        "raw_unicode_escape",
        "idna",
        "punycode",
        "undefined",
        "charmap",
        "mbcs",
        "oem",
        "utf-16",
    }
)
_SUPERSETS: Final = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "big5": "big5hkscs",
}
# Labels of the WHATWG Encoding Standard, and of people, that Python does not know.
_OTHER_LABELS: Final = {"windows-31j": "cp932", "iso-8859-8-i": "iso8859-8", "x-x-big5": "big5"}
_NUMBERED = re.compile(r"(?:windows|win|dos|cp)[-_]?([0-9]{3,4})")
_C1 = {byte: chr(byte) for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}  # windows-1252 leaves these bytes undefined


def decode_body(body: bytes, content_type: str) -> str:
    """The characters of `body`. Never raises: what cannot be decoded becomes U+FFFD.

    A byte order mark decides; else bytes that are valid UTF-8 are UTF-8 whatever the labels say, as text in another
    encoding practically never is; else the label of the Content-Type, then of the XML declaration, if the bytes fit.
    A labelled or multi-byte UTF-8 body with a few bad bytes stays UTF-8; the rest is read as windows-1252.
    """
    for mark, codec in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(codec, "replace")
    for start, codec in _WIDE:
        if body.startswith(start):
            return body.decode(codec, "replace")
    labels = _labels(body, content_type)
    unlabelled = () if _STATEFUL.intersection(labels) else ("utf-8",)
    for codec in (*unlabelled, *labels):
        if (text := _decoded(body, codec, labels)) is not None:
            return text
    return body.decode("utf-8", "replace") if _is_mostly_utf8(body) else _windows_1252(body)


def utf8_document(body: bytes, content_type: str) -> bytes | None:
    """`body` without a byte order mark, if it is what `decode_body` reads as UTF-8 without a bad byte, else None."""
    if body.startswith(codecs.BOM_UTF8):
        body = body[len(codecs.BOM_UTF8) :]
    elif body.startswith((b"<\x00", b"\x00", b"\xff\xfe", b"\xfe\xff")):
        return None
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError:
            return None
    return None if _STATEFUL.intersection(_labels(body, content_type)) else body


def _decoded(body: bytes, codec: str, labels: list[str]) -> str | None:
    """`body` read as `codec`, None if it is not that."""
    if codec in _LATIN:
        return None if "utf-8" in labels and _is_mostly_utf8(body) else _windows_1252(body)
    try:
        return body.decode(codec)
    except (UnicodeError, LookupError):
        return None


def _labels(body: bytes, content_type: str) -> list[str]:
    """Names of the codecs that header and declaration name, in this order; unknown and dangerous ones left out."""
    stated = [match[1] for match in (_CHARSET.search(content_type),) if match]
    stated += [match[1].decode("ascii") for match in (_DECLARED.match(body[:1024]),) if match]
    names = []
    for label in stated:
        try:
            name = _codec_of(label.lower()).name
        except (LookupError, ValueError):
            continue
        if name not in _NOT_CHARSETS:
            names.append(_SUPERSETS.get(name, name))
    return names


def _codec_of(label: str) -> codecs.CodecInfo:
    """Raises LookupError for a name that nobody gives a charset."""
    label = _OTHER_LABELS.get(label, label).removeprefix("x-")
    numbered = _NUMBERED.fullmatch(label)
    return codecs.lookup(f"cp{numbered[1]}" if numbered else label)


def _is_mostly_utf8(body: bytes) -> bool:
    """Whether at least half of the non-ASCII sequences in `body` are whole UTF-8 characters: by chance few would be."""
    text = body.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(1 for character in text if character > "\x7f") - bad
    return good >= bad


def _windows_1252(body: bytes) -> str:
    try:
        return body.decode("cp1252")
    except UnicodeDecodeError:
        return body.decode("latin-1").translate(_LATIN_TO_1252)


_LATIN_TO_1252: Final = {byte: _C1.get(byte) or bytes((byte,)).decode("cp1252") for byte in range(0x80, 0xA0)}
