"""Clusters of words: what is used alike is together, and a table survives its file."""

import json
from pathlib import Path

import numpy as np
import pytest

from services.enrich.crf import word_clusters
from services.enrich.crf.word_clusters import NO_CLUSTERS, UNKNOWN, WordClusters
from training import word_clusters as training

WORDS = ("paris", "lagos", "são", "ada", "obi")


def test_table_is_read_as_it_was_stored(tmp_path: Path) -> None:
    made = WordClusters.make(WORDS, np.array([2, 2, 0, 1, 1]), np.array([0, 1, 1]))
    np.savez_compressed(tmp_path / "table.npz", allow_pickle=False, **made.stored())
    with np.load(tmp_path / "table.npz") as stored:
        read = WordClusters.read(stored)
    for table in (made, read):
        assert [table.of(word) for word in WORDS] == [(2, 1), (2, 1), (0, 0), (1, 1), (1, 1)]
        assert table.of("unheard") == (UNKNOWN, UNKNOWN)
        assert table.of("\ud800") == (UNKNOWN, UNKNOWN)


def test_first_of_two_words_with_one_check_sum_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_clusters, "_check", len)
    table = WordClusters.make(("paris", "lagos", "ada"), np.array([0, 1, 1]), np.array([0, 1]))
    assert [table.of(word) for word in ("paris", "lagos", "ada")] == [(0, 0), (0, 0), (1, 1)]


def test_no_table_knows_no_word() -> None:
    assert NO_CLUSTERS.of("paris") == (UNKNOWN, UNKNOWN)


def test_words_with_like_vectors_share_cluster_and_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three bundles of which two are near each other."""
    monkeypatch.setattr(training, "CLUSTERS", 3)
    monkeypatch.setattr(training, "GROUPS", 2)
    random = np.random.default_rng(5)
    bundles = {"a": (1.0, 0.0, 0.1), "b": (1.0, 0.6, 0.1), "c": (0.0, 0.0, 1.0)}
    vectors = {
        f"{bundle}{number}": [*(np.array(centre) + random.normal(0, 0.02, 3)).tolist(), 0.0]
        for number in range(8)
        for bundle, centre in bundles.items()
    }
    path = tmp_path / "vectors.json"
    path.write_text(json.dumps({"words": list(vectors), "vectors": vectors, "dimensions": 3}), encoding="utf-8")
    table = training.build_clusters(path)
    cluster_of = {bundle: {table.of(word)[0] for word in vectors if word[0] == bundle} for bundle in bundles}
    assert all(len(clusters) == 1 for clusters in cluster_of.values())
    assert len(set.union(*cluster_of.values())) == 3
    assert table.of("a0")[1] == table.of("b0")[1] != table.of("c0")[1]
