"""Seeds: plain-text news articles in files, read into title, paragraphs and credit link."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from services.common.errors import UsageError
from services.fixture_feed.prose import ends_sentence, first_sentence, printable, shorten, split_paragraphs

MAX_TITLE = 100
MAX_SEED_BYTES = 1 << 20  # a record on the log takes no more, and a long read has 60 KiB

_LEAD = r"(?:image|photo(?:graph)?|picture)s?\s+(?:source|credit|courtesy)s?"
# Without "image" before it, "source:" is a credit only where a line or a sentence has just ended.
_BARE_LEAD = r"""(?:(?<=[.!?…"'”’)\]])|^)[ \t]*\(?(?:source|credit|image|photo(?:graph)?|picture)s?"""
_CREDIT = re.compile(
    rf"""(?:\(?{_LEAD}|{_BARE_LEAD})(?:[ \t]+(?:from|by|of|via))?[ \t]*:\s*<?(https?://[^\s<>"]+)>?[).\]]*[ \t]*$""",
    re.IGNORECASE | re.MULTILINE,
)


class SeedError(UsageError):
    """A seed that cannot be used. Its text names the file and the mend."""


@dataclass(frozen=True, slots=True)
class Seed:
    """One article. Texts are single lines of characters that XML can carry; `credit_url` is a page, not an image."""

    stem: str
    title: str
    paragraphs: tuple[str, ...]
    credit_url: str | None = None


@dataclass(frozen=True, slots=True)
class FoundSeeds:
    """What can be used, and why the rest cannot: no bad seed stops its neighbours."""

    seeds: tuple[Seed, ...]
    problems: tuple[SeedError, ...]


def parse_seed(stem: str, text: str) -> Seed:
    """The seed in `text`; raises SeedError.

    The title is a headline (a short first paragraph without a full stop, with more below), which leaves the
    paragraphs; else the first sentence, cut to MAX_TITLE, which stays in them.
    """
    name = printable(stem)
    if not name:
        raise SeedError("the file name becomes the guid and has no readable character: rename the file")
    body, credit_url = _take_credit(text.removeprefix("\ufeff"))
    paragraphs = split_paragraphs(body)
    if not paragraphs:
        raise SeedError("no article in it: write one as plain text, or remove the file")
    first, rest = paragraphs[0], paragraphs[1:]
    if rest and len(first) <= MAX_TITLE and not ends_sentence(first) and not first.endswith((",", ";", ":")):
        return Seed(name, first, rest, credit_url)
    return Seed(name, shorten(first_sentence(first[: 2 * MAX_TITLE]), MAX_TITLE), paragraphs, credit_url)


def read_seed(path: Path) -> Seed:
    """The seed in a UTF-8 file; raises SeedError with the path in it."""
    try:
        return parse_seed(path.stem, _decode(_read(path)))
    except SeedError as error:
        raise SeedError(f"{path}: {error}") from None


def find_seeds(paths: Iterable[Path]) -> FoundSeeds:
    """The seeds in files and in folders (their `*.txt`, sorted by name), in the order of `paths`. Never raises.

    A file met twice counts once; two files that share a stem would share a guid, so the later one is a problem.
    """
    seeds: dict[str, tuple[Path, Seed]] = {}
    problems: list[SeedError] = []
    seen: set[Path] = set()
    for path in paths:
        try:
            files = _files_at(path)
        except SeedError as error:
            problems.append(error)
            continue
        for file in files:
            if (real := _real(file)) in seen:
                continue
            seen.add(real)
            try:
                seed = read_seed(file)
            except SeedError as error:
                problems.append(error)
                continue
            other, _ = seeds.setdefault(seed.stem, (file, seed))
            if other != file:
                problems.append(SeedError(f"{file}: has the name of {other}, and it becomes the guid: rename one"))
    return FoundSeeds(tuple(seed for _, seed in seeds.values()), tuple(problems))


def _files_at(path: Path) -> list[Path]:
    try:
        if not path.is_dir():
            return [path]
        files = sorted(file for file in path.iterdir() if file.suffix == ".txt" and not file.name.startswith("."))
    except OSError as error:
        raise SeedError(f"{path}: cannot be read: {error.strerror}") from error
    if not files:
        raise SeedError(f"{path}: no *.txt in this folder: put articles there, one a file")
    return files


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):  # a loop of links or a NUL in the name: reading it will tell
        return path


def _read(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise SeedError("is a folder where a text file should be: name a file, or move it away")
        if not path.exists():
            raise SeedError("no such file or folder: check the path")
        if not path.is_file():
            raise SeedError("is no regular file: name a text file")
        with path.open("rb") as file:
            data = file.read(MAX_SEED_BYTES + 1)
    except OSError as error:
        raise SeedError(f"cannot be read: {error.strerror}") from error
    if len(data) > MAX_SEED_BYTES:
        raise SeedError("over 1 MiB: a seed is one article; split the file")
    return data


def _decode(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SeedError(f"not UTF-8 at byte {error.start}: save it as UTF-8 text") from error
    if "\0" in text:
        raise SeedError("holds NUL bytes, so it is no UTF-8 text: save it as UTF-8 text")
    return text


def _take_credit(text: str) -> tuple[str, str | None]:
    """The text without its credit lines, and the address in the first of them."""
    lines = "\n".join(text.splitlines())
    match = _CREDIT.search(lines)
    if match is None:
        return lines, None
    url = printable(match[1]).rstrip(".,;]")
    if url.endswith(")") and "(" not in url:
        url = url.rstrip(").,;")
    return _CREDIT.sub("", lines), url
