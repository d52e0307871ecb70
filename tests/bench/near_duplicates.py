"""`python -m tests.bench.near_duplicates [FILE.conll…]`: how well signatures tell edited copies from other texts.

Without files it uses the few reports of our own; with CoNLL files, each of their documents.
"""

import random
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Final

from schemas.enriched import Signature
from services.enrich.near_duplicates import are_copies, sign

OWN_TEXTS: Final = Path(__file__).parents[1] / "unit" / "enrich" / "data" / "same_subject.tsv"
MAX_TEXTS: Final = 2_000  # two million pairs take half a minute
BYLINES: Final = (
    "By Ana Borg, Harbour Times",
    "VALLETTA, Jan 31 (Agency) -",
    "Reporting by A. Borg; editing by K. Ito",
)
BOILERPLATE: Final = (
    "Sign up for our newsletter and get the top stories in your inbox every morning. All rights reserved. This "
    "material may not be published, broadcast, rewritten or redistributed without permission.",
    "Read more: follow our live coverage. The views expressed are the author's own. Download our app for breaking "
    "news alerts and subscribe today to support independent journalism.",
)

Sentences = list[str]
Edit = Callable[[Sentences, random.Random], Sentences]


def drop_a_third(text: Sentences, chance: random.Random) -> Sentences:
    kept = sorted(chance.sample(range(len(text)), max(1, round(len(text) * 2 / 3))))
    return [text[place] for place in kept]


def add_byline(text: Sentences, chance: random.Random) -> Sentences:
    return [chance.choice(BYLINES), *text, chance.choice(BYLINES)]


def add_boilerplate(text: Sentences, chance: random.Random) -> Sentences:
    return [*text, chance.choice(BOILERPLATE)]


def replace_words(share: float) -> Edit:
    def edit(text: Sentences, chance: random.Random) -> Sentences:
        words = " ".join(text).split()
        return [
            " ".join(chance.choice(words) if chance.random() < share else word for word in sentence.split())
            for sentence in text
        ]

    return edit


def edit_as_an_agency(text: Sentences, chance: random.Random) -> Sentences:
    for edit in (drop_a_third, replace_words(0.04), add_byline, add_boilerplate):
        text = edit(text, chance)
    return text


EDITS: Final[dict[str, Edit]] = {
    "byline and dateline changed": add_byline,
    "boilerplate added": add_boilerplate,
    "a third of the sentences dropped": drop_a_third,
    "5 % of the words replaced": replace_words(0.05),
    "10 % of the words replaced": replace_words(0.1),
    "all of these, 4 % of the words": edit_as_an_agency,
    "cut to the first half": lambda text, _: text[: max(1, len(text) // 2)],
    "cut to two sentences": lambda text, _: text[:2],
    "cut to the first sentence": lambda text, _: text[:1],
}


def share_bands(one: Signature, other: Signature) -> bool:
    return not set(one.bands).isdisjoint(other.bands)


def own_texts() -> list[Sentences]:
    lines = [line for line in OWN_TEXTS.read_text("utf-8").splitlines() if not line.startswith("#")]
    return [[f"{part}." for part in line.partition("\t")[2].removesuffix(".").split(". ")] for line in lines]


def conll_texts(path: Path) -> Iterator[Sentences]:
    for document in path.read_text("utf-8").split("-DOCSTART-")[1:]:
        sentences = (sentence.splitlines() for sentence in document.split("\n\n")[1:])
        yield [" ".join(line.partition(" ")[0] for line in sentence) for sentence in sentences if sentence]


def signed(text: Sentences) -> Signature | None:
    return sign("", "\n".join(text))


def print_table(texts: Sequence[Sentences]) -> None:
    chance = random.Random(1)
    originals = [(text, signature) for text in texts if (signature := signed(text))]
    print(f"{len(originals)} texts of {len(texts)} have a signature\n")
    print("| edit | told as a copy | and shares a band | too short |\n| --- | --- | --- | --- |")
    for name, edit in EDITS.items():
        pairs = [(signature, signed(edit(text, chance))) for text, signature in originals]
        copies = [(one, other) for one, other in pairs if other and are_copies(one, other)]
        met = sum(share_bands(*pair) for pair in copies)
        unsigned = sum(other is None for _, other in pairs)
        print(
            "| " + " | ".join([name, *(f"{count / len(pairs):.3f}" for count in (len(copies), met, unsigned))]) + " |"
        )
    different = list(combinations((signature for _, signature in originals), 2))
    sharing = sum(share_bands(*pair) for pair in different)
    told = sum(are_copies(*pair) for pair in different)
    print(f"\nOf {len(different)} pairs of different texts {sharing} share a band and {told} are told as copies.")


if __name__ == "__main__":
    files = [Path(argument) for argument in sys.argv[1:]]
    print_table([text for file in files for text in conll_texts(file)][:MAX_TEXTS] if files else own_texts())
