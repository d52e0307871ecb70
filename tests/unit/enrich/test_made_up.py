"""Texts made up for training: their spans are names, and a name that is replaced is replaced everywhere."""

import random

from services.enrich.crf.model import EntityModel
from training.bio import Document
from training.crfsuite_dump import average
from training.made_up import Names, made_up_documents, with_other_names

LEXICON = EntityModel.load().lexicon


def test_made_up_texts_are_the_same_each_time_and_their_spans_are_names() -> None:
    made, again = (made_up_documents(LEXICON, 300, random.Random(1)) for _ in range(2))
    assert made == again
    assert {kind for document in made for _, _, kind in document.spans} == {"PER", "ORG", "LOC"}
    for document in made:
        assert "[" not in document.text
        assert "{" not in document.text
        for start, end, _ in document.spans:
            assert document.text[start:end].strip() == document.text[start:end] != ""


def test_other_names_are_the_same_wherever_the_name_stands() -> None:
    text = "Ada Lovelace left Rome. Lovelace likes Acme. Acme is in Rome."
    spans = [(0, 12, "PER"), (18, 22, "LOC"), (24, 32, "PER"), (39, 43, "ORG"), (45, 49, "ORG"), (56, 60, "LOC")]
    other = with_other_names(Document(text, tuple(spans)), LEXICON, Names(LEXICON, random.Random(1)).draw)
    person, rome, surname, acme, acme_again, rome_again = (other.text[start:end] for start, end, _ in other.spans)
    assert person.split(" ")[-1] == surname != "Lovelace"
    assert rome == rome_again
    assert acme == acme_again != "Acme"
    assert other.text == f"{person} left {rome}. {surname} likes {acme}. {acme} is in {rome}."


def test_the_average_of_weights_takes_a_missing_one_for_nothing() -> None:
    assert average([{("a", "O"): 2.0}, {("a", "O"): 4.0, ("b", "O"): 1.0}]) == {("a", "O"): 3.0, ("b", "O"): 0.5}
