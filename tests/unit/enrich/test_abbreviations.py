import pytest

from services.enrich.abbreviations import abbreviated
from tests.support.marked_text import read_marked, show_marked


@pytest.mark.parametrize(
    ("marked", "shown"),
    [
        ("Curbs on SMIC, CXMT", "Curbs on [O SMIC], [O CXMT]"),
        ("Its GDP and DNA grew.", "Its GDP and DNA grew."),
        ("A firm, [O Oddest] (ODDX), and a virus (RSVX).", "A firm, [O Oddest] ([O ODDX]), and a virus (RSVX)."),
        ("DO NOT ENTER here.", "DO NOT ENTER here."),
        ("An INTERNATIONALLY KNOWN name.", "An INTERNATIONALLY KNOWN name."),
        ("It was WRONG! Truly BAD!", "It was WRONG! Truly BAD!"),
        ("At 8pm BST it cost 40 CHF.", "At 8pm BST it cost 40 CHF."),
        ("An mRNA vaccine, ETFs and a UKX 100 tracker.", "An mRNA vaccine, ETFs and a UKX 100 tracker."),
        ("A US-SMIC deal.", "A US-SMIC deal."),
        ("[O ACME] fell.", "[O ACME] fell."),
        ("Part VIII of it.", "Part VIII of it."),
    ],
)
def test_what_is_written_in_capitals_is_a_body(marked: str, shown: str) -> None:
    text, spans = read_marked(marked)
    assert show_marked(text, sorted([*spans, *abbreviated(text, spans)])) == shown
