"""Text in which `[P Ada Obi]` marks a person, `[O …]` an organisation and `[L …]` a place: how tests write entities."""

from collections.abc import Iterable

from schemas.enriched import EntityType
from services.enrich.entities import Span

_TYPES = {"P": EntityType.PERSON, "O": EntityType.ORGANISATION, "L": EntityType.PLACE}
_LETTERS = {kind: letter for letter, kind in _TYPES.items()}


def read_marked(marked: str, score: float = 0.6) -> tuple[str, list[Span]]:
    """The text without its marks, and the spans, all with the score: that of a tagger that is not sure."""
    text, spans = "", []
    for piece in marked.replace("]", "[").split("["):
        if piece[:2] in ("P ", "O ", "L "):
            spans.append(Span(len(text), len(text) + len(piece) - 2, _TYPES[piece[0]], score))
            piece = piece[2:]
        text += piece
    return text, spans


def show_marked(text: str, spans: Iterable[Span]) -> str:
    """The reverse; the spans do not overlap and come in order."""
    for span in reversed(list(spans)):
        text = f"{text[: span.start]}[{_LETTERS[span.type]} {text[span.start : span.end]}]{text[span.end :]}"
    return text
