"""The CRF behind the `EntityTagger` interface: texts in, spans out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import numpy as np

from schemas.enriched import EntityType
from services.enrich.crf.decoder import OUTSIDE, Decoder, Floats, Labels, best_labels
from services.enrich.crf.encoder import Encoded, Encoder
from services.enrich.crf.lexicon import BIT
from services.enrich.crf.model import LABELS, MODEL_PATH, EntityModel
from services.enrich.entities import Span

# Texts looked at together: more take more memory, fewer more time.
BATCH_CHARS: Final = 150_000

MAX_LOG_ODDS: Final = 20.0

_TYPES: Final = (EntityType.PERSON, EntityType.ORGANISATION, EntityType.PLACE)
_PLACE: Final = 2
# A demonym may be a small town's name, as "American" is, and means its people all the same.
_MAJOR_PLACE: Final = BIT["ctry1"] | BIT["cap"] | BIT["state"]
_BEGINS: Final = np.array([label[0] == "B" for label in LABELS])
_TYPE_OF: Final = np.array([-1, 0, 0, 1, 1, 2, 2])


class CrfTagger:
    """Keeps what it has looked up of words and chunks, some 40 MB at most, and begins again when that is full."""

    name: Final = "newsflow-crf-en"
    languages: Final = frozenset({"en"})

    def __init__(self, model: EntityModel) -> None:
        self.version: Final = model.version
        self.lexicon: Final = model.lexicon
        self._model = model
        self._encoder = Encoder(model.lexicon, model.common_words)
        self._decoder = Decoder(model, self._encoder)

    @classmethod
    def load(cls, path: Path = MODEL_PATH) -> Self:
        return cls(EntityModel.load(path))

    def tag(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        found: list[tuple[Span, ...]] = []
        batch: list[str] = []
        chars = 0
        for text in texts:
            if batch and chars + len(text) > BATCH_CHARS:
                found += self._tag_batch(batch)
                batch, chars = [], 0
            batch.append(text)
            chars += len(text)
        return found + self._tag_batch(batch) if batch else found

    def _tag_batch(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        if self._encoder.is_full:
            self._encoder.clear()
            self._decoder.type_rows.clear()
        encoded = self._encoder.encode(texts)
        scores = self._decoder.emissions(encoded)
        labels = best_labels(scores, self._model.transitions, encoded.texts)
        return self._spans(encoded, labels, scores, len(texts))

    def _spans(self, encoded: Encoded, labels: Labels, scores: Floats, text_count: int) -> list[tuple[Span, ...]]:
        found: list[list[Span]] = [[] for _ in range(text_count)]
        named = np.flatnonzero(labels != OUTSIDE)
        if not len(named):
            return [() for _ in range(text_count)]
        types = _TYPE_OF[labels[named]]
        firsts = np.flatnonzero(_BEGINS[labels[named]])
        lasts = np.append(firsts[1:], len(named)) - 1
        margins = _margins(scores[named], firsts, types[firsts])
        slope, shift = self._model.calibration
        certain = 1 / (1 + np.exp(-np.clip(slope * margins.astype(np.float64) + shift, -MAX_LOG_ODDS, MAX_LOG_ODDS)))
        for text, start, end, last, kind, score in zip(
            encoded.texts[named[firsts]].tolist(),
            encoded.starts[named[firsts]].tolist(),
            encoded.ends[named[lasts]].tolist(),
            encoded.types[named[lasts]].tolist(),
            types[firsts].tolist(),
            certain.tolist(),
            strict=True,
        ):
            if kind != _PLACE or not self._is_demonym(last):
                found[text].append(Span(start, end, _TYPES[kind], score))
        return [tuple(spans) for spans in found]

    def _is_demonym(self, number: int) -> bool:
        """True for the last word of "Central American", which names no place but its people."""
        kinds = self.lexicon.kinds.get(self._encoder.words[number].lower(), 0)
        return kinds & BIT["dem"] != 0 and not kinds & _MAJOR_PLACE


def _margins(scores: Floats, firsts: Labels, types: Labels) -> Floats:
    """By how much each span is better with its type than with another or none, as the scores of its tokens tell."""
    inside = scores[:, 2::2].copy()
    inside[firsts] = scores[firsts, 1::2]
    by_type = np.add.reduceat(np.concatenate((scores[:, :1], inside), 1), firsts)
    spans = np.arange(len(firsts))
    own = by_type[spans, types + 1].copy()
    by_type[spans, types + 1] = -np.inf
    margins: Floats = own - by_type.max(1)
    return margins
