"""What crfsuite learned, packed for the decoder: its weights in, the file `EntityModel.load` reads out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from services.enrich.crf.encoder import Encoder
from services.enrich.crf.features import CLASSES, NAME_CLASSES, own_features
from services.enrich.crf.lexicon import UNSEEN, Lexicon
from services.enrich.crf.model import FORMAT, LABELS, OFFSETS
from services.enrich.crf.places import FLAG_VALUES, SENTENCE_START

Array = np.ndarray[Any, Any]
Weights = Mapping[tuple[str, str], float]
# A capital word that the corpus never has in lower case is that much less likely outside, and the more so where a
# sentence begins: in today's news there are more unknown names than in the corpus. Chosen on held-out texts.
UNKNOWN_WORD_BIAS, UNKNOWN_START_BIAS = 10.0, 40.0
# What follows a name in "Washington-based" is never part of it, of which labelled texts have too few to tell.
HYPHENED_BIAS: Final = -200.0
_HYPHENED: Final = ("sh=-x@2",)
_UNKNOWN_WORD: Final = (f"sm={UNSEEN}@2", "sm=0@2")
OUTSIDE_LABEL: Final = LABELS[0]
_N: Final = len(LABELS)
_NUMBER: Final = {label: number for number, label in enumerate(LABELS)}


class _Tables:
    """Weights by what they are looked up with."""

    def __init__(self, state: Weights, least: float) -> None:
        self.rows: dict[str, Array] = {}
        self.pairs: dict[str, Array] = {}
        self.triples: dict[int, Array] = {}
        self.before, self.after = np.zeros((CLASSES, CLASSES, _N)), np.zeros((CLASSES, CLASSES, _N))
        self.run_ends = {kind: np.zeros((CLASSES, CLASSES, _N)) for kind in ("rf", "rl")}
        self.flags = np.zeros((FLAG_VALUES, CLASSES, _N))
        for (name, label), weight in state.items():
            column = _NUMBER[label]
            is_large = abs(weight) > least
            if name[-2:-1] == "@" and name[-1].isdigit():
                if is_large:
                    self.rows.setdefault(name[:-2], np.zeros(OFFSETS * _N))[int(name[-1]) * _N + column] = weight
            elif name[0] == "b":
                if is_large:
                    self.pairs.setdefault(name[2:], np.zeros(2 * _N))[column + _N * (name[1] == "+")] = weight
            else:
                kind = name.rstrip("0123456789 ")
                self._add(kind, tuple(map(int, name[len(kind) :].split(" "))), column, weight)

    def _add(self, kind: str, numbers: tuple[int, ...], column: int, weight: float) -> None:
        match kind:
            case "t":
                key = (numbers[0] * CLASSES + numbers[1]) * CLASSES + numbers[2]
                self.triples.setdefault(key, np.zeros(_N))[column] = weight
            case "u":
                self.before[*numbers, column] = weight
            case "v":
                self.after[*numbers, column] = weight
            case "f":
                self.flags[numbers[0], :, column] += weight
            case "fc":
                self.flags[*numbers, column] += weight
            case _:
                self.run_ends[kind][*numbers, column] = weight


def compile_model(
    state: Weights,
    transitions: Weights,
    lexicon: Lexicon,
    *,
    version: str,
    prune: float,
    calibration: tuple[float, ...],
    common_words: list[str],
    out: Path,
) -> None:
    """`state` by (feature, label), `transitions` by (label, next label). Weights within `prune` deviations of 0 go."""
    state = _with_bias(state)
    least = prune * float(np.std(np.fromiter(state.values(), float)))
    tables = _Tables(state, least)
    bias, fixed = gauge(np.array([[transitions.get((a, b), 0.0) for b in LABELS] for a in LABELS]))
    tables.flags += bias.sum(0)
    rows, pairs = tables.rows, tables.pairs
    names = sorted(rows)
    pair_words = sorted({word for pair in pairs for word in pair.split(" ")})
    number = {word: at for at, word in enumerate(pair_words)}
    keyed = sorted((number[a] * len(pair_words) + number[b], pair) for pair in pairs for a, b in [pair.split(" ")])
    words = sorted({*lexicon.kinds, *lexicon.small})
    kept = {key: row for key, row in tables.triples.items() if np.abs(row).max() > least}
    encoder = Encoder(lexicon, common_words)
    common_rows = np.zeros((len(common_words), OFFSETS * _N))
    for at, (word, word_class) in enumerate(zip(common_words, encoder.classes().tolist(), strict=True)):
        for name in own_features(word, word_class, lexicon):
            common_rows[at] += rows.get(name, 0)
    arrays = {
        "common_words": _blob(common_words),
        "common_rows": common_rows.astype(np.float16),
        "format": np.array(FORMAT),
        "version": np.array(version),
        "lexicon_words": _blob(words),
        "lexicon_kinds": np.array([lexicon.kinds.get(word, 0) for word in words], np.uint32),
        "lexicon_small": np.array([lexicon.small.get(word, UNSEEN) for word in words], np.int8),
        **lexicon.clusters.stored(),
        "features": _blob(names),
        **_sparse("rows", [rows[name] for name in names]),
        "pair_words": _blob(pair_words),
        "pair_steps": np.diff([key for key, _ in keyed], prepend=0).astype(np.uint32),
        **_sparse("pair_rows", [pairs[pair] for _, pair in keyed]),
        "class_before": tables.before.astype(np.float16),
        "class_after": tables.after.astype(np.float16),
        "class_keys": np.array(list(kept), np.int32),
        "class_weights": np.array(list(kept.values()), np.float16),
        "first_rows": tables.run_ends["rf"].reshape(-1, _N).astype(np.float16),
        "last_rows": tables.run_ends["rl"].reshape(-1, _N).astype(np.float16),
        "flag_rows": tables.flags.reshape(-1, _N).astype(np.float16),
        "transitions": fixed.astype(np.float32),
        "edge_rows": -bias.astype(np.float32),
        "calibration": np.array(calibration),
    }
    np.savez_compressed(out, allow_pickle=False, **arrays)


def _with_bias(state: Weights) -> Weights:
    biased = dict(state)
    starts = [f"fc{flags} {name}" for flags in range(FLAG_VALUES) if flags & SENTENCE_START for name in NAME_CLASSES]
    biases = ((_UNKNOWN_WORD, UNKNOWN_WORD_BIAS), (starts, UNKNOWN_START_BIAS), (_HYPHENED, HYPHENED_BIAS))
    for features, bias in biases:
        for feature in features:
            biased[feature, OUTSIDE_LABEL] = biased.get((feature, OUTSIDE_LABEL), 0.0) - bias
    return biased


def gauge(transitions: Array) -> tuple[Array, Array]:
    """((incoming, outgoing) by label, transitions): the same scores, with as much as can be on the tokens themselves.

    Whatever lies outside then costs nothing to enter or leave, so that a token's own scores tell whether it is clear.
    """
    incoming, outgoing = transitions[0].copy(), transitions[:, 0] - transitions[0, 0]
    for inside in range(2, _N, 2):
        incoming[inside] = transitions[inside - 1, inside] - outgoing[inside - 1]
    return np.stack((incoming, outgoing)), transitions - outgoing[:, None] - incoming[None, :]


def _blob(words: list[str]) -> Array:
    return np.frombuffer("\0".join(words).encode(), np.uint8)


def _sparse(name: str, dense: list[Array]) -> dict[str, Array]:
    columns = [np.flatnonzero(row) for row in dense]
    return {
        f"{name}_counts": np.array([len(at) for at in columns], np.uint8),
        f"{name}_columns": np.concatenate(columns).astype(np.uint8),
        f"{name}_weights": np.concatenate([row[at] for row, at in zip(dense, columns, strict=True)]).astype(np.float16),
    }
