"""The language of an article: title, lead and what the publisher declares in; a configured language or `und` out."""

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
# No likelier than all the others together, as headlines of names are ("Real Madrid 2 Barcelona 1").
MIN_SCORE: Final = 0.5
# Told apart from the configured languages only to say `und`: without them Swedish is German and Arabic is English.
OTHER_LANGUAGES: Final = frozenset(
    "af ar bg bn ca cs cy da de el en es et eu fa fi fr ga he hi hr hu id is it ja ko lt lv ms nl no pl pt ro ru sk sl"  # noqa: SIM905
    " sq sr sv sw th tl tr uk ur vi zh".split()
)
# How much likelier the declared language is before the text is read. It settles headlines of names; ten words of plain
# text in another language outweigh it a thousand times.
DECLARED_ODDS: Final = 10.0
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

    def detect(self, title: str, lead: str, declared: str | None = None) -> DetectedLanguage:
        """The likeliest configured language and its share among them; `declared` is the publisher's BCP 47 tag.

        `und` if that is too close to tell, and with score 0 if the text is in another language or in none.
        """
        ranked = [(code, share) for code, share in self.rank(title, lead) if code in self.languages]
        if not ranked:
            return DetectedLanguage(code=UNDETERMINED, score=0.0)
        stated = primary_language(declared)
        shares = dict(ranked)
        if sum(shares.values()) < MIN_CONFIGURED_SHARE:
            return DetectedLanguage(code=UNDETERMINED, score=0.0, contradicts_declared=stated in self.languages)
        if stated in shares:
            shares[stated] *= DECLARED_ODDS
        code, share = max(shares.items(), key=lambda it: it[1])
        score = round(min(share / sum(shares.values()), 1.0), 4)
        if score < MIN_SCORE:
            return DetectedLanguage(code=UNDETERMINED, score=score)
        return DetectedLanguage(code=code, score=score, contradicts_declared=bool(stated) and code != stated)

    def rank(self, title: str, lead: str) -> list[tuple[str, float]]:
        """(language, share) of all that are told apart, the likeliest first; none for a text without a letter."""
        text = f"{title[:TITLE_CHARS]}\n{lead[:LEAD_CHARS]}"
        if not any(character.isalpha() for character in text):
            return []
        return [(code, float(share)) for code, share in self._identifier.rank(text)]


def primary_language(declared: str | None) -> str:
    """The language of a BCP 47 tag ("en-GB", "en_GB"), or "" without one."""
    return (declared or "").replace("_", "-").partition("-")[0].strip().lower()
