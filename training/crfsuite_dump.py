"""The weights that crfsuite learned: a model file in, weights by feature and label out."""

import re
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pycrfsuite

Weights = dict[tuple[str, str], float]

_TRANSITION: Final = re.compile(r"^  \(1\) (\S+) --> (\S+): (-?[\d.]+)$")
_STATE: Final = re.compile(r"^  \(0\) (.*) --> (\S+): (-?[\d.]+)$")


def read_weights(model: Path) -> tuple[Weights, Weights]:
    """(of features by (name, label), of transitions by (label, next label))."""
    tagger = pycrfsuite.Tagger()
    tagger.open(str(model))
    with tempfile.NamedTemporaryFile(suffix=".txt") as dump:
        tagger.dump(dump.name)
        lines = Path(dump.name).read_text(encoding="utf-8").split("\n")
    state = {(m[1], m[2]): float(m[3]) for line in lines if (m := _STATE.match(line))}
    transitions = {(m[1], m[2]): float(m[3]) for line in lines if (m := _TRANSITION.match(line))}
    return state, transitions


def average(weights: Sequence[Weights]) -> Weights:
    """Of each weight the mean over all models; one that a model does not have is 0 there."""
    mean: Weights = defaultdict(float)
    for one in weights:
        for key, weight in one.items():
            mean[key] += weight / len(weights)
    return dict(mean)
