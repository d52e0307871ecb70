"""Texts as arrays: texts in, the type numbers of their tokens and where they stand out.

A chunk between two blanks is tokenised once and then looked up; so is all that is known of a type. What a batch costs
is a few look-ups in Python and numpy for the rest.
"""

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.enrich.crf.features import word_class
from services.enrich.crf.lexicon import BIT, Lexicon
from services.enrich.crf.places import Ints, Places, find_flags, find_runs, word_kind
from services.enrich.crf.tokeniser import BREAK, cut_chunks, normalise, tokenise

MAX_CHUNKS: Final = 40_000  # the common words and what 700 articles add, in about 30 MB with what is known of them
_MAX_KEPT_CHARS: Final = 30


@dataclass(frozen=True, slots=True)
class Encoded:
    """Tokens of some texts, one array item each; texts and sentences have two BREAKs before, between and after them.

    `starts` and `ends` are code points of its own text, `texts` that text's number, `flags` the bits in `places`. A run
    is words with capitals and the small words that join them, as in "Bank of England": the places in these arrays of
    its first and last word, 0 for the word itself and outside runs. Place 0 is a BREAK.
    """

    types: Ints
    texts: Ints
    starts: Ints
    ends: Ints
    flags: Ints
    run_firsts: Places
    run_lasts: Places


class Grown:
    """An array that is appended to in Python and read in numpy."""

    def __init__(self, typecode: str, dtype: type) -> None:
        self._new = array(typecode)
        self._dtype: npt.DTypeLike = dtype
        self._array: npt.NDArray[Any] = np.zeros(1024, dtype)
        self._length = 0
        self.append: Callable[[int], None] = self._new.append
        self.extend: Callable[[Sequence[int]], None] = self._new.extend

    def read(self) -> npt.NDArray[Any]:
        if added := len(self._new):
            total = self._length + added
            if total > len(self._array):
                self._array = np.resize(self._array, 2 * total)
            self._array[self._length : total] = np.frombuffer(self._new, self._new.typecode)
            self._length = total
            del self._new[:]
        return self._array[: self._length]

    def cut(self, length: int) -> None:
        """Keeps the first `length` items."""
        self.read()
        self._length = length


