"""What the fields of an article tell of each other's names: headlines by the text below, mere words, pairs, clubs."""

import re
from collections.abc import Iterator, Sequence, Set
from functools import cached_property
from itertools import compress
from typing import Final

from schemas.enriched import EntityType
from services.enrich.bounds import put_in
from services.enrich.clubs import as_club, is_on_sport
from services.enrich.entities import TITLE, Span, TaggedText
from services.enrich.kinds import LAST_WORDS, PERSON_NOUNS
from services.enrich.known_names import KnownNames
from services.enrich.pairs import part_pairs

# The capital first: to ask of each character what stands before it takes twice as long.
_CAPITAL_INSIDE: Final = re.compile(r"[^\W\d_a-z](?<=[^\W_A-Z] .|[,;] .)\w*")
# Of occupations, these are teams or towns as well.
_TEAMS: Final = frozenset(("Kings", "Queens", "Rangers", "Senators"))


class WholeArticle:
    """Which words an article writes small, and which names it has in sentences."""

    def __init__(
        self,
        texts: Sequence[TaggedText],
        are_headlines: Sequence[bool],
        words: Sequence[Set[str]],
        known_names: KnownNames,
    ) -> None:
        """`words` of each text are as they stand between blanks."""
        self._texts = texts
        self._known_names = known_names
        are_sentences = [not (it or text.text.isupper()) for text, it in zip(texts, are_headlines, strict=True)]
        self._sentences = list(compress(texts, are_sentences))
        self._words = set[str]().union(*compress(words, are_sentences))
        self._is_on_sport = is_on_sport(self._words)
        self._words |= {word[:-1] for word in self._words if word[-1] in ",."}

    def names(self, text: TaggedText, is_headline: bool) -> list[Span]:
        if is_headline and text.field == TITLE:
            spans = self._of_headline(text)
        else:
            spans = [span for span in text.spans if not self._is_mere_word(text.text[span.start : span.end])]
        spans = part_pairs(text.text, spans, self._type_of)
        return [as_club(text.text, span) for span in spans] if self._is_on_sport else spans

    def _type_of(self, name: str) -> EntityType | None:
        known = self._known_names.get(name)
        return known.type if known else self._types.get(name)

    @cached_property
    def _types(self) -> dict[str, EntityType]:
        """Of each name as the tagger has it where it first stands. What it takes for one may be a pair of names."""
        named = ((text.text[it.start : it.end], it) for text in reversed(self._texts) for it in reversed(text.spans))
        return {name: it.type for name, it in named if not {"-", "–"}.intersection(name)}

    def _of_headline(self, text: TaggedText) -> list[Span]:
        """Trimmed by words that are written small below; names that are below as they are there."""
        trimmed = (self._trimmed(text.text, span) for span in text.spans)
        return put_in([span for span in trimmed if span.end > span.start], list(self._names_below(text.text)))

    def _trimmed(self, headline: str, span: Span) -> Span:
        start, end = span.start, span.end
        if any(headline[start:end] in text.text for text in self._sentences):
            return span
        words = headline[start:end].split(" ")
        while words and self._is_small(words[-1]) and (len(words) == 1 or words[-1] not in LAST_WORDS):
            end -= len(words.pop()) + 1
        while words and self._is_small(words[0]):
            start += len(words.pop(0)) + 1
        return span._replace(start=start, end=max(start, end))

    def _names_below(self, headline: str) -> Iterator[Span]:
        names: dict[str, Span] = {}
        for text in self._sentences:
            for span in text.spans:
                names.setdefault(text.text[span.start : span.end], span)
        last = 0
        for name in sorted((name for name in names if " " in name and name in headline), key=headline.index):
            start = headline.index(name)
            end = start + len(name)
            if start >= last and not headline[end : end + 1].isalnum() and not headline[start - 1 : start].isalnum():
                yield names[name]._replace(start=start, end=end)
                last = end

    def _is_small(self, word: str) -> bool:
        """Whether the article has the word, or its other number, as a mere word."""
        low = word.lower()
        return low in self._words or f"{low}s" in self._words or low.removesuffix("s") in self._words

    def _is_mere_word(self, name: str) -> bool:
        """True for "Brokers" at the start of a sentence, if no capital inside one says that it is a name."""
        if not (name.isalpha() and name.istitle()):
            return False
        return (self._is_small(name) or self._is_occupation(name)) and name not in self._capital_inside

    def _is_occupation(self, name: str) -> bool:
        """True for "Engineers": in sport they may be a team."""
        is_plural = name.endswith("s") and not self._is_on_sport and name not in _TEAMS
        return is_plural and name[:-1].lower() in PERSON_NOUNS

    @cached_property
    def _capital_inside(self) -> set[str]:
        return {word for text in self._sentences for word in _CAPITAL_INSIDE.findall(text.text)}
