"""The batched search against the plain one, on random scores."""

from itertools import product

import numpy as np
import pytest

from services.enrich.crf import decoder
from services.enrich.crf.decoder import best_labels
from services.enrich.crf.model import LABELS, NEVER, constrained

COUNT = len(LABELS)


def plain_best(scores: np.ndarray, transitions: np.ndarray) -> tuple[int, ...]:
    def score(path: tuple[int, ...]) -> float:
        steps = zip((0, *path), (*path, 0), strict=True)
        return float(scores[range(len(path)), path].sum() + sum(transitions[before, after] for before, after in steps))

    return max(product(range(COUNT), repeat=len(scores)), key=score)


@pytest.mark.parametrize("seed", range(5))
def test_best_path_is_found_in_each_sentence(seed: int) -> None:
    random = np.random.default_rng(seed)
    transitions = constrained(random.normal(0, 2, (COUNT, COUNT)).astype(np.float32))
    sentences = [random.normal(0, 3, (length, COUNT)).astype(np.float32) for length in (1, 4, 2, 4, 3)]
    sure = np.full((2, COUNT), -decoder.SURE, np.float32)
    sure[:, 0] = decoder.SURE
    scores = np.concatenate([part for sentence in sentences for part in (sure, sentence)])
    found = best_labels(scores, transitions, np.zeros(len(scores), np.int32)).tolist()
    for sentence in sentences:
        assert found[:2] == [0, 0]
        assert tuple(found[2 : 2 + len(sentence)]) == plain_best(sentence, transitions)
        found = found[2 + len(sentence) :]


def test_nothing_inside_a_name_follows_anything_but_the_name() -> None:
    transitions = constrained(np.zeros((COUNT, COUNT), np.float32))
    allowed = {(LABELS[a], LABELS[b]) for a, b in zip(*np.nonzero(transitions > NEVER), strict=True) if b}
    assert ("B-PER", "I-PER") in allowed
    assert ("I-ORG", "B-LOC") in allowed
    assert ("O", "I-PER") not in allowed
    assert ("B-LOC", "I-ORG") not in allowed


def test_long_run_is_bounded() -> None:
    scores = np.zeros((5 * decoder.MAX_RUN, COUNT), np.float32)
    scores[:, 1] = 1
    labels = best_labels(scores, constrained(np.zeros((COUNT, COUNT), np.float32)), np.zeros(len(scores), np.int32))
    assert set(labels.tolist()) == {1}


@pytest.mark.parametrize("count", [0, 1])
def test_few_tokens(count: int) -> None:
    scores, transitions = np.zeros((count, COUNT), np.float32), np.zeros((COUNT, COUNT), np.float32)
    assert len(best_labels(scores, transitions, np.zeros(count, np.int32))) == count