class Encoder:
    """Numbers types in the order they occur, `common_words` first. BREAK is type 0."""

    def __init__(self, lexicon: Lexicon, common_words: Sequence[str] = (BREAK,)) -> None:
        self.lexicon = lexicon
        self._countries = lexicon.countries()
        self.words: list[str] = []
        self._types: dict[str, int] = {}
        self._forms: dict[str, int] = {}
        self._type_forms, self._type_kinds, self._type_classes = (Grown("i", np.int32) for _ in range(3))
        self._token_types, self._token_starts, self._token_ends = (Grown("i", np.int32) for _ in range(3))
        self._chunk_firsts, self._chunk_counts, self._chunk_chars = (Grown("i", np.int32) for _ in range(3))
        self._chunks = _Missing(self._add_chunk)
        self._chunks_added = 0
        self._tokens_added = 0
        self._chunks["\n"]  # so that the chunk between two texts is chunk 0
        for word in common_words:
            self.type_of(word)
            if word.isalpha():
                self._chunks[word]
        self._common_types, self._common_forms = len(self._types), len(self._forms)
        self._common_chunks, self._common_tokens = self._chunks_added, self._tokens_added

    def clear(self) -> None:
        """Forgets all types and chunks but the common ones, which have the first numbers."""
        # To number the common ones again would take a thirtieth of all the time of tagging.
        del self.words[self._common_types :]
        self._types = _below(self._common_types, self._types)
        self._forms = _below(self._common_forms, self._forms)
        self._chunks = _Missing(self._add_chunk, _below(self._common_chunks, self._chunks))
        for of_type in (self._type_forms, self._type_kinds, self._type_classes):
            of_type.cut(self._common_types)
        for of_token in (self._token_types, self._token_starts, self._token_ends):
            of_token.cut(self._common_tokens)
        for of_chunk in (self._chunk_firsts, self._chunk_counts, self._chunk_chars):
            of_chunk.cut(self._common_chunks)
        self._chunks_added, self._tokens_added = self._common_chunks, self._common_tokens

    @property
    def is_full(self) -> bool:
        return self._chunks_added > MAX_CHUNKS

    def classes(self) -> Ints:
        """The class of each type."""
        return self._type_classes.read()

    def type_of(self, word: str) -> int:
        number = self._types.get(word)
        if number is None:
            number = self._types[word] = len(self.words)
            self.words.append(word)
            lower = word.lower()
            self._type_forms.append(self._forms.setdefault(lower, len(self._forms)))
            is_on_sport = self.lexicon.kinds.get(lower, 0) & BIT["sportw"] != 0
            self._type_kinds.append(word_kind(word, lower, is_on_sport=is_on_sport))
            self._type_classes.append(word_class(word, self.lexicon))
        return number

    def encode(self, texts: Sequence[str]) -> Encoded:
        chunks: list[int] = [0]
        chunk_texts: list[int] = []
        look_up = self._chunks.__getitem__
        for text in texts:
            before = len(chunks)
            chunks.extend(map(look_up, cut_chunks(normalise(text))))
            chunks.append(0)
            chunk_texts.append(len(chunks) - before)
        numbers = np.array(chunks, np.int32)
        counts = self._chunk_counts.read()[numbers]
        widths = self._chunk_chars.read()[numbers] + 1
        text_numbers = np.repeat(np.arange(len(texts), dtype=np.int32), chunk_texts)
        text_numbers = np.concatenate((np.zeros(1, np.int32), text_numbers))
        ends_of = np.cumsum(widths)
        # A text begins after the chunk that separates it from the last one.
        begins = ends_of[np.cumsum([0, *chunk_texts[:-1]])] if texts else ends_of[:1]
        chunk_starts = ends_of - widths - begins[text_numbers]
        token_ends = np.cumsum(counts)
        from_chunk = np.repeat(np.arange(len(numbers)), counts)
        in_chunk = np.arange(token_ends[-1]) - (token_ends - counts)[from_chunk]
        token = in_chunk + self._chunk_firsts.read()[numbers][from_chunk]
        start = chunk_starts[from_chunk]
        types = self._token_types.read()[token]
        texts_of = text_numbers[from_chunk]
        kinds = self._type_kinds.read()[types]
        run_firsts, run_lasts = find_runs(kinds)
        return Encoded(
            types,
            texts_of,
            (start + self._token_starts.read()[token]).astype(np.int32),
            (start + self._token_ends.read()[token]).astype(np.int32),
            find_flags(kinds, self._type_forms.read()[types], texts_of, len(self._forms)),
            run_firsts,
            run_lasts,
        )

    def _add_chunk(self, chunk: str) -> int:
        tokens = tokenise(chunk, self._countries)
        number = self._chunks_added
        self._chunks_added += 1
        self._chunk_firsts.append(self._tokens_added)
        self._chunk_counts.append(len(tokens))
        self._chunk_chars.append(len(chunk) - chunk.startswith("\n"))
        self._tokens_added += len(tokens)
        for token in tokens:
            self._token_types.append(self.type_of(token.text))
            self._token_starts.append(token.start)
            self._token_ends.append(token.end)
        return number


class _Missing(dict[str, int]):
    """A dictionary that makes what it does not have."""

    def __init__(self, make: Callable[[str], int], made: Mapping[str, int] = MappingProxyType({})) -> None:
        super().__init__(made)
        self._make = make

    def __missing__(self, key: str) -> int:
        number = self._make(key)
        if len(key) <= _MAX_KEPT_CHARS:
            self[key] = number
        return number


def _below(count: int, numbers: Mapping[str, int]) -> dict[str, int]:
    return {key: number for key, number in numbers.items() if number < count}
