from pathlib import Path

import numpy as np
import pytest

from schemas.media_topics import TOP_LEVEL_MEDIA_TOPICS
from services.enrich.topic_model import TopicModel
from training.media_topics import ITEM_WEIGHT, Example, Vectors, compile_model, train

SPORT, WEATHER = 14, 16
SPORT_WORDS, WEATHER_WORDS, COMMON = ("goal", "striker", "referee"), ("rain", "gale", "frost"), ("with",)


@pytest.fixture(scope="module")
def model() -> TopicModel:
    """Of three words of sport that are much alike, three of weather, and one that tells nothing."""
    words = (*SPORT_WORDS, *WEATHER_WORDS, *COMMON)
    rows = np.array([[1.0, 0.1 * n, 0.0] for n in range(3)] + [[0.0, 0.1 * n, 1.0] for n in range(3)] + [[0.5, 0, 0.5]])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    vectors = Vectors({word: number for number, word in enumerate(words)}, rows, np.array([5.0] * 6 + [0.0]))
    # "referee" and "frost" are never seen: they are told by the words that they are like.
    items = [
        Example([(["goal", "striker"], 3.0)], SPORT, ITEM_WEIGHT),
        Example([(["rain", "gale"], 3.0)], WEATHER, 1.0),
    ]
    return compile_model(vectors, *train(items * 20, [], vectors))


def best(probabilities: list[float]) -> int:
    return max(range(len(probabilities)), key=probabilities.__getitem__)


def test_words_are_told_by_those_that_they_are_like(model: TopicModel) -> None:
    assert best(model.probabilities([(["referee"], 3.0)])) == SPORT
    assert best(model.probabilities([(["frost"], 3.0)])) == WEATHER


def test_a_part_that_counts_more_outweighs_another(model: TopicModel) -> None:
    assert best(model.probabilities([(["goal"], 3.0), (["rain"], 1.0)])) == SPORT
    assert best(model.probabilities([(["goal"], 1.0), (["rain"], 3.0)])) == WEATHER


def test_a_text_of_few_words_is_believed_less(model: TopicModel) -> None:
    short, long = (model.probabilities([(words, 3.0)]) for words in (["goal"], ["goal", "striker", "referee"]))
    assert sum(short) < sum(long) < 1
    assert short[SPORT] < long[SPORT]


@pytest.mark.parametrize("texts", [[], [([], 3.0)], [(["unknown"], 3.0)], [(["with"], 3.0)]])
def test_a_text_without_a_word_that_tells_anything_has_no_probability(
    model: TopicModel, texts: list[tuple[list[str], float]]
) -> None:
    assert model.probabilities(texts) == [0.0] * 17


def test_a_saved_model_is_the_same(model: TopicModel, tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    model.save(path)
    again = TopicModel.load(path)
    texts = [(["goal", "frost"], 1.5)]
    assert (again.digest, again.probabilities(texts)) == (model.digest, model.probabilities(texts))


def test_the_model_that_is_shipped_knows_common_words_and_no_others() -> None:
    model = TopicModel.load()
    assert TOP_LEVEL_MEDIA_TOPICS[best(model.probabilities([(["parliament", "coalition"], 3.0)]))].slug == "politics"
    assert sum(model.probabilities([(["qwxzzy"], 3.0)])) == 0
