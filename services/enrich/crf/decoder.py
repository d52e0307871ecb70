"""The labels of tokens: encoded texts in, the best path of labels out, all in arrays."""

from typing import Final

import numpy as np
import numpy.typing as npt

from services.enrich.crf.encoder import Encoded, Encoder
from services.enrich.crf.features import CLASSES, own_features
from services.enrich.crf.model import LABELS, OFFSETS, RUN_FIRST, RUN_LAST, EntityModel
from services.enrich.crf.places import Ints

OUTSIDE: Final = 0
# A token this much better outside than in any name is outside, unless names are close on both sides. Against the search
# over whole sentences this costs .004 of F1; a single article takes a quarter of the time, a large batch the same.
CLEAR_MARGIN: Final = 60.0
MAX_GAP: Final = 4  # "of the", which are clear by themselves, but may be inside a name
MAX_RUN: Final = 256  # tokens looked at together; no name is as long

GROWTH: Final = 1.25
_BLOCK: Final = 2_000  # new types made at a time, in 4 MB
_N: Final = len(LABELS)
SURE: Final = np.float32(1e4)

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


class TypeRows:
    """The weights of each type of an encoder, made when the type first occurs."""

    def __init__(self, model: EntityModel, encoder: Encoder) -> None:
        self._model = model
        self._encoder = encoder
        self._rows: Floats = np.zeros((OFFSETS, 0, _N), np.float32)
        self._pair_words = np.zeros(0, np.int64)
        self._length = 0

    def clear(self) -> None:
        """To be called when the encoder is cleared."""
        self._length = min(self._length, len(self._model.common_words))

    def read(self) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Weights by offset, type and label; and the number of each type among the words of pairs, or -1."""
        words = self._encoder.words
        if self._length < len(words):
            if len(words) > len(self._pair_words):
                known = self._rows[:, : self._length]
                room = int(GROWTH * len(words))
                self._rows = np.zeros((OFFSETS, room, _N), np.float32)
                self._rows[:, : self._length] = known
                self._pair_words = np.resize(self._pair_words, room)
            if not self._length:
                self._length = len(self._model.common_words)
                self._rows[:, : self._length] = self._model.common_rows
                self._pair_words[: self._length] = self._model.common_pair_words
            classes = self._encoder.classes()
            pair_number = self._model.pair_words.get
            for first in range(self._length, len(words), _BLOCK):
                new = words[first : first + _BLOCK]
                block = slice(first, first + len(new))
                self._rows[:, block] = self._weigh(new, classes[block].tolist())
                self._pair_words[block] = [pair_number(word, -1) for word in new]
            self._length = len(words)
        return self._rows, self._pair_words

    def _weigh(self, words: list[str], classes: list[int]) -> Floats:
        known = self._model.features.get
        lexicon = self._model.lexicon
        found: list[int] = []
        of_word: list[int] = []
        for number, (word, word_class) in enumerate(zip(words, classes, strict=True)):
            rows = [row for row in map(known, own_features(word, word_class, lexicon)) if row is not None]
            found += rows
            of_word += [number] * len(rows)
        sums = self._model.rows.sums(np.array(found, np.int64), np.array(of_word, np.int64), len(words))
        return sums.reshape(-1, OFFSETS, _N).swapaxes(0, 1)


class Decoder:
    def __init__(self, model: EntityModel, encoder: Encoder) -> None:
        self._model = model
        self._encoder = encoder
        self.type_rows = TypeRows(model, encoder)

    def emissions(self, encoded: Encoded) -> Floats:
        """The score of each label for each token by itself; a BREAK is surely outside."""
        model, types = self._model, encoded.types
        rows, pair_words = self.type_rows.read()
        count = len(types)
        scores: Floats = rows[2].take(types, 0)
        for offset in (0, 1, 3, 4):
            away = offset - 2
            # A word's weights at offset 0 are for the token that has it two places before.
            source = types[: count + away] if away < 0 else types[away:]
            target = scores[-away:] if away < 0 else scores[: count - away]
            target += rows[offset].take(source, 0)
        classes = self._encoder.classes()[types].astype(np.int64)
        scores[1:-1] += model.class_rows.of(classes)
        for offset, places, by_class in (
            (RUN_FIRST, encoded.run_firsts, model.first_rows),
            (RUN_LAST, encoded.run_lasts, model.last_rows),
        ):
            in_run = np.flatnonzero(places)
            words = places[in_run]
            scores[in_run] += rows[offset].take(types[words], 0)
            scores[in_run] += by_class.take(classes[words] * CLASSES + classes[in_run], 0)
        scores += model.flag_rows.take(encoded.flags * CLASSES + classes, 0)
        self._add_pairs(scores, pair_words[types])
        is_break = types == 0
        after = np.flatnonzero(is_break[:-1] & ~is_break[1:]) + 1
        before = np.flatnonzero(is_break[1:] & ~is_break[:-1])
        first, last = model.edge_rows
        scores[after] += first
        scores[before] += last
        scores[is_break] = -SURE
        scores[is_break, OUTSIDE] = SURE
        return scores

    def _add_pairs(self, scores: Floats, words: npt.NDArray[np.int64]) -> None:
        model = self._model
        firsts = np.flatnonzero((words[:-1] >= 0) & (words[1:] >= 0))
        keys = words[firsts] * len(model.pair_words) + words[firsts + 1]
        at = np.searchsorted(model.pair_keys, keys)
        hit = model.pair_keys.take(at, mode="clip") == keys
        firsts, rows = firsts[hit], model.pair_rows[at[hit]]
        scores[firsts] += rows[:, _N:]
        scores[firsts + 1] += rows[:, :_N]


def best_labels(scores: Floats, transitions: Floats, texts: Ints) -> Labels:
    """The best label of each token, by Viterbi over all the runs that are not clearly outside at the same time.

    `texts` has the number of each token's text: no run goes from one to the next.
    """
    labels = np.zeros(len(scores), np.int64)
    # By label first: the greatest of each token's seven would take fifteen times as long.
    unclear = scores[:, OUTSIDE] - scores[:, 1:].T.copy().max(0) < CLEAR_MARGIN
    edges = _bridge(np.flatnonzero(np.diff(unclear, prepend=False, append=False)), texts)
    starts, lengths = _cut_runs(edges[::2], edges[1::2] - edges[::2])
    order = np.argsort(-lengths, kind="stable")
    starts, lengths = starts[order], lengths[order]
    if not len(starts):
        return labels
    longest = int(lengths[0])
    # How many runs are longer than each number of tokens: as they are sorted, these are the first ones.
    longer = np.searchsorted(-lengths, -np.arange(longest), side="left")
    # Of the paths to a token, by its label.
    best = np.zeros((len(scores), _N), np.float32)
    best[starts] = scores[starts] + transitions[OUTSIDE]
    for step in range(1, longest):
        here = starts[: longer[step]] + step
        paths = best[here - 1].T[:, None] + transitions[:, :, None]  # by label, next label and run
        best[here] = paths.max(0).T + scores[here]
    ends = starts + lengths - 1
    at = (best[ends] + transitions[:, OUTSIDE]).argmax(1)
    labels[ends] = at
    for back in range(1, longest):
        here = ends[: longer[back]] - back
        at = (best[here] + transitions.T[at[: longer[back]]]).argmax(1)
        labels[here] = at
    return labels


def _bridge(edges: Labels, texts: Ints) -> Labels:
    """Starts and ends of runs in turn, without those between two runs so close that one name may be in both."""
    if len(edges) < 4:
        return edges
    inner = edges[1:-1].reshape(-1, 2)
    apart = (inner[:, 1] - inner[:, 0] > MAX_GAP) | (texts[inner[:, 1]] != texts[inner[:, 0] - 1])
    return np.concatenate((edges[:1], inner[apart].ravel(), edges[-1:]))


def _cut_runs(starts: Labels, lengths: Labels) -> tuple[Labels, Labels]:
    """The runs with those longer than `MAX_RUN` in pieces."""
    if not len(lengths) or lengths.max() <= MAX_RUN:
        return starts, lengths
    pieces = -(-lengths // MAX_RUN)
    of_run = np.repeat(np.arange(len(starts)), pieces)
    piece = np.arange(len(of_run)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    cut_starts = starts[of_run] + piece * MAX_RUN
    return cut_starts, np.minimum(MAX_RUN, (starts + lengths)[of_run] - cut_starts)
