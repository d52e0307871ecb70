"""How sure a margin is: a tagger and documents it has not seen in, the two numbers of a logistic curve out."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from services.enrich.crf.tagger import CrfTagger
from training.bio import Document
from training.measuring import gold_encoder, wanted_marks

# What a model is compiled with before it is calibrated: every margin that occurs is within the bounds of a score.
UNCALIBRATED: Final = (0.02, 0.0)
_STEPS: Final = 50


def calibrate(tagger: CrfTagger, documents: Sequence[Document]) -> tuple[float, float]:
    """(slope, shift) so that 1 / (1 + exp(-(slope * margin + shift))) is the share of spans that are right.

    The tagger must be uncalibrated, so that a span's score gives its margin back.
    """
    encoder = gold_encoder(tagger)
    margins, right = [], []
    for document in documents:
        wanted = wanted_marks(document, encoder)
        for span in tagger.tag([document.text])[0]:
            score = min(max(span.score, 1e-12), 1 - 1e-12)
            margins.append(np.log(score / (1 - score)) / UNCALIBRATED[0])
            right.append((span.start, span.end, span.type) in wanted)
    x = np.stack((np.array(margins), np.ones(len(margins))), 1)
    y = np.array(right, float)
    weights = np.array([0.01, 0.5])
    for _ in range(_STEPS):
        likely = 1 / (1 + np.exp(-x @ weights))
        slope = x.T @ (y - likely)
        curve = (x * (likely * (1 - likely))[:, None]).T @ x + 1e-6 * np.eye(2)
        weights += np.linalg.solve(curve, slope)
    return float(weights[0]), float(weights[1])
