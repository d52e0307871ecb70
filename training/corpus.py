"""Labelled texts as rows of features: documents in, sequences a CRF is trained on out."""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from services.enrich.crf.encoder import Encoded, Encoder
from services.enrich.crf.features import is_capital
from services.enrich.crf.lexicon import BIT, Lexicon
from services.enrich.crf.model import RUN_FIRST, RUN_LAST
from services.enrich.crf.places import CAPITALS_LINE, SENTENCE_START, TITLE_LINE
from services.enrich.crf.tokeniser import BREAK
from services.enrich.crf.word_clusters import WordClusters
from training.bio import Document, read_documents, recase
from training.made_up import WORDS, Names, made_up_documents, with_other_names
from training.word_features import word_features

# In the order they are trained on: the perceptron remembers the last best, so human labels come last.
SOURCES: Final = ("voa_gmb_text.distilled", "crossner", "docred", "wp_current_events.distilled", "wikigold", "gum")
HELD_OUT_EVERY: Final = 12
_MIN_SEEN: Final = 3
_MADE_UP: Final = 8_000
# Of the documents of each source that are there once more with other names, so that what is around a name counts.
_RENAMED_SHARE: Final = {"wp_current_events.distilled": 0.3, "wikigold": 0.5}
_MIN_AGREED, _AGREED_SHARE = 5, 0.75
_DEMONYM_ENDS: Final = tuple(
    (  # noqa: SIM905
        "ian ians ese ish ean eans can cans ans aqi aqis eli elis ani anis ench utch wiss reek reeks rab rabs slim"
        " slims meni menis ghan ghans nni nnis ite ites urd urds urk urks erb erbs hai zech ole wede ane"
    ).split()
)
_TITLES: Final = frozenset(
    (  # noqa: SIM905
        "mr mr. mrs mrs. ms ms. dr dr. president minister sir sen. rep. gov. gen. col. lt. sgt. prof. professor king"
        " queen prince princess pope senator governor general captain chancellor mayor judge justice"
    ).split()
)
Parts = dict[str, tuple[list[Document], list[Document]]]


def read_parts(folder: Path) -> Parts:
    """Of each source the documents to train on and those held out."""
    parts: Parts = {}
    for source in SOURCES:
        documents = read_documents(folder / f"{source}.conll")
        held = [document for number, document in enumerate(documents) if number % HELD_OUT_EVERY == 5]
        parts[source] = [d for number, d in enumerate(documents) if number % HELD_OUT_EVERY != 5], held
    return parts


def training_documents(parts: Parts, lexicon: Lexicon, seed: int) -> list[Document]:
    """All to train on, made-up ones first; some of the distilled ones once more as headlines."""
    shuffle = random.Random(seed)
    documents = made_up_documents(lexicon, _MADE_UP, shuffle)
    names = Names(lexicon, shuffle)
    agreed = _agreed_types(parts, lexicon) | dict.fromkeys(names.organisations, "ORG")
    for source, (train, _) in parts.items():
        block = list(train)
        if "distilled" in source:
            block = [_relabelled(document, agreed) for document in train]
            for document in list(block):
                for line in _lines(document):
                    draw = shuffle.random()
                    if draw < 0.05:
                        block.append(recase(line, "upper" if draw < 0.012 else "title"))
        renamed = shuffle.sample(train, round(_RENAMED_SHARE.get(source, 0) * len(train)))
        block += [with_other_names(document, lexicon, names.draw) for document in renamed]
        shuffle.shuffle(block)
        documents += block
    return documents


