import pytest

from services.enrich.conventions import is_title_case, mend
from services.enrich.entities import TaggedText
from services.enrich.known_names import KnownNames
from services.enrich.place_table import PlaceTable
from tests.support.marked_text import read_marked, show_marked

KNOWN = KnownNames.load(PlaceTable.load())


def mended(*marked_fields: str) -> list[str]:
    """Title and other fields in which `[P Ada Obi]` is what a tagger found; the same with what is left of it."""
    texts = []
    for number, marked in enumerate(marked_fields):
        text, spans = read_marked(marked)
        texts.append(TaggedText("title" if number == 0 else f"field{number}", text, tuple(spans)))
    return [show_marked(found.text, found.spans) for found in mend(texts, KNOWN)]


CASES: dict[str, tuple[str, str]] = {
    "a town in capitals": ("[O GABES], Tunisia (AP) — Rain fell.", "[L GABES], [L Tunisia] ([O AP]) — Rain fell."),
    "with a date": ("[P KISUMU], Nov 3 - Rain fell.", "[L KISUMU], Nov 3 - Rain fell."),
    "two towns": ("AMMAN/IRBID – Rain fell.", "[L AMMAN]/[L IRBID] – Rain fell."),
    "a town with an apostrophe": ("XI'AN, [L China] -- Rain fell.", "[L XI'AN], [L China] -- Rain fell."),
    "not in capitals, with an agency": ("Gabes (Reuters) - Rain fell.", "[L Gabes] ([O Reuters]) - Rain fell."),
    "a company is no town": ("[O Acme], Inc – the maker – sank.", "[O Acme], Inc – the maker – sank."),
    "with a colon": ("GABES: Rain fell.", "[L GABES]: Rain fell."),
    "a label is no town": ("Q: Did rain fall?", "Q: Did rain fall?"),
    "a note of the desk is no town": ("EXCLUSIVE - Rain fell.", "EXCLUSIVE - Rain fell."),
    "a storm, also by its name alone": (
        "[P Typhoon Ompong] turned. [P Ompong] sank.",
        "Typhoon Ompong turned. Ompong sank.",
    ),
    "adherents and events are no bodies": (
        "The [O Orthodox Christians] ran the [L Valencia Marathon] for the [O Liberal Democrats].",
        "The Orthodox Christians ran the Valencia Marathon for the [O Liberal Democrats].",
    ),
    "an occupation at the start of a sentence": ("[O Engineers] lowered a lake.", "Engineers lowered a lake."),
    "a company that is called like an event": ("[O Marathon] sold oil.", "[O Marathon] sold oil."),
    "a race is no body": ("It won the [O Tour de France].", "It won the Tour de France."),
    "a ship": ("The tanker [P Ada Obi] sank.", "The tanker Ada Obi sank."),
    "a person whom only an age makes one": ("Then came Obi, 34, who left.", "Then came [P Obi], 34, who left."),
    "a person whom a quotation names again": (
        'For [P Ada Obi] it ended. "No," said Obi.',
        'For [P Ada Obi] it ended. "No," said [P Obi].',
    ),
    "a body that a quotation is of": ('"No," said Acme.', '"No," said Acme.'),
    "a league with a dash is no town": ("[O NFL] — The league said so.", "[O NFL] — The league said so."),
    "a share is no dateline": ("[O Acme] (ACME) - Shares rose.", "[O Acme] ([O ACME]) - Shares rose."),
    "a speaker is no town": ("[P OBI]: We will win.", "[P OBI]: We will win."),
    "seats are no ages": ("It put Acme (34) ahead.", "It put Acme (34) ahead."),
    "a country behind a ship": (
        "The tanker [L Iran] seized. [L Iran] denied it.",
        "The tanker [L Iran] seized. [L Iran] denied it.",
    ),
    "a word that is written small": (
        "[P Bakers] rose early. Two bakers slept.",
        "Bakers rose early. Two bakers slept.",
    ),
    "a name that is a word too": (
        "[P Rose] left. The rose of Ann [P Rose] fell.",
        "[P Rose] left. The rose of Ann [P Rose] fell.",
    ),
    "a town is its club where it plays": (
        "[L Leon] beat [L Toluca] in the league match as the striker scored. She lives in [L Leon].",
        "[O Leon] beat [O Toluca] in the league match as the striker scored. She lives in [L Leon].",
    ),
    "elsewhere it is not": ("[L Leon] beat [L Toluca] to the prize.", "[L Leon] beat [L Toluca] to the prize."),
}


@pytest.mark.parametrize(("marked", "expected"), CASES.values(), ids=CASES)
def test_text(marked: str, expected: str) -> None:
    assert mended("A title", marked)[1] == expected


@pytest.mark.parametrize(
    ("title", "body", "expected"),
    [
        (
            "[L Milan Dealer] Jailed for Selling Fakes",
            "The dealer was in [L Milan].",
            "[L Milan] Dealer Jailed for Selling Fakes",
        ),
        (
            "[O River Dolphins] Return to Delta Towns",
            "Six river dolphins came.",
            "River Dolphins Return to Delta Towns",
        ),
        (
            "British [O Museum Lends Plaques] to Benin",
            "The [O British Museum] sent plaques.",
            "[O British Museum] Lends Plaques to Benin",
        ),
        (
            "[O Peace Party] Wins Again in Malta",
            "The [O Peace Party] won; the party sang.",
            "[O Peace Party] Wins Again in Malta",
        ),
    ],
)
def test_headline_in_title_case_by_the_text_below(title: str, body: str, expected: str) -> None:
    assert mended(title, body)[0] == expected


@pytest.mark.parametrize(
    ("text", "is_so"),
    [("Court Clears Way for Lagos Rail Link", True), ("Court clears way for Lagos rail link", False), ("Rain", False)],
)
def test_title_case(text: str, is_so: bool) -> None:
    assert is_title_case(text) is is_so
