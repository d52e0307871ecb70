"""The compiled CRF: a file in, arrays of weights out. How it is made is in `training/`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from services.enrich.crf.features import CLASSES
from services.enrich.crf.lexicon import Lexicon

MODEL_PATH: Final = Path(__file__).parent.parent / "data" / "entity_model.npz"
FORMAT: Final = 1

LABELS: Final = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
# A word's features count for the tokens from two behind it to two before it, then for those of the run of capitals that
# it is the first word of, and those of the run that it is the last word of.
OFFSETS: Final = 7
RUN_FIRST, RUN_LAST = 5, 6
NEVER: Final = np.float32(-1e6)

Floats = npt.NDArray[np.float32]
Halves = npt.NDArray[np.float16]  # as stored: with single precision it would be 15 MB more
Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class EntityModel:
    """Weights by label, in the order of `LABELS`.

    `rows[n]` are those of the n-th feature of a word, by offset: at 0 for the token two behind the word, at 2 for the
    word's own, at 4 for the token two before it. The last one is of no feature, as is the last of `pair_rows`, which
    begin with the weights for the second word of a pair and go on with those for the first. `class_rows` are by the
    classes of a token and its neighbours, `flag_rows` by its flags and its class, `first_rows` and `last_rows` by the
    class of the first or last word of its run and its own, `edge_rows` for the first and the last token of a sentence.
    `common_rows` are the sums of `rows` for the words that most texts have, so that a new process need not make them.
    """

    version: str
    lexicon: Lexicon
    features: dict[str, int]
    rows: Halves
    pair_words: dict[str, int]
    pair_keys: npt.NDArray[np.int64]
    pair_rows: Halves
    class_rows: Floats
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
        lexicon = Lexicon(
            dict(zip(words, stored["lexicon_kinds"].tolist(), strict=True)),
            {word: small for word, small in zip(words, stored["lexicon_small"].tolist(), strict=True) if small >= 0},
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
            rows=_dense(stored, "rows", len(features) + 1, OFFSETS * len(LABELS)),
            pair_words=pair_numbers,
            pair_keys=pair_keys,
            pair_rows=_dense(stored, "pair_rows", len(pair_keys) + 1, 2 * len(LABELS)),
            class_rows=_class_rows(stored),
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


def _dense(stored: dict[str, npt.NDArray[Any]], name: str, height: int, width: int) -> Halves:
    dense = np.zeros((height, width), np.float16)
    counts = stored[f"{name}_counts"]
    dense[np.repeat(np.arange(len(counts)), counts), stored[f"{name}_columns"]] = stored[f"{name}_weights"]
    return dense


def _class_rows(stored: dict[str, npt.NDArray[Any]]) -> Floats:
    """Those of three classes with those of the two pairs in them added."""
    before, after = stored["class_before"].astype(np.float32), stored["class_after"].astype(np.float32)
    rows: Floats = before[:, :, None, :] + after[None, :, :, :]
    rows = rows.reshape(CLASSES**3, len(LABELS))
    rows[stored["class_keys"]] += stored["class_weights"]
    return rows


def constrained(transitions: Floats) -> Floats:
    """By label and next label; what is inside a name cannot follow anything but the same name."""
    constrained = transitions.copy()
    for before, label in enumerate(LABELS):
        for after, following in enumerate(LABELS):
            if following[0] == "I" and label[2:] != following[2:]:
                constrained[before, after] = NEVER
    return constrained
