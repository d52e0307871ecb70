import pytest

from services.enrich.bounds import whole_names
from services.enrich.known_names import KnownNames
from tests.support.marked_text import read_marked, show_marked

KNOWN = KnownNames.load()

CASES: dict[str, tuple[str, str]] = {
    "initials": ("It was K.P. [P Suresh Babu].", "It was [P K.P. Suresh Babu]."),
    "a country before a person": ("Into the U.S. [P Ada Obi] came.", "Into the U.S. [P Ada Obi] came."),
    "party and state": (
        "[P Ada Obi], [O D-Colo]., [P Bo Li] ([O R-Kentucky]) and [O D-Wave] left.",
        "[P Ada Obi], D-[L Colo.], [P Bo Li] (R-[L Kentucky]) and [O D-Wave] left.",
    ),
    "an airline": (
        "An Air [L India] flight; an Airbus [L India] has.",
        "An [O Air India] flight; an Airbus [L India] has.",
    ),
    "a Kikuyu particle": ("Ngũgĩ wa [P Thiong'o] wrote.", "[P Ngũgĩ wa Thiong'o] wrote."),
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
    "two parts before one head": (
        "By the [O Irish Nurses] and [O Midwives Organisation].",
        "By the [O Irish Nurses and Midwives Organisation].",
    ),
    "two parts, the first without a mark": (
        "The Police and [O Prisons Civil Rights Union] left.",
        "The [O Police and Prisons Civil Rights Union] left.",
    ),
    "two bodies, one article": (
        "The [O BBC] and [O Premier League Association] paid.",
        "The [O BBC] and [O Premier League Association] paid.",
    ),
    "a place and a body": ("The [L U.S.] and [O European Union] paid.", "The [L U.S.] and [O European Union] paid."),
    "two heads": (
        "The [O Film Academy] and [O Actors Guild] paid.",
        "The [O Film Academy] and [O Actors Guild] paid.",
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
    text, spans = read_marked(marked)
    assert show_marked(text, whole_names(text, spans, KNOWN)) == expected
