"""Abbreviations that a tagger has passed over: a text and its spans in, further spans out.

What news writes in capitals inside a text is nearly always a body, but for the words below: "curbs on SMIC".
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from schemas.enriched import EntityType
from services.enrich.bounds import overlapping
from services.enrich.entities import LIKELY, Span

_ABBREVIATION: Final = re.compile(r"[A-Z]{3,6}(?![\w&!-]|[./]\w| \d)")
_INSIDE: Final = frozenset("-.&/@#$_'’")
_SHOUT: Final = re.compile(r" [A-Z]{2,}\b")
_SHOUT_BEFORE: Final = re.compile(r"\b[A-Z]{2,} $")
_MAX_SHOUT_CHARS: Final = 30
_ROMAN: Final = re.compile(r"[IVXLC]+")
# What is written in capitals and is no body: things, ranks, currencies, time zones, words that are stressed.
_COMMON: Final = frozenset(
    (  # noqa: SIM905
        "ACL ACT AEDT AEST ASAP AUG BRL BST BTC CDT CHF DEI DKK EDI ETA FAKE GOAT HKD HKT HUGE ISO JST KRW MXN NOK NZD"
        " NZDT NZST OEM PDF PLN RUB SEK SGD SGT THB TRY WIB WRONG WTI WWI WWII ZAR"
        " ADHD AGM AIDS AKA ALL AND ANY API ARE ATM AUD AUM AWOL BAME BBQ BIPOC BMI BPL BREAKING BRT BUT CAD CAGR"
        " CAT CBE CCTV CEO CEST CET CFO CNG CNY COO COP COPD COVID CPI CPR CPU CSR CST CTO CVD DAY DIY DNA DNF DNS"
        " DTH DUI DVD EAT EBITDA ECG EDT EEG EKG EMI EPS ERA ESG EST ETF EUR EVM EXCL FAQ FDI FIR FOR FTA FTSE GBP"
        " GCSE GDP GMO GMP GMT GNI GNP GPA GPS GPT GPU GST HDD HIMARS HIV HMAS HMCS HMNZS HMO HMS HOW HPV HTML"
        " HVAC ICBM ICU IED IELTS III INC INR INS IPO IST IVF JEE JPY KIA KPI KYC LBW LCD LED LGBT LGBTQ LIVE LLB"
        " LLC LLM LLP LNG LPG LTD MBA MBBS MBE MDT MEP MERS MLA MLC MMR MOU MPG MPH MPV MRI MRNA MRSA MSP MST MUST"
        " MVP NDA NEET NEVER NEW NFT NGO NICU NOT NOW OBC OBE ODI OFF OLED ONE OTT OUT PCOS PCR PDF PDT PFAS PHD"
        " PIL PIN PKR PLC POW PPE PPP PST PTSD PVC RAM RBI REIT RFP RIP RMS RNA ROI RPG RRS RSV RSVP RTI SAN SARS"
        " SAT SAY SIM SIR SIT SME SMS SOP SOS SPAC SSD STOP SUV TBA TBC TBD THE TKO TNT TOEFL TOP UAV UFO UHF UHT"
        " UPDATE USB USCGC USD USNS USS UTC VAR VAT VIDEO VIP VPN WAR WAS WAT WATCH WHO WHY WIN YES YOU YOUR YTD"
    ).split()
)


def abbreviated(text: str, spans: Sequence[Span]) -> Iterator[Span]:
    """None of them overlaps one of `spans`, which are in order. Not for texts in capitals."""
    starts = {span.start for span in spans}  # most are tagged, which this tells fastest
    for found in _ABBREVIATION.finditer(text):
        start, end = found.span()
        if (
            start not in starts
            and found[0] not in _COMMON
            and not overlapping(spans, start, end)
            and not _ROMAN.fullmatch(found[0])
            and not _is_in_word_or_shout(text, start, end)
            and not _is_explained(text, start, spans)
        ):
            yield Span(start, end, EntityType.ORGANISATION, LIKELY)


def _is_in_word_or_shout(text: str, start: int, end: int) -> bool:
    """ "mRNA", "US-SMIC", "DO NOT ENTER"."""
    before = text[start - 1 : start]
    return bool(before and (before.isalnum() or before in _INSIDE)) or bool(
        _SHOUT.match(text, end) or _SHOUT_BEFORE.search(text, max(0, start - _MAX_SHOUT_CHARS), start)
    )


def _is_explained(text: str, start: int, spans: Sequence[Span]) -> bool:
    """In brackets behind words that are no name: "respiratory syncytial virus (RSV)"."""
    return text.endswith(" (", 0, start) and not overlapping(spans, start - 3, start - 2)
