"""What all the words of an article together say of its media topics: words in, a probability of each media topic out.

A lexicon sees the words it has. Most subjects are told by many words that say little by themselves; here each of 40,000
common words has a weight for each media topic, made from word vectors by `training/media_topics.py`.
"""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import numpy as np
import numpy.typing as npt

TOPIC_MODEL_PATH: Final = Path(__file__).parent / "data" / "topic_model.npz"
# The information of some ten words of a headline: with so much, half of what the model says is believed.
HALF_BELIEVED: Final = 60.0

# Words as `MediaTopicTagger.words` gives them, and what each of them counts. Those in capitals are left to the lexicon.
Counts = tuple[Sequence[str], float]
Number = TypeVar("Number", float, npt.NDArray[np.floating[Any]])
Floats = npt.NDArray[np.floating[Any]]


def saturated(counts: Number) -> Number:
    """1 for a word met once in the rest of the body, less than 2 however often: repetition says little."""
    return 2 * counts / (counts + 1)


class TopicModel:
    """Softmax regression on the mean of the words' vectors, with the vectors already multiplied by its weights.

    `rows` are those products by word and media topic, `information` what a word counts in the mean, `bias` a constant
    for each media topic.
    """

    def __init__(
        self, words: Sequence[str], rows: npt.NDArray[np.int8], scale: float, information: Floats, bias: Floats
    ) -> None:
        digest = hashlib.blake2b(digest_size=4)
        for part in (
            "\n".join(words).encode(),
            rows.tobytes(),
            information.tobytes(),
            bias.tobytes(),
            str(scale).encode(),
        ):
            digest.update(part)
        self.digest: Final = digest.hexdigest()
        self._numbers = {word: number for number, word in enumerate(words)}
        self._rows, self._scale, self._information, self._bias = rows, scale, information, bias

    @classmethod
    def load(cls, path: Path = TOPIC_MODEL_PATH) -> Self:
        with np.load(path) as file:
            words = file["words"].tobytes().decode().split("\n")
            return cls(words, file["rows"], float(file["scale"]), file["information"], file["bias"])

    def save(self, path: Path) -> None:
        words = np.frombuffer("\n".join(self._numbers).encode(), np.uint8)
        np.savez_compressed(
            path, words=words, rows=self._rows, scale=self._scale, information=self._information, bias=self._bias
        )

    def probabilities(self, texts: Iterable[Counts]) -> list[float]:
        """Of each top-level media topic; they sum up to 1, and to less for a text of few words that tell anything."""
        found: list[int] = []
        weights: list[float] = []
        lengths: list[int] = []
        for words, weight in texts:
            before = len(found)
            found += [number for number in map(self._numbers.get, words) if number is not None]
            weights.append(weight)
            lengths.append(len(found) - before)
        numbers, places = np.unique(np.array(found, np.int64), return_inverse=True)
        counts = np.bincount(places, np.repeat(weights, lengths), len(numbers)).astype(np.float64)
        counts = saturated(counts) * self._information[numbers]
        total = float(counts.sum())
        if not total:
            return [0.0] * len(self._bias)
        sums = counts @ self._rows[numbers].astype(np.float64) * (self._scale / total) + self._bias
        odds = np.exp(sums - sums.max())
        shares: list[float] = (odds / odds.sum() * (total / (total + HALF_BELIEVED))).tolist()
        return shares
