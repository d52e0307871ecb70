"""The compiled CRF: a file in, arrays of weights out. How it is made is in `training/`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from services.enrich.crf.features import CLASSES
from services.enrich.crf.lexicon import Lexicon
from services.enrich.crf.word_clusters import WordClusters

MODEL_PATH: Final = Path(__file__).parent.parent / "data" / "entity_model.npz"
FORMAT: Final = 2

LABELS: Final = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
# A word's features count for the tokens from two behind it to two before it, then for those of the run of capitals that
# it is the first word of, and those of the run that it is the last word of.
OFFSETS: Final = 7
RUN_FIRST, RUN_LAST = 5, 6
NEVER: Final = np.float32(-1e6)

Floats = npt.NDArray[np.float32]
Halves = npt.NDArray[np.float16]  # as stored: with single precision it would be 15 MB more
Places = npt.NDArray[np.int64]
Stored = Mapping[str, npt.NDArray[Any]]
_SIDES: Final = ("before", "after")


@dataclass(frozen=True, slots=True)
class SparseRows:
    """Rows of weights of which most are 0. Those of row n are from `firsts[n]` to before `firsts[n + 1]`."""

    width: int
    firsts: Places
    columns: npt.NDArray[np.uint8]
    weights: Halves

    @classmethod
    def read(cls, stored: Stored, name: str, width: int) -> Self:
        firsts = np.append(0, np.cumsum(stored[f"{name}_counts"], dtype=np.int64))
        return cls(width, firsts, stored[f"{name}_columns"], stored[f"{name}_weights"])

    def sums(self, rows: Places, of: Places, count: int) -> Floats:
        """`count` rows, the n-th the sum of those of `rows` that are `of` n."""
        counts = self.firsts[rows + 1] - self.firsts[rows]
        taken = np.repeat(np.arange(len(rows)), counts)
        places = np.arange(len(taken)) + (self.firsts[rows] - np.cumsum(counts) + counts)[taken]
        sums = np.zeros(count * self.width, np.float32)
        np.add.at(sums, of[taken] * self.width + self.columns[places], self.weights[places].astype(np.float32))
        return sums.reshape(count, self.width)


@dataclass(frozen=True, slots=True)
class ClassRows:
    """Weights for the classes of a token and its two neighbours: of the two pairs, and of the three where they matter.

    `number` has the row of `weights` of each three, the first where they have none. A row for each takes 6 MB more.
    """

    before: Floats
    after: Floats
    number: npt.NDArray[np.int32]
    weights: Floats

    @classmethod
    def read(cls, stored: Stored) -> Self:
        keys, weights = stored["class_keys"], stored["class_weights"].astype(np.float32)
        number = np.zeros(CLASSES**3, np.int32)
        number[keys] = np.arange(1, len(keys) + 1)
        before, after = (stored[f"class_{side}"].astype(np.float32).reshape(-1, len(LABELS)) for side in _SIDES)
        return cls(before, after, number, np.concatenate((np.zeros((1, len(LABELS)), np.float32), weights)))

    def of(self, classes: Places) -> Floats:
        """A row for each token but the first and the last."""
        before = classes[:-2] * CLASSES + classes[1:-1]
        after = classes[1:-1] * CLASSES + classes[2:]
        rows: Floats = self.before.take(before, 0)
        rows += self.after.take(after, 0)
        rows += self.weights.take(self.number.take(before * CLASSES + classes[2:]), 0)
        return rows


@dataclass(frozen=True, slots=True)
class EntityModel:
    """Weights by label, in the order of `LABELS`.

    `rows` has those of the features of a word, by offset: at 0 for the token two behind the word, at 2 for the word's
    own, at 4 for the token two before it. `pair_rows` begin with the weights for the second word of a pair and go on
    with those for the first; the last one is of no pair. `class_rows` has those of a token's class and its neighbours',
    `flag_rows` by its flags and its class, `first_rows` and `last_rows` by the class of the first or last word of its
    run and its own, `edge_rows` for the first and the last token of a sentence. `common_rows` are the sums of `rows`
    for the words that most texts have, so that a new process need not make them.
    """

    version: str
    lexicon: Lexicon
    features: dict[str, int]
    rows: SparseRows
    pair_words: dict[str, int]
    pair_keys: npt.NDArray[np.int64]
    pair_rows: Halves
    class_rows: ClassRows
    flag_rows: Floats
    first_rows: Floats
    last_rows: Floats
    transitions: Floats
    edge_rows: Floats
    calibration: tuple[float, ...]
    common_words: list[str]
    common_rows: Halves
    common_pair_words: npt.NDArray[np.int64]

    @classmethod
    def load(cls, path: Path = MODEL_PATH) -> Self:
        """Raises ValueError for a file of another format, OSError for one that cannot be read."""
        with np.load(path) as arrays:
            stored = {name: arrays[name] for name in arrays.files}
        if int(stored["format"]) != FORMAT:
            raise ValueError(f"{path.name} has format {stored['format']}, not {FORMAT}")
        words = _words(stored["lexicon_words"])
        kinds, kinds_of = np.unique(stored["lexicon_kinds"], return_inverse=True)
        lexicon = Lexicon(
            # One number in memory for all the words of the same kinds.
            dict(zip(words, map(kinds.tolist().__getitem__, kinds_of.tolist()), strict=True)),
            {word: small for word, small in zip(words, stored["lexicon_small"].tolist(), strict=True) if small >= 0},
            WordClusters.read(stored),
        )
        features = _words(stored["features"])
        pair_words = _words(stored["pair_words"])
        pair_keys = np.cumsum(stored["pair_steps"], dtype=np.int64)
        pair_numbers = {word: number for number, word in enumerate(pair_words)}
        common_words = _words(stored["common_words"])
        return cls(
            version=str(stored["version"]),
            lexicon=lexicon,
            features={name: number for number, name in enumerate(features)},
            rows=SparseRows.read(stored, "rows", OFFSETS * len(LABELS)),
            pair_words=pair_numbers,
            pair_keys=pair_keys,
            pair_rows=_dense(stored, "pair_rows", len(pair_keys) + 1, 2 * len(LABELS)),
            class_rows=ClassRows.read(stored),
            flag_rows=stored["flag_rows"].astype(np.float32),
            first_rows=stored["first_rows"].astype(np.float32),
            last_rows=stored["last_rows"].astype(np.float32),
            transitions=constrained(stored["transitions"].astype(np.float32)),
            edge_rows=stored["edge_rows"],
            calibration=tuple(stored["calibration"].tolist()),
            common_words=common_words,
            common_rows=stored["common_rows"].reshape(-1, OFFSETS, len(LABELS)).swapaxes(0, 1),
            common_pair_words=np.array([pair_numbers.get(word, -1) for word in common_words], np.int64),
        )


def _words(blob: npt.NDArray[np.uint8]) -> list[str]:
    return blob.tobytes().decode("utf-8").split("\0")


def _dense(stored: Stored, name: str, height: int, width: int) -> Halves:
    dense = np.zeros((height, width), np.float16)
    counts = stored[f"{name}_counts"]
    dense[np.repeat(np.arange(len(counts)), counts), stored[f"{name}_columns"]] = stored[f"{name}_weights"]
    return dense


def constrained(transitions: Floats) -> Floats:
    """By label and next label; what is inside a name cannot follow anything but the same name."""
    constrained = transitions.copy()
    for before, label in enumerate(LABELS):
        for after, following in enumerate(LABELS):
            if following[0] == "I" and label[2:] != following[2:]:
                constrained[before, after] = NEVER
    return constrained
