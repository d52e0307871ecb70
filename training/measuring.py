"""How good a tagger is on labelled documents: strict span-and-type counts, by type."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from schemas.enriched import EntityType
from services.enrich.crf.encoder import Encoder
from services.enrich.crf.tagger import CrfTagger
from services.enrich.document_pass import group_entities
from services.enrich.entities import EntityTagger, Span, tag_fields
from services.enrich.known_names import KnownNames
from training.bio import Document
from training.corpus import label_tokens

TYPES: Final = {"PER": EntityType.PERSON, "ORG": EntityType.ORGANISATION, "LOC": EntityType.PLACE}
Marks = set[tuple[int, int, EntityType]]


class Score:
    """Counts of what is right, wrong and missed."""

    def __init__(self) -> None:
        self.right: Counter[EntityType] = Counter()
        self.found: Counter[EntityType] = Counter()
        self.wanted: Counter[EntityType] = Counter()

    def add(self, found: Marks, wanted: Marks) -> None:
        self.right.update(kind for _, _, kind in found & wanted)
        self.found.update(kind for _, _, kind in found)
        self.wanted.update(kind for _, _, kind in wanted)

    def f1(self, *kinds: EntityType) -> float:
        kinds = kinds or tuple(EntityType)
        right, found, wanted = (sum(c[kind] for kind in kinds) for c in (self.right, self.found, self.wanted))
        return 2 * right / (found + wanted) if found + wanted else 0.0

    def __str__(self) -> str:
        return f"{self.f1():.3f}  " + "  ".join(
            f"{kind.value[:3]} p{self.right[kind] / max(1, self.found[kind]):.3f}"
            f" r{self.right[kind] / max(1, self.wanted[kind]):.3f}"
            for kind in EntityType
        )


def gold_encoder(tagger: CrfTagger) -> Encoder:
    """What cuts a labelled document into the tokens its spans are of."""
    return Encoder(tagger.lexicon)


def wanted_marks(document: Document, encoder: Encoder) -> Marks:
    """The document's spans by the same rules as those trained on."""
    encoded = encoder.encode([document.text])
    labels = label_tokens(encoder, encoded, document)
    spans: list[list[int]] = []
    kinds: list[str] = []
    for label, start, end in zip(labels, encoded.starts.tolist(), encoded.ends.tolist(), strict=True):
        if label[0] == "B":
            spans.append([start, end])
            kinds.append(label[2:])
        elif label[0] == "I":
            spans[-1][1] = end
    return {(start, end, TYPES[kind]) for (start, end), kind in zip(spans, kinds, strict=True)}


def tagged_marks(spans: Iterable[Span]) -> Marks:
    return {(span.start, span.end, span.type) for span in spans}


def mention_marks(text: str, tagger: EntityTagger, known_names: KnownNames) -> Marks:
    """What an article of this text says in the end, the document pass included."""
    fields = {"body": text}
    [tagged] = tag_fields([fields], tagger)
    return {
        (mention.start, mention.end, entity.type)
        for entity in group_entities(tagged, fields, known_names)
        for mention in entity.mentions
    }
