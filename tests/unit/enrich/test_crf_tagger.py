"""The shipped model, on texts that no model of any worth gets wrong, and on those that must only not hurt."""

from time import process_time

import pytest

from schemas.enriched import EntityType
from services.enrich.crf import encoder
from services.enrich.crf.model import MODEL_PATH
from services.enrich.crf.tagger import BATCH_CHARS, CrfTagger

PERSON, ORGANISATION, PLACE = EntityType.PERSON, EntityType.ORGANISATION, EntityType.PLACE
MAX_MODEL_BYTES = 8_000_000


@pytest.fixture(scope="module")
def tagger() -> CrfTagger:
    return CrfTagger.load()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            "Chancellor Friedrich Merz met officials of the World Health Organization in Geneva on Monday.",
            [("Friedrich Merz", PERSON), ("World Health Organization", ORGANISATION), ("Geneva", PLACE)],
        ),
        ("Kenya’s president, William Ruto, left.", [("Kenya", PLACE), ("William Ruto", PERSON)]),
        ("The German and French armies were there.", []),
        (
            "The London-based company said Mr. O’Brien would leave.",
            [("London", PLACE), ("O’Brien", PERSON)],
        ),
    ],
)  # fmt: skip
def test_names_are_marked_and_nothing_else(tagger: CrfTagger, text: str, names: list[tuple[str, EntityType]]) -> None:
    [spans] = tagger.tag([text])
    assert [(text[span.start : span.end], span.type) for span in spans] == names


@pytest.mark.parametrize("end", ["based", "backed", "led", "born", "run", "educated"])
def test_name_ends_before_what_a_hyphen_adds(tagger: CrfTagger, end: str) -> None:
    names = ("Washington", "Kyiv", "Iran", "Oxford", "Google", "Chicago")
    frames = ("It could matter to Verra, the {} body that certifies offsets.", "{} rebels took the town.")
    texts = [frame.format(f"{name}-{end}") for frame in frames for name in names]
    for text, spans in zip(texts, tagger.tag(texts), strict=True):
        assert not any(text.endswith(end, 0, span.end) for span in spans)


def test_score_is_higher_where_the_text_tells_more(tagger: CrfTagger) -> None:
    # Whether the second has a name in it is anybody's guess, so a model may find none.
    [[sure], unsure] = tagger.tag(["She met President Emmanuel Macron in spring.", "Sablewick up, says report."])
    assert sure.score > 0.9
    assert all(sure.score > span.score for span in unsure)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\n",
        "word",
        "\x00\x01\x02",
        "PRESIDENT MACRON MEETS CHANCELLOR MERZ IN PARIS. " * 800,
        "Ada Lovelace, " * 5_000,
        "Ada\n" * 10_000,
        "Ada Lovelace met Alan Turing. " * 40_000,
        "NoBlanks" * 25_000,
        "😀" * 100_000,
        "." * 100_000,
        "-" * 100_000,
        "a-" * 50_000,
        "A." * 50_000,
        "'s" * 50_000,
        "<p>Ada</p>" * 10_000,
        " " * 200_000,
    ],
    ids=lambda text: f"{text[:8]!r} {len(text)}",
)
def test_any_text_takes_bounded_time(tagger: CrfTagger, text: str) -> None:
    started = process_time()
    [spans] = tagger.tag([text])
    assert process_time() - started < 8  # 200,000 words take 1 s on an idle core
    assert all(0 <= span.start < span.end <= len(text) for span in spans)


def test_words_never_seen_take_bounded_memory(tagger: CrfTagger) -> None:
    for block in range(3):
        tagger.tag([" ".join(f"Zq{block}x{number}" for number in range(encoder.MAX_CHUNKS))])
    assert len(tagger.tag(["Angela Merkel left."])[0]) == 1
    assert len(tagger._encoder.words) < 2 * encoder.MAX_CHUNKS


def test_one_result_for_each_text_in_order(tagger: CrfTagger) -> None:
    texts = ["Angela Merkel left.", "", "x" * BATCH_CHARS, "Angela Merkel met Emmanuel Macron."]
    assert [len(spans) for spans in tagger.tag(texts)] == [1, 0, 0, 2]
    assert tagger.tag([]) == []


def test_model_is_small() -> None:
    assert MODEL_PATH.stat().st_size < MAX_MODEL_BYTES
