"""Scores of IPTC media topics for an English article, from a weighted lexicon of our own words and from all its words.

Title, summary, body in; `MediaTopic`s out, best first. The lexicon's format is told in its own file; what all words say
together is in `topic_model.py`.
"""

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import compress, islice, pairwise, product
from pathlib import Path
from sys import intern
from typing import Final, NamedTuple, Self

from schemas.enriched import MediaTopic
from schemas.media_topics import SECOND_LEVEL_MEDIA_TOPICS, TOP_LEVEL_MEDIA_TOPICS
from services.enrich.topic_model import Counts, TopicModel, saturated

TITLE_WEIGHT: Final = 3.0
LEAD_WEIGHT: Final = 1.5
REST_WEIGHT: Final = 1.0
CATEGORY_WEIGHT: Final = 2.0
MAX_CATEGORIES: Final = 20
LEAD_CHARS: Final = 600  # news puts what happened into its first two or three sentences
MAX_CHARS: Final = 10_000  # of each field, about 1,700 words: what comes later is background
ENOUGH_EVIDENCE: Final = 8.0  # one word of weight 4 in the title and nowhere else (6) makes a score of one half
# What all words together say of a media topic that they are certain of: as much as three words of weight 4.
WHOLE_TEXT: Final = "the text as a whole"
WHOLE_TEXT_WEIGHT: Final = 12.0
MIN_PROBABILITY: Final = 0.05
SCORE_FLOOR: Final = 0.1
MIN_SECOND_LEVEL: Final = 12.0  # three words of weight 4 in the lead: second-level codes are for strong evidence
MIN_PARENT_SCORE: Final = 0.5

LEXICON_PATH: Final = Path(__file__).parent / "data" / "media_topics.tsv"
NEUTRAL: Final = "-"
# One pass of `str.replace` for each of these is four times faster than a regular expression for words.
_SEPARATORS: Final = ".,;:!?…'’‘\"“”„«»()[]{}<>-–—/\\|*#@$€£¥%&+=~^`´•·_"
_MEDIA_TOPICS: Final = (*TOP_LEVEL_MEDIA_TOPICS, *SECOND_LEVEL_MEDIA_TOPICS)
_INDEX_OF_SLUG: Final = {media_topic.slug: index for index, media_topic in enumerate(_MEDIA_TOPICS)}
# One of the top level is its own.
_PARENTS: Final = [_INDEX_OF_SLUG[media_topic.slug.partition("/")[0]] for media_topic in _MEDIA_TOPICS]

Words = tuple[str, ...]
Form = str | Words  # a word, or the words of a phrase
Weights = tuple[tuple[int, float], ...]  # what a form says: the index of a media topic, and how strongly


class Evidence(NamedTuple):
    """A word or phrase of the lexicon that an article has: its weight there, and what it adds to the media topic.

    `WHOLE_TEXT` stands for all its words together.
    """

    form: str
    weight: float
    strength: float


class LexiconError(ValueError):
    """A line of the lexicon does not follow its format."""


