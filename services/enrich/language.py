"""The language of an article: title and lead in, one of the configured languages or `und` out."""

from array import array
from collections.abc import Iterable
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, Self

from schemas.enriched import DetectedLanguage

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

UNDETERMINED: Final = "und"
TITLE_CHARS: Final = 300
LEAD_CHARS: Final = 500  # twice as many are no surer and take twice the time
# Below this, headlines of names alone ("Ghana striker joins Marseille on loan") get a wrong language.
MIN_SCORE: Final = 0.6
# Told apart from the configured languages only to say `und`: without them Swedish is German and Arabic is English.
OTHER_LANGUAGES: Final = frozenset(
    "af ar bg bn ca cs da de el en es et fa fi fr he hi hr hu id it ja ko lt lv ms nl no pl pt ro ru sk sl sr sv sw th"  # noqa: SIM905
    " tl tr uk ur vi zh".split()
)
# Text in a configured language leaves it .1 of the probability or more, text in another less than .001.
MIN_CONFIGURED_SHARE: Final = 0.02


class LanguageDetector:
    name: Final = "py3langid"

    def __init__(self, identifier: "LanguageIdentifier", languages: Iterable[str]) -> None:
        self.languages: Final = frozenset(languages)
        self.version: Final = version("py3langid")
        self._identifier = identifier

    @classmethod
    def load(cls, languages: Iterable[str]) -> Self:
        """About 0.5 s. Raises ValueError for a language that the model does not know."""
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        languages = frozenset(languages)
        identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        identifier.set_languages(languages | OTHER_LANGUAGES)
        # 28 MB for going back to all its languages, and 6 MB for holding two tables as lists.
        identifier._full_model = None
        identifier._rowbase = array("I", identifier._rowbase)
        identifier.tk_output = array("i", identifier.tk_output)
        return cls(identifier, languages)

    def detect(self, title: str, lead: str) -> DetectedLanguage:
        """The likeliest configured language and its share among them.

        `und` if that is too close to tell, and with score 0 if the text is in another language or in none.
        """
        ranked = [(code, share) for code, share in self.rank(title, lead) if code in self.languages]
        if not ranked:
            return DetectedLanguage(code=UNDETERMINED, score=0.0)
        configured_share = sum(share for _, share in ranked)
        code, share = ranked[0]
        score = share / configured_share if configured_share >= MIN_CONFIGURED_SHARE else 0.0
        return DetectedLanguage(code=code if score >= MIN_SCORE else UNDETERMINED, score=round(min(score, 1.0), 4))

    def rank(self, title: str, lead: str) -> list[tuple[str, float]]:
        """(language, share) of all that are told apart, the likeliest first; none for a text without a letter."""
        text = f"{title[:TITLE_CHARS]}\n{lead[:LEAD_CHARS]}"
        if not any(character.isalpha() for character in text):
            return []
        return [(code, float(share)) for code, share in self._identifier.rank(text)]
