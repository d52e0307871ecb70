"""Documents of labelled tokens as running text: BIO2 lines in, texts with spans out.

A blank line ends a sentence, `-DOCSTART-` begins a document. Labels: person, organisation and place as PER, ORG, LOC.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TYPES: Final = ("PER", "ORG", "LOC")
Sentence = list[tuple[str, str]]

_DOCUMENT_MARK: Final = "-DOCSTART-"
_NO_BLANK_BEFORE: Final = re.compile(r"[.,;:?!%)\]}…]+|'|''|n't|'(?:s|re|ve|ll|m|d)", re.IGNORECASE)
_NO_BLANK_AFTER: Final = frozenset("([{$£€#")
_ENDS_SENTENCE: Final = re.compile(r"[.?!…][\"')\]]*$")


@dataclass(frozen=True, slots=True)
class Document:
    """`spans` are (start, end, type) in `text`, in order and without overlap."""

    text: str
    spans: tuple[tuple[int, int, str], ...]


def read_documents(path: Path) -> list[Document]:
    return [join(sentences) for sentences in _read_sentences(path)]


def _read_sentences(path: Path) -> Iterator[list[Sentence]]:
    document: list[Sentence] = []
    sentence: Sentence = []
    for line in [*path.read_text(encoding="utf-8").split("\n"), f"{_DOCUMENT_MARK} O"]:
        token, _, label = line.strip().replace("\t", " ").rpartition(" ")
        if token and token != _DOCUMENT_MARK:
            sentence.append((token.replace(" ", "_"), label))
            continue
        if sentence:
            document.append(sentence)
            sentence = []
        if token and document:
            yield document
            document = []


def join(sentences: Iterable[Sentence]) -> Document:
    """The text as it would be printed; a sentence without a stop ends its line."""
    text = ""
    spans: list[tuple[int, int, str]] = []
    for sentence in sentences:
        if text:
            text += " " if _ENDS_SENTENCE.search(text) else "\n"
        is_first, quote_is_open, sticks, continues = True, False, True, False
        for token, label in sentence:
            if token in {'"', "``", "''"}:
                blank = not quote_is_open
                next_sticks = not quote_is_open
                quote_is_open = not quote_is_open
            else:
                blank = not _NO_BLANK_BEFORE.fullmatch(token)
                next_sticks = token in _NO_BLANK_AFTER
            if not is_first and blank and not sticks:
                text += " "
            start = len(text)
            text += token
            if label.startswith("B-") or (label.startswith("I-") and not continues):
                spans.append((start, len(text), label[2:]))
            elif continues and label != "O":
                spans[-1] = (spans[-1][0], len(text), spans[-1][2])
            continues = label != "O"
            is_first, sticks = False, next_sticks
    return Document(text, tuple(span for span in spans if span[2] in TYPES))


def recase(document: Document, how: str) -> Document:
    """The document as headlines: "title" gives every longer word a capital, "upper" all letters."""
    words = re.split(r"(\s+)", document.text)
    if how == "upper":
        recased = "".join(word.upper() if len(word.upper()) == len(word) else word for word in words)
    else:
        recased = "".join(word[0].upper() + word[1:] if len(word) > 3 else word for word in words)
    return Document(recased, document.spans) if len(recased) == len(document.text) else document
