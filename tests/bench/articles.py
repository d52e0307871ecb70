"""Texts to tag: many, alike in kind, none like another."""

import random
import re
from dataclasses import dataclass
from pathlib import Path

from schemas.article import Category, Publisher
from schemas.enriched import EntityType
from services.enrich.crf.tagger import CrfTagger
from services.fixture_feed.seed import find_seeds
from training.bio import Document
from training.made_up import Names, with_other_names

ROOT = Path(__file__).parents[2]
LABEL_OF = {EntityType.PERSON: "PER", EntityType.ORGANISATION: "ORG", EntityType.PLACE: "LOC"}


@dataclass(frozen=True, slots=True)
class BenchArticle:
    title: str
    body: str
    summary: str | None = None
    declared_language: str | None = None
    publisher: Publisher | None = None
    categories: tuple[Category, ...] = ()

    @property
    def fields(self) -> dict[str, str]:
        return {"title": self.title, "body": self.body}


def articles_of(words: int, count: int) -> list[BenchArticle]:
    """The sentences of the seed in another order each time, with other names: some 30 new words in 500, as in news."""
    (seed,) = find_seeds([ROOT / "seeds"]).seeds
    tagger, shuffle = CrfTagger.load(), random.Random(words)
    names = Names(tagger.lexicon, shuffle)
    sentences = [sentence for paragraph in seed.paragraphs for sentence in re.findall(r"\S.*?[.?!](?= |$)", paragraph)]
    documents = [
        Document(sentence, tuple((span.start, span.end, LABEL_OF[span.type]) for span in spans))
        for sentence, spans in zip(sentences, tagger.tag(sentences), strict=True)
    ]
    articles = []
    for _ in range(count):
        shuffle.shuffle(documents)
        title, *body = (with_other_names(document, tagger.lexicon, names.draw).text for document in documents)
        articles.append(BenchArticle(title[:100], " ".join(" ".join(body).split(" ")[:words])))
    return articles
