"""Training from labelled lines to a compiled model; and that the decoder says what crfsuite says."""

from pathlib import Path

import numpy as np
import pycrfsuite
import pytest

from services.enrich.crf.decoder import Decoder, best_labels
from services.enrich.crf.encoder import Encoder
from services.enrich.crf.lexicon import BIT, Lexicon
from services.enrich.crf.model import LABELS, EntityModel
from services.enrich.crf.tokeniser import BREAK
from services.enrich.crf.word_clusters import WordClusters
from training.bio import Document, join, read_documents, recase
from training.compiling import compile_model
from training.corpus import Rows, label_tokens
from training.crfsuite_dump import read_weights

LINES = """-DOCSTART- O

The O
Bank B-ORG
of I-ORG
England I-ORG
said O
Ada B-PER
Lovelace I-PER
's O
aunt O
left O
London B-LOC
. O

Mr. B-PER
Smith I-PER
lives O
in O
the B-LOC
Hague I-LOC
, O
" O
he O
said O
. O
"""
LEXICON = Lexicon(
    {"london": BIT["cap"], "england": BIT["ctry1"], "bank": BIT["orgw"], "ada": BIT["first"]},
    {"bank": 3},
    WordClusters.make(("london", "england", "bank", "ada"), np.array([0, 1, 2, 3]), np.array([0, 0, 1, 2])),
)


def test_labelled_lines_become_running_text(tmp_path: Path) -> None:
    path = tmp_path / "some.conll"
    path.write_text(LINES, encoding="utf-8")
    [document] = read_documents(path)
    assert document.text == (
        "The Bank of England said Ada Lovelace's aunt left London. Mr. Smith lives in the Hague, \"he said."
    )
    assert [document.text[start:end] for start, end, _ in document.spans] == [
        "Bank of England", "Ada Lovelace", "London", "Mr. Smith", "the Hague"
    ]  # fmt: skip


def test_spans_have_no_article_and_no_title() -> None:
    document = Document("Mr. Smith lives in the Hague", ((0, 9, "PER"), (19, 28, "LOC")))
    encoder = Encoder(LEXICON)
    encoded = encoder.encode([document.text])
    labels = label_tokens(encoder, encoded, document)
    words = [encoder.words[number] for number in encoded.types]
    named = {word: label for word, label in zip(words, labels, strict=True) if label != "O"}
    assert named == {"Smith": "B-PER", "Hague": "B-LOC"}


@pytest.mark.parametrize(
    ("how", "text"), [("title", "Bank of England Cuts Rate"), ("upper", "BANK OF ENGLAND CUTS RATE")]
)
def test_headlines_keep_their_spans(how: str, text: str) -> None:
    headline = recase(Document("Bank of England cuts rate", ((0, 15, "ORG"),)), how)
    assert (headline.text, headline.spans) == (text, ((0, 15, "ORG"),))


def test_clusters_of_neighbours_are_features() -> None:
    rows = Rows(LEXICON)
    [(features, _)] = rows.sequences(Document("Ada met England", ()))
    assert {"cl=3@2", "cg=2@2", "cl=-1@3", "cg=0@4"} <= set(features[0])
    assert {"cl=3@1", "cl=1@3"} <= set(features[1])
    assert not any(feature.startswith("cl=1") for feature in features[0])


def test_compiled_model_says_what_crfsuite_says(tmp_path: Path) -> None:
    sentence = [line.rsplit(" ", 1) for line in LINES.split("\n\n")[1].splitlines()]
    other = [
        ("Ada", "B-PER"),
        ("met", "O"),
        ("Bank", "B-ORG"),
        ("officials", "O"),
        ("in", "O"),
        ("England", "B-LOC"),
        (".", "O"),
    ]
    documents = [join([[(token, label) for token, label in sentence]]), join([other])] * 4
    rows = Rows(LEXICON)
    trainer = pycrfsuite.Trainer(algorithm="ap", verbose=False)
    trainer.set_params({"max_iterations": 3, "feature.possible_transitions": 1})
    for document in documents:
        for features, labels in rows.sequences(document):
            trainer.append(pycrfsuite.ItemSequence(features), labels)
    trainer.train(str(tmp_path / "crfsuite"))
    state, transitions = read_weights(tmp_path / "crfsuite")
    compile_model(
        state, transitions, LEXICON,
        version="1", prune=0, calibration=(1, 0), common_words=[BREAK, "the", "London"], out=tmp_path / "model.npz",
    )  # fmt: skip

    model = EntityModel.load(tmp_path / "model.npz")
    crfsuite = pycrfsuite.Tagger()
    crfsuite.open(str(tmp_path / "crfsuite"))
    encoder = Encoder(model.lexicon, model.common_words)
    decoder = Decoder(model, encoder)
    for text in (documents[0].text, documents[1].text, "Ada of England met Bank officials. The Bank left."):
        encoded = encoder.encode([text])
        found = best_labels(decoder.emissions(encoded), model.transitions, encoded.texts)
        ours = [LABELS[label] for label, number in zip(found, encoded.types, strict=True) if number]
        theirs = [label for features, _ in rows.sequences(Document(text, ())) for label in crfsuite.tag(features)]
        assert ours == theirs
        assert {"B-PER", "B-ORG"} <= set(ours)
