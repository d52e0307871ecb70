"""The real models, loaded once for all tests of enrich."""

import pytest

from services.enrich.spacy_tagger import SpacyTagger
from services.enrich.tagging import Taggers

LANGUAGES = ("en", "de", "es", "fr", "it", "nl", "pt")


@pytest.fixture(scope="session")
def taggers() -> Taggers:
    return Taggers.load(LANGUAGES)


@pytest.fixture(scope="session")
def spacy_tagger() -> SpacyTagger:
    return SpacyTagger.load()
