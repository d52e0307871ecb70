"""Words that are used alike: a word in, the number of its cluster out.

Texts with labels have few of the names of tomorrow's news. Clusters tell of a name that none of them has whether it is
used like those of persons, firms or towns. Made from word vectors by `training/word_clusters.py`.
"""

import zlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

UNKNOWN: Final = -1

Array = npt.NDArray[Any]


class WordClusters:
    """The cluster of each word by its check sum (CRC-32), and the group that each cluster belongs to.

    With check sums 340,000 words take 2 MB, as a dictionary 40. One word in 12,000 that the table does not have is
    taken for one that it has. It holds views of arrays, so it cannot be pickled: each process loads its own.
    """

    def __init__(self, checks: Array, clusters: Array, groups: Array) -> None:
        """`checks` are sorted, `clusters` in the same order; `groups` by cluster."""
        # Views give plain numbers, in half the time.
        self._checks = checks.data
        self._clusters = clusters.data
        self._groups = groups.data

    @classmethod
    def make(cls, words: Sequence[str], clusters: Array, groups: Array) -> Self:
        checks, firsts = np.unique(np.array(list(map(_check, words)), np.uint32), return_index=True)
        return cls(checks, clusters.astype(np.uint16)[firsts], groups.astype(np.uint8))

    @classmethod
    def read(cls, stored: Mapping[str, Array]) -> Self:
        return cls(np.cumsum(stored["cluster_steps"], dtype=np.uint32), stored["clusters"], stored["cluster_groups"])

    def stored(self) -> dict[str, Array]:
        """What `read` takes. The steps from one check sum to the next can be compressed."""
        checks = np.asarray(self._checks)
        return {
            "cluster_steps": np.diff(checks, prepend=checks.dtype.type(0)),
            "clusters": np.asarray(self._clusters),
            "cluster_groups": np.asarray(self._groups),
        }

    def of(self, word: str) -> tuple[int, int]:
        """(cluster, group) of a word in lower case."""
        check = _check(word)
        place = bisect_left(self._checks, check)
        if place == len(self._checks) or self._checks[place] != check:
            return UNKNOWN, UNKNOWN
        cluster = self._clusters[place]
        return cluster, self._groups[cluster]


def _check(word: str) -> int:
    return zlib.crc32(word.encode("utf-8", "surrogatepass"))


NO_CLUSTERS: Final = WordClusters.make((), np.zeros(0), np.zeros(0))
