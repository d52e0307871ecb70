"""What is measured is what a worker says, and of the final part only figures are told."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from schemas.enriched import EntityType
from services.enrich.entities import Span
from services.enrich.known_names import KnownNames
from services.enrich.language import LanguageDetector
from services.enrich.media_topics import MediaTopicTagger
from services.enrich.settings import EnrichSettings
from services.enrich.tagging import Taggers
from tests.quality import page
from tests.quality.gold import GoldItem, read_file
from tests.quality.measure import Outcome, language_scores, tag_items, topic_scores
from tests.quality.tables import confusions, figures, report, worst

GOLD = """## first
topics: sport
title: [Amara Okoye](person) wins the marathon in [Enugu](place)
summary: The runner finished two minutes ahead of the field on Sunday, and the crowd cheered.

## second
topics: politics
title: Parliament votes on the budget after a long night
summary: The minister said that the vote was closer than [Enugu](place) had expected.

## third
language: sv
title: Regeringen vill sänka skatten på sparande
summary: Förslaget väntas gå ut på remiss före jul, säger finansministern.
"""


class EnuguTagger:
    """Knows one name, and takes it for an organisation."""

    name, version, languages = "enugu", "1", frozenset({"en"})

    def tag(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        starts = [text.find("Enugu") for text in texts]
        return [(Span(at, at + 5, EntityType.ORGANISATION),) if at >= 0 else () for at in starts]


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> list[GoldItem]:
    path = tmp_path_factory.mktemp("gold") / "mixed.txt"
    path.write_text(GOLD, encoding="utf-8")
    return read_file(path)


@pytest.fixture(scope="module")
def outcomes(items: list[GoldItem]) -> list[Outcome]:
    detector = LanguageDetector.load(EnrichSettings().languages)
    return tag_items(Taggers(detector, EnuguTagger(), MediaTopicTagger.load(), KnownNames.load()), items)


def test_every_item_is_tagged_and_scored(outcomes: list[Outcome]) -> None:
    assert [outcome.item.text(span) for outcome in outcomes for span in outcome.spans] == ["Enugu", "Enugu"]
    assert topic_scores(outcomes).articles == 2
    assert language_scores(outcomes, EnrichSettings().languages).confusion == {("en", "en"): 2, ("und", "und"): 1}


def test_the_tables_hold_the_counts(outcomes: list[Outcome]) -> None:
    assert "| enugu | all | 0.000 | 0.000 | 0.000 | 3 | 0.000 to 0.000 |  |" in figures({"enugu": outcomes})
    assert "| place | 0 | 2 | 0 | 0 | 0 |" in confusions(outcomes)
    assert "| person | 0 | 0 | 0 | 0 | 1 |" in confusions(outcomes)


def test_other_taggers_are_compared_with_the_first(outcomes: list[Outcome]) -> None:
    perfect = [replace(outcome, spans=outcome.item.spans) for outcome in outcomes]
    text = figures({"perfect": perfect, "enugu": outcomes})
    assert "| perfect | all | 1.000 | 1.000 | 1.000 | 3 | 1.000 to 1.000 |  |" in text
    assert "| enugu | all | 0.000 | 0.000 | 0.000 | 3 | 0.000 to 0.000 | 1.000 to 1.000 |" in text


def test_the_worst_article_comes_first_with_its_errors(outcomes: list[Outcome]) -> None:
    head, *lines = worst(outcomes, 1).splitlines()
    assert head == "first: Amara Okoye wins the marathon in Enugu"
    assert lines[:2] == [
        "  missed: 'Amara Okoye' person in title | –",
        "  type: 'Enugu' place in title | 'Enugu' organisation in title",
    ]


def test_of_the_final_part_no_article_is_told(outcomes: list[Outcome]) -> None:
    assert "Enugu" in report("dev", {"enugu": outcomes}, 1)
    assert report("final", {"enugu": outcomes}, 1) == figures({"enugu": outcomes})
    assert "Enugu" not in figures({"enugu": outcomes})


def test_the_page_keeps_what_people_wrote(tmp_path: Path) -> None:
    path = tmp_path / "quality.md"
    path.write_text(f"# Quality\n\n{page.BEGIN}\nold\n{page.END}\n\nLimits.\n", encoding="utf-8")
    page.write({"dev": "| new |"}, path)
    page.write({"dev": "| newer |"}, path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# Quality\n") and text.endswith("Limits.\n") and "### dev\n\n| newer |" in text
    assert "old" not in text and "| new |" not in text


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "quality.md"
    path.write_text("# Quality\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no marks"):
        page.write({}, path)
    assert path.read_text(encoding="utf-8") == "# Quality\n"