class MediaTopicTagger:
    """Immutable once made, so one instance serves a whole process."""

    name: Final = "newsflow-media-topics-en"
    languages: Final = frozenset({"en"})

    def __init__(self, lexicon: str, model: TopicModel | None = None) -> None:
        """Without a model the lexicon alone is asked. Raises LexiconError, naming the line."""
        digests = [hashlib.blake2b(lexicon.encode(), digest_size=4).hexdigest(), *([model.digest] if model else [])]
        self.version: Final = "-".join(["5", *digests])
        self._model = model
        self._weights: dict[Form, Weights] = {}
        # Most forms say the same as hundreds of others: weights of its own for each would take 10 MB.
        shared: dict[Weights, Weights] = {}
        for slug, weight, term in parse_lexicon(lexicon):
            said = [] if slug == NEUTRAL else [(index, weight) for index in _indexes(slug)]
            for words in _forms(term):
                # Interned, as the same words stand in many phrases.
                phrase = tuple(map(intern, words))
                form = phrase if len(phrase) > 1 else phrase[0]
                weights = _heaviest(self._weights.get(form, ()), said)
                self._weights[form] = shared.setdefault(weights, weights)
        self._cased_words = frozenset(it for it in self._weights if isinstance(it, str) and it != it.lower())
        # By the first two words of phrases: how many words the longest of them has.
        self._longest: dict[Words, int] = {}
        for form in self._weights:
            if not isinstance(form, str):
                start = form[:2]
                self._longest[start] = max(len(form), self._longest.get(start, 0))

    @classmethod
    def load(cls, path: Path = LEXICON_PATH) -> Self:
        return cls(path.read_text(encoding="utf-8"), TopicModel.load())

    def tag(self, title: str, summary: str, body: str, categories: Iterable[str] = ()) -> tuple[MediaTopic, ...]:
        """Media topics that score at least SCORE_FLOOR, best first. `categories` are the publisher's.

        A score is in 0..1: how much evidence there is, times its share of what the best media topic has, so several
        media topics of one article can score high.
        """
        totals = [0.0] * len(_MEDIA_TOPICS)
        texts = self.words(title, summary, body, categories)
        # Of the top level, whose media topics are the first.
        for index, strength in self._said_by_all(texts):
            totals[index] = strength
        for form, count in self._count_forms(texts).items():
            counted = saturated(count)
            for index, weight in self._weights[form]:
                totals[index] += weight * counted
        return _scored(totals)

    def evidence(
        self, title: str, summary: str, body: str, categories: Iterable[str] = ()
    ) -> dict[str, list[Evidence]]:
        """By the slug of a media topic, what speaks for it, the strongest first."""
        found: defaultdict[str, list[Evidence]] = defaultdict(list)
        texts = self.words(title, summary, body, categories)
        for index, strength in self._said_by_all(texts):
            found[_MEDIA_TOPICS[index].slug].append(Evidence(WHOLE_TEXT, WHOLE_TEXT_WEIGHT, strength))
        for form, count in self._count_forms(texts).items():
            shown = form if isinstance(form, str) else " ".join(form)
            for index, weight in self._weights[form]:
                found[_MEDIA_TOPICS[index].slug].append(Evidence(shown, weight, weight * saturated(count)))
        return {slug: sorted(words, key=lambda word: -word.strength) for slug, words in found.items()}

    def words(self, title: str, summary: str, body: str, categories: Iterable[str] = ()) -> list[Counts]:
        """The words of each part of an article, and what one counts there. In lower case, but for those that the
        lexicon writes with capitals."""
        lead_end = _word_boundary(body, LEAD_CHARS)
        parts = [
            (title[:MAX_CHARS], TITLE_WEIGHT),
            (summary[:MAX_CHARS], LEAD_WEIGHT),
            (body[:lead_end], LEAD_WEIGHT),
            (body[lead_end:MAX_CHARS], REST_WEIGHT),
            *((category[:MAX_CHARS], CATEGORY_WEIGHT) for category in islice(categories, MAX_CATEGORIES)),
        ]
        return [(self._normalised(text), weight) for text, weight in parts if text]

    def _said_by_all(self, texts: Iterable[Counts]) -> list[tuple[int, float]]:
        probabilities = self._model.probabilities(texts) if self._model else []
        return [(index, WHOLE_TEXT_WEIGHT * it) for index, it in enumerate(probabilities) if it >= MIN_PROBABILITY]

    def _count_forms(self, texts: Iterable[Counts]) -> defaultdict[Form, float]:
        counts: defaultdict[Form, float] = defaultdict(float)
        for words, weight in texts:
            self._count([*words], weight, counts)
        return counts

    def _count(self, words: list[str], weight: float, counts: defaultdict[Form, float]) -> None:
        """Empties the words of phrases in `words`."""
        starts = self._longest
        for first in list(compress(range(len(words)), map(starts.__contains__, pairwise(words)))):
            # The start is gone if a phrase before has taken one of its words.
            for length in range(starts.get((words[first], words[first + 1]), 0), 1, -1):
                phrase = tuple(words[first : first + length])
                if phrase in self._weights:
                    counts[phrase] += weight
                    # Emptied, so that the words of a phrase count neither alone nor in a phrase that overlaps it.
                    words[first : first + len(phrase)] = [""] * len(phrase)
                    break
        for word in filter(self._weights.__contains__, words):
            counts[word] += weight

    def _normalised(self, text: str) -> list[str]:
        if text.isupper():
            return _spaced(text).lower().split()
        kept = self._cased_words
        # Most words are small as they are written.
        return [word if word.islower() or word in kept else word.lower() for word in _spaced(text).split()]


