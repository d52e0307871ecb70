import subprocess
import sys
from base64 import b64decode
from itertools import combinations
from pathlib import Path

import pytest

from schemas.enriched import Signature
from services.enrich.near_duplicates import are_copies, sign

REPORTS = [
    line.partition("\t")[2]
    for line in (Path(__file__).parent / "data" / "same_subject.tsv").read_text("utf-8").splitlines()
    if not line.startswith("#")
]
REPORT = REPORTS[0]
SENTENCES = REPORT.split(". ")
LONG = " ".join(REPORTS)


def signed(summary: str, body: str = "") -> Signature:
    signature = sign(summary, body)
    assert signature
    return signature


def share_bands(one: Signature, other: Signature) -> bool:
    return not set(one.bands).isdisjoint(other.bands)


@pytest.mark.parametrize(
    "copy",
    [
        REPORT,
        REPORT.upper(),
        REPORT.replace("'", "’").replace(" ", "\n"),
        f"By Ana Borg\n\nMANILA, Jan 31 (Agency) - {REPORT}\n\nSign up for our newsletter. All rights reserved.",
        ". ".join(SENTENCES[:2] + SENTENCES[3:]),
        ". ".join(SENTENCES[:2]),
        REPORT.replace("boats", "vessels").replace("Sunday", "Monday").replace("allowed", "licensed"),
    ],
)
def test_edited_text_is_a_copy_and_shares_a_band(copy: str) -> None:
    original, edited = signed("", REPORT), signed("", copy)
    assert are_copies(original, edited)
    assert are_copies(edited, original)
    assert share_bands(original, edited)


def test_a_first_sentence_is_a_copy_of_a_text_many_times_as_long() -> None:
    lead, text = signed(SENTENCES[0]), signed("", LONG)
    assert lead.shingles < text.shingles / 10
    assert are_copies(lead, text)
    assert share_bands(lead, text)


def test_reports_of_the_same_event_are_no_copies() -> None:
    signatures = [signed("", report) for report in REPORTS]
    assert not any(are_copies(one, other) for one, other in combinations(signatures, 2))


def test_summary_that_repeats_the_body_changes_nothing_that_counts() -> None:
    assert are_copies(signed(SENTENCES[0], REPORT), signed("", REPORT))


@pytest.mark.parametrize(
    "text", ["", "One two three", "Ferry to Valletta sails again from Monday, authority says", "🎉" * 50]
)
def test_text_too_short_to_be_told_from_others_has_no_signature(text: str) -> None:
    assert sign(text, "") is None


def test_short_texts_of_one_form_of_words_are_no_copies() -> None:
    one = signed("Police said in a statement on Monday that a man had been arrested over a fire in Leeds.")
    other = signed("Police said in a statement on Monday that two boys had been found safe after a search in York.")
    assert not are_copies(one, other)


@pytest.mark.parametrize(
    "text",
    [
        "政府は来年度の予算案を閣議決定した。一般会計の総額は過去最大となる。",
        "รัฐบาลอนุมัติงบประมาณประจำปีหน้าแล้วในวันจันทร์",
        "وافقت الحكومة يوم الاثنين على ميزانية العام المقبل بعد نقاش طويل في البرلمان استمر ثلاثة أيام",
        "\ud800 lone surrogates and \x00 controls are words like any others, so that nothing here is lost",
    ],
)
def test_any_script_can_be_signed(text: str) -> None:
    assert are_copies(signed(text), signed(text + " " + text[:8]))


def test_signatures_of_another_scheme_are_never_copies() -> None:
    signature = signed("", REPORT)
    assert not are_copies(signature, signature.model_copy(update={"scheme": "minhash-0"}))


def test_encoding_is_as_the_schema_tells() -> None:
    signature = signed("", REPORT)
    assert len(b64decode(signature.values)) == 2 * 126
    assert [band[:2] for band in signature.bands] == [f"{place:02x}" for place in range(42)]


def test_signature_is_the_same_in_every_process_and_version() -> None:
    code = f"from services.enrich.near_duplicates import sign; print(sign('', {REPORT!r}).model_dump_json())"
    elsewhere = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    signature = signed("", REPORT)
    assert Signature.model_validate_json(elsewhere) == signature
    assert (signature.values[:12], signature.bands[0], signature.bands[-1]) == (
        "RhVj6q4VRVPo",
        "00107c2837",
        "293748d96f",
    )