def _agreed_types(parts: Parts, lexicon: Lexicon) -> dict[str, str]:
    """Names that models label now so, now so, with the type that they mostly have or that we know they have."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for source, (train, _) in parts.items():
        for document in train:
            for start, end, kind in document.spans:
                counts[document.text[start:end]][kind] += 1 if "distilled" in source else 3
    agreed = {}
    known = BIT["orgn"] | BIT["club"]
    for name, kinds in counts.items():
        bits = lexicon.kinds.get(name.lower(), 0)
        [(kind, most), *_] = kinds.most_common(1)
        if bits & known == BIT["orgn"] and not bits & (BIT["ctry1"] | BIT["cap"] | BIT["state"] | BIT["clast"]):
            agreed[name] = "ORG"
        elif kinds.total() >= _MIN_AGREED and most >= _AGREED_SHARE * kinds.total() and not bits & BIT["club"]:
            agreed[name] = kind
    return agreed


def _relabelled(document: Document, agreed: Mapping[str, str]) -> Document:
    text = document.text
    return Document(text, tuple((start, end, agreed.get(text[start:end], kind)) for start, end, kind in document.spans))


def _lines(document: Document) -> Iterator[Document]:
    start = 0
    for stop in [*(match.start() + 1 for match in re.finditer(r"\. ", document.text)), len(document.text)]:
        spans = tuple((a - start, b - start, t) for a, b, t in document.spans if a >= start and b <= stop)
        if 20 < stop - start < 160:
            yield Document(document.text[start:stop].rstrip("."), spans)
        start = stop + 1


def build_lexicon(gazetteer: Path, documents: Sequence[Document], clusters: WordClusters) -> Lexicon:
    kinds: dict[str, int] = {}
    for line in gazetteer.read_text(encoding="utf-8").splitlines():
        word, _, names = line.partition("\t")
        kinds[word] = sum(BIT[name] for name in names.split(",") if name in BIT)
    for kind in ("orgw", "orgn", "club", "sportw", "dem"):
        for line in (WORDS / f"{kind}.txt").read_text(encoding="utf-8").splitlines():
            for word in line.split() if not line.startswith("#") else ():
                kinds[word] = kinds.get(word, 0) | BIT[kind]
    encoder = Encoder(Lexicon(kinds, {}))
    small: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    named: Counter[str] = Counter()
    for document in documents:
        encoded = encoder.encode([document.text])
        labels = label_tokens(encoder, encoded, document)
        for number, flag, label in zip(encoded.types, encoded.flags, labels, strict=True):
            word = encoder.words[number]
            if flag & (SENTENCE_START | CAPITALS_LINE | TITLE_LINE) or not word[0].isalpha():
                continue
            lower = word.lower()
            seen[lower] += 1
            if not is_capital(word):
                small[lower] += 1
            elif label == "O":
                named[word] += 1
    for word, count in named.items():
        lower = word.lower()
        if count >= 3 and count >= 0.9 * seen[lower] and lower.endswith(_DEMONYM_ENDS):
            kinds[lower] = kinds.get(lower, 0) | BIT["dem"]
    shares = {word: round(7 * small[word] / count) for word, count in seen.items() if count >= _MIN_SEEN}
    return Lexicon(kinds, shares, clusters)


def label_tokens(encoder: Encoder, encoded: Encoded, document: Document) -> list[str]:
    """A BIO2 label for each token, without what no span has: leading "the", titles of persons, trailing "'s"."""
    types, starts, ends = encoded.types, encoded.starts, encoded.ends
    labels = ["O"] * len(types)
    words = encoder.words
    for start, end, kind in document.spans:
        first = int(np.searchsorted(ends, start, side="right"))
        last = int(np.searchsorted(starts, end, side="left"))
        inside = [at for at in range(first, last) if words[types[at]] != BREAK and ends[at] > starts[at]]
        inside = [at for at in inside if 2 * (min(end, ends[at]) - max(start, starts[at])) > ends[at] - starts[at]]
        while inside and words[types[inside[0]]].lower() == "the":
            inside = inside[1:]
        while inside and words[types[inside[-1]]].lower() in {"'s", ".", ",", '"', "'"}:
            inside = inside[:-1]
        if kind == "PER":
            while len(inside) > 1 and words[types[inside[0]]].lower() in _TITLES:
                inside = inside[1:]
        if kind == "LOC" and len(inside) == 1:
            lower = words[types[inside[0]]].lower()
            if encoder.lexicon.kinds.get(lower, 0) == BIT["dem"]:
                continue
        for place, at in enumerate(inside):
            labels[at] = ("I-" if place else "B-") + kind
    return labels


class Rows:
    """The features of tokens, by the same names everywhere: `name@offset`, bigrams, classes and flags."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.encoder = Encoder(lexicon)
        self._by_type: dict[int, tuple[list[str], ...]] = {}

    def sequences(self, document: Document) -> Iterator[tuple[list[list[str]], list[str]]]:
        """(features, labels) of each sentence."""
        encoder = self.encoder
        encoded = encoder.encode([document.text])
        labels = label_tokens(encoder, encoded, document)
        types = encoded.types.tolist()
        flags = encoded.flags.tolist()
        classes = encoder.classes()[encoded.types].tolist()
        firsts, lasts = encoded.run_firsts.tolist(), encoded.run_lasts.tolist()
        rows: list[list[str]] = []
        row_labels: list[str] = []
        for at, number in enumerate(types):
            if number == 0:
                if rows:
                    yield rows, row_labels
                rows, row_labels = [], []
                continue
            before, after = types[at - 1], types[at + 1]
            word, left, right = (encoder.words[number] for number in (number, before, after))
            rows.append([
                *self._named(types[at - 2])[0], *self._named(before)[1], *self._named(number)[2],
                *self._named(after)[3], *self._named(types[at + 2])[4],
                f"b-{left} {word}", f"b+{word} {right}",
                *class_marks(classes[at - 1 : at + 2], flags[at]),
            ])  # fmt: skip
            if first := firsts[at]:
                rows[-1] += [*self._named(types[first])[RUN_FIRST], f"rf{classes[first]} {classes[at]}"]
            if last := lasts[at]:
                rows[-1] += [*self._named(types[last])[RUN_LAST], f"rl{classes[last]} {classes[at]}"]
            row_labels.append(labels[at])

    def _named(self, number: int) -> tuple[list[str], ...]:
        named = self._by_type.get(number)
        if named is None:
            word = word_features(self.encoder.words[number], int(self.encoder.classes()[number]), self.encoder.lexicon)
            named = self._by_type[number] = tuple(
                [f"{name}@{offset}" for name in names]
                for offset, names in enumerate(
                    (word.near, word.beside, word.at, word.beside, word.near, word.edge, word.edge)
                )
            )
        return named


def class_marks(classes: Sequence[int], flags: int) -> tuple[str, ...]:
    before, here, after = classes
    return (f"t{before} {here} {after}", f"u{before} {here}", f"v{here} {after}", f"f{flags}", f"fc{flags} {here}")


def common_words(documents: Iterable[Document], lexicon: Lexicon, count: int) -> list[str]:
    """The commonest types, BREAK first."""
    encoder = Encoder(lexicon)
    seen: Counter[str] = Counter()
    for document in documents:
        seen.update(encoder.words[number] for number in encoder.encode([document.text]).types.tolist())
    del seen[BREAK]
    return [BREAK, *(word for word, _ in seen.most_common(count))]