def parse_lexicon(lexicon: str) -> Iterator[tuple[str, float, str]]:
    """(slug, weight, term) of every term. Raises LexiconError."""
    for number, line in enumerate(lexicon.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            slug, weight, terms = line.split("\t")
            value = float(weight)
        except ValueError:
            raise LexiconError(f"line {number}: not slug, weight and words, separated by tabs") from None
        if slug != NEUTRAL and slug not in _INDEX_OF_SLUG:
            raise LexiconError(f"line {number}: {slug!r} is no media topic")
        for term in terms.split(", "):
            if any(_spaced(word.removesuffix("~")).split() != [word.removesuffix("~")] for word in term.split(" ")):
                raise LexiconError(f"line {number}: {term!r} is not words separated by single blanks")
            if " " in term and term != term.lower():
                raise LexiconError(f"line {number}: the phrase {term!r} has capitals")
            yield slug, value, term


def _spaced(text: str) -> str:
    for separator in _SEPARATORS:
        if separator in text:
            text = text.replace(separator, " ")
    return text


def _forms(term: str) -> Iterable[Words]:
    words = term.split(" ")
    if term != term.lower():
        return [(term,)]
    choices = [_verb_forms(word[:-1]) if word.endswith("~") else [word] for word in words]
    if not words[-1].endswith("~"):
        choices[-1] = [words[-1], _plural(words[-1])]
    return product(*choices)


def _plural(word: str) -> str:
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return f"{word}es"
    if word.endswith("y") and word[-2:-1] not in tuple("aeiou"):
        return f"{word[:-1]}ies"
    return f"{word}s"


def _verb_forms(verb: str) -> list[str]:
    if verb.endswith("e"):
        return [verb, _plural(verb), f"{verb}d", f"{verb[:-1]}ing"]
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return [verb, _plural(verb), f"{verb[:-1]}ied", f"{verb}ing"]
    # Both "stabbed" and "deported" follow without knowing the stress; the wrong one of each pair is simply never met.
    return [verb, _plural(verb), f"{verb}ed", f"{verb}ing", f"{verb}{verb[-1]}ed", f"{verb}{verb[-1]}ing"]


def _word_boundary(text: str, position: int) -> int:
    """The first blank from `position` on, so that no word is cut, or `position` in a text without blanks."""
    blank = text.find(" ", position, position + 100)
    return blank if blank >= 0 else position


def _indexes(slug: str) -> set[int]:
    """What a word of `slug` is a sign of: the media topic and, of one of the second level, its parent."""
    return {_INDEX_OF_SLUG[slug], _PARENTS[_INDEX_OF_SLUG[slug]]}


def _heaviest(weights: Weights, said: Iterable[tuple[int, float]]) -> Weights:
    """Both, each media topic with the greater of its weights."""
    greatest = dict(weights)
    for index, weight in said:
        greatest[index] = max(weight, greatest.get(index, 0.0))
    return tuple(greatest.items())


def _scored(totals: list[float]) -> tuple[MediaTopic, ...]:
    best = max(totals)
    scores: dict[int, float] = {}
    for index, total in enumerate(totals):
        parent = _PARENTS[index]
        if not total or (parent != index and (total < MIN_SECOND_LEVEL or scores.get(parent, 0.0) < MIN_PARENT_SCORE)):
            continue
        score = total / best * (1 - math.exp(-total / ENOUGH_EVIDENCE))
        if score >= SCORE_FLOOR:
            scores[index] = score
    found = [
        MediaTopic(code=_MEDIA_TOPICS[index].code, label=_MEDIA_TOPICS[index].label, score=round(score, 4))
        for index, score in scores.items()
    ]
    return tuple(sorted(found, key=lambda it: (-it.score, it.code)))
