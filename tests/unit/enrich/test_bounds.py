import pytest

from schemas.enriched import EntityType
from services.enrich.bounds import whole_names
from services.enrich.entities import Span
from services.enrich.known_names import KnownNames

KNOWN = KnownNames.load()
TYPES = {"P": EntityType.PERSON, "O": EntityType.ORGANISATION, "L": EntityType.PLACE}
LETTERS = {kind: letter for letter, kind in TYPES.items()}

CASES: dict[str, tuple[str, str]] = {
    "initials": ("It was K.P. [P Suresh Babu].", "It was [P K.P. Suresh Babu]."),
    "a country before a person": ("Into the U.S. [P Ada Obi] came.", "Into the U.S. [P Ada Obi] came."),
    "a saint's town": ("She left [L St. John]'s.", "She left [L St. John's]."),
    "several portfolios": (
        "The [O Ministry of Health] and Sport paid.",
        "The [O Ministry of Health and Sport] paid.",
    ),
    "portfolios in a list": (
        "The [O Ministry of Environment], Forest and Climate Change paid for half of that work.",
        "The [O Ministry of Environment, Forest and Climate Change] paid for half of that work.",
    ),
    "a list of bodies": (
        "The [O Ministry of Health], [O Oxfam] and [O Unicef] paid.",
        "The [O Ministry of Health], [O Oxfam] and [O Unicef] paid.",
    ),
    "a body of a country is whole": (
        "The [O Institute of India] and Acme paid.",
        "The [O Institute of India] and Acme paid.",
    ),
    "a body of a body": (
        "The [O Court of Justice] of the [O European Union] sat.",
        "The [O Court of Justice of the European Union] sat.",
    ),
    "a known name with an and": ("In [L Trinidad] and [L Tobago].", "In [L Trinidad and Tobago]."),
    "two places": ("In [L Leon] and [L Toluca].", "In [L Leon] and [L Toluca]."),
    "a particle between": ("[P Zé Maria] dos [L Santos] left.", "[P Zé Maria dos Santos] left."),
    "a particle before": ("Luzviminda de los [P Santos] left.", "[P Luzviminda de los Santos] left."),
    "a nickname": ('[P Ramesh] "Buddy" Persaud left.', '[P Ramesh "Buddy" Persaud] left.'),
    "a quotation is no nickname": ('[P Ramesh] said "Go" and left.', '[P Ramesh] said "Go" and left.'),
    "a stop of the name": ("[P Sammy Davis Jr]., who sang.", "[P Sammy Davis Jr.], who sang."),
    "a stop of the sentence": ("It is [O Acme Ltd.] Then it sank.", "It is [O Acme Ltd]. Then it sank."),
    "a state": ("In [L Norfolk], [L Va]. Then it sank.", "In [L Norfolk], [L Va.] Then it sank."),
    "two companies": ("The [O Acme] and Widget paid.", "The [O Acme] and Widget paid."),
}


@pytest.mark.parametrize(("marked", "expected"), CASES.values(), ids=CASES)
def test_whole_names(marked: str, expected: str) -> None:
    text, spans = "", []
    for piece in marked.replace("]", "[").split("["):
        if piece[:2] in ("P ", "O ", "L "):
            spans.append(Span(len(text), len(text) + len(piece) - 2, TYPES[piece[0]], 0.6))
            piece = piece[2:]
        text += piece
    for span in reversed(whole_names(text, spans, KNOWN)):
        text = f"{text[: span.start]}[{LETTERS[span.type]} {text[span.start : span.end]}]{text[span.end :]}"
    assert text == expected
