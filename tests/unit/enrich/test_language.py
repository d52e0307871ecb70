import pytest

from services.enrich.language import LanguageDetector

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
    title = "Ghana striker joins Marseille on loan"
    assert detector.detect(title, "").code == "und"
    assert detector.detect(title, "").score > 0
    assert detector.detect(title, "The club has an option to buy the player, who scored nine goals.").code == "en"


def test_language_outside_the_configured_ones_is_never_named() -> None:
    only_german = LanguageDetector.load(["de"])
    assert only_german.detect("The government has approved the new budget for the coming year", "").code == "und"


def test_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="tlh"):
        LanguageDetector.load(["en", "tlh"])


def test_detector_says_what_it_is(detector: LanguageDetector) -> None:
    assert detector.name == "py3langid"
    assert detector.version[0].isdigit()
