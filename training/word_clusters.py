"""Clusters of words that are used alike: word vectors in, the table of the entity model out.

Spherical k-means (Dhillon and Modha 2001), first of the words, then of the clusters, so that a word's cluster tells its
group. Sizes were chosen on labelled texts: twice as many of both, and four times as many clusters, were no better.
"""

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from services.enrich.crf.word_clusters import WordClusters
from training.word_vectors import read_word_vectors

CLUSTERS, GROUPS = 512, 64
_ROUNDS: Final = 20
_FIRST_CENTRES_AMONG: Final = 60_000  # the commonest: vectors of rare words are noisy
_BLOCK: Final = 20_000  # words compared at a time, in 40 MB
_SEED: Final = 1

Rows = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]


def build_clusters(vectors: Path) -> WordClusters:
    words, wide = read_word_vectors(vectors)
    rows = wide.astype(np.float32)
    # By rank, more gently than by how often a word is used, or a few words would make all clusters.
    weights = (1 / np.sqrt(np.arange(len(words)) + 50)).astype(np.float32)
    numbers, centres = _k_means(rows, weights, CLUSTERS)
    mass = np.bincount(numbers, weights, minlength=CLUSTERS).astype(np.float32)
    groups, _ = _k_means(centres, mass, GROUPS)
    return WordClusters.make(words, numbers, groups)


def _k_means(rows: Rows, weights: Rows, count: int) -> tuple[Numbers, Rows]:
    """The number of each row's cluster, and the centres. Rows have length 1."""
    random = np.random.default_rng(_SEED)
    commonest = min(len(rows), _FIRST_CENTRES_AMONG)
    centres = rows[random.choice(commonest, count, replace=False)]
    for _ in range(_ROUNDS):
        blocks = (rows[first : first + _BLOCK] for first in range(0, len(rows), _BLOCK))
        numbers = np.concatenate([(block @ centres.T).argmax(1) for block in blocks])
        sums = np.zeros_like(centres)
        np.add.at(sums, numbers, rows * weights[:, None])
        lengths = np.linalg.norm(sums, axis=1)
        empty = lengths == 0
        sums[empty] = rows[random.choice(commonest, int(empty.sum()))]
        lengths[empty] = 1
        centres = sums / lengths[:, None]
    return numbers, centres
