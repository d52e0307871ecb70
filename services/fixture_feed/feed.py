"""A feed made of seeds. What it shows is a function of its options, its start and the moment."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from math import isfinite
from urllib.parse import quote

from services.common.errors import UsageError
from services.fixture_feed.chance import fraction_of
from services.fixture_feed.rss import SITE, FixtureEntry, render_opml, render_rss
from services.fixture_feed.seed import Seed

# Real feeds seldom list more, and newsflow flags a document that is cut at an item cap.
ENTRIES_PER_DOCUMENT = 100
CACHED_DOCUMENTS = 8  # of about 600 KiB with 100 entries of a page each
CORRECTION = "Correction: an earlier version of this article did not carry this paragraph."


class FixtureFeed:
    """`count` distinct entries (one a seed unless given), split over documents of up to 100.

    The split is fixed: entry i is in document i // 100 from its publication on, so nothing is lost between two polls.
    Copies of a seed have their own guid, link, title and text. Entries appear `rate` a second from `started_at` on
    (all at once without one); `revise` is the share of them that is corrected `revise_after` seconds later.
    Raises UsageError for options that make no feed.
    """

    def __init__(
        self,
        seeds: Sequence[Seed],
        *,
        started_at: datetime,
        count: int | None = None,
        rate: float | None = None,
        revise: float = 0.0,
        revise_after: float = 60.0,
    ) -> None:
        _check(seeds, started_at, count, rate, revise, revise_after)
        self.started_at = started_at
        self._seeds = tuple(seeds)
        self._rate = rate
        self._revise_after = timedelta(seconds=revise_after)
        self._guids = tuple(_guids([seed.stem for seed in seeds], len(seeds) if count is None else count))
        self._revised = [number for number, guid in enumerate(self._guids) if fraction_of("revise", guid) < revise]
        self._render = lru_cache(CACHED_DOCUMENTS)(self._render_document)

    def __len__(self) -> int:
        """How many entries there are once all have appeared."""
        return len(self._guids)

    @property
    def documents(self) -> int:
        return max(1, -(-len(self) // ENTRIES_PER_DOCUMENT))

    @property
    def paths(self) -> tuple[str, ...]:
        """The path of each document: `/feed.xml`, `/feeds/0002.xml` and so on."""
        return ("/feed.xml", *(f"/feeds/{number:04d}.xml" for number in range(2, self.documents + 1)))

    @property
    def guids(self) -> tuple[str, ...]:
        """All guids there will be, in order of publication."""
        return self._guids

    @property
    def links(self) -> tuple[str, ...]:
        """All links there will be, in order of publication."""
        return tuple(map(_link, self._guids))

    @property
    def revised_guids(self) -> tuple[str, ...]:
        """All guids that will be revised, in order."""
        return tuple(self._guids[number] for number in self._revised)

    @property
    def settles_at(self) -> datetime:
        """When the last entry has appeared and the last revision is made."""
        moments = [self.started_at]
        if self._guids:
            moments.append(self._published_at(len(self) - 1))
        if self._revised:
            moments.append(self._revised_at(self._revised[-1]))
        return max(moments)

    def entries(self, now: datetime) -> list[FixtureEntry]:
        """What all documents together show, in order of publication."""
        visible = self._count_visible(now)
        revised = set(self._revised[: self._count_revised(now)])
        return [self._entry(number, number in revised) for number in range(visible)]

    def document(self, index: int, now: datetime) -> bytes:
        """Feed document `index` (from 0) as RSS, newest entry first."""
        return self._render(index, *self.version(index, now))

    def version(self, index: int, now: datetime) -> tuple[int, int]:
        """How many entries of a document have appeared and how many are revised: what its bytes depend on."""
        first, last = self._bounds(index)
        visible = min(max(self._count_visible(now) - first, 0), last - first)
        mine = self._revised_between(first, last)
        revised = min(max(self._count_revised(now) - mine.start, 0), len(mine))
        return visible, revised

    def changed_at(self, index: int, now: datetime) -> datetime:
        """When a document last changed, or the start if it has not."""
        return self._changed_at(index, *self.version(index, now))

    def next_change_at(self, now: datetime, index: int | None = None) -> datetime | None:
        """When the feed, or one document of it, changes next; None if it never will."""
        first, last = (0, len(self)) if index is None else self._bounds(index)
        moments = []
        coming = max(self._count_visible(now), first)
        if coming < last:
            moments.append(self._published_at(coming))
        mine = self._revised_between(first, last)
        correction = max(self._count_revised(now), mine.start)
        if correction < mine.stop:
            moments.append(self._revised_at(self._revised[correction]))
        return min(moments, default=None)

    def title(self, index: int) -> str:
        return "Fixture feed" if self.documents == 1 else f"Fixture feed {index + 1} of {self.documents}"

    def opml(self, base_url: str) -> bytes:
        """A subscription list of all documents as served under `base_url`."""
        base = base_url.rstrip("/")
        return render_opml("Fixture feeds", [(self.title(n), base + path) for n, path in enumerate(self.paths)])

    def _bounds(self, index: int) -> tuple[int, int]:
        if not 0 <= index < self.documents:
            raise IndexError(f"no document {index}")
        first = index * ENTRIES_PER_DOCUMENT
        return first, min(first + ENTRIES_PER_DOCUMENT, len(self))

    def _revised_between(self, first: int, last: int) -> range:
        return range(bisect_left(self._revised, first), bisect_left(self._revised, last))

    def _published_at(self, number: int) -> datetime:
        return self.started_at + timedelta(seconds=number / self._rate if self._rate else 0)

    def _revised_at(self, number: int) -> datetime:
        return self._published_at(number) + self._revise_after

    def _count_visible(self, now: datetime) -> int:
        return bisect_right(range(len(self)), now, key=self._published_at)

    def _count_revised(self, now: datetime) -> int:
        return bisect_right(self._revised, now, key=self._revised_at)

    def _changed_at(self, index: int, visible: int, revised: int) -> datetime:
        first, last = self._bounds(index)
        moments = [self.started_at]
        if visible:
            moments.append(self._published_at(first + visible - 1))
        if revised:
            start = self._revised_between(first, last).start
            moments.append(self._revised_at(self._revised[start + revised - 1]))
        return max(moments)

    def _render_document(self, index: int, visible: int, revised: int) -> bytes:
        first, last = self._bounds(index)
        start = self._revised_between(first, last).start
        corrected = set(self._revised[start : start + revised])
        newest_first = reversed(range(first, first + visible))
        entries = (self._entry(number, number in corrected) for number in newest_first)
        return render_rss(self.title(index), self._changed_at(index, visible, revised), entries)

    def _entry(self, number: int, is_revised: bool) -> FixtureEntry:
        seed = self._seeds[number % len(self._seeds)]
        copy = number // len(self._seeds) + 1
        title, paragraphs = seed.title, seed.paragraphs
        if copy > 1:
            title += f" (copy {copy})"
            paragraphs += (f"Copy {copy}.",)
        if is_revised:
            paragraphs += (CORRECTION,)
        return FixtureEntry(
            guid=self._guids[number],
            link=_link(self._guids[number]),
            title=title,
            paragraphs=paragraphs,
            credit_url=seed.credit_url,
            published_at=self._published_at(number),
            updated_at=self._revised_at(number) if is_revised else None,
        )


def _link(guid: str) -> str:
    return f"{SITE}articles/{quote(guid, safe='')}"


def _guids(stems: Sequence[str], count: int) -> Iterator[str]:
    """The stems, then `<stem>-0002` and so on; a number is left out where a seed of that name is there already."""
    taken = set(stems)
    suffixes = dict.fromkeys(stems, 1)
    for number in range(count):
        stem = stems[number % len(stems)]
        if number < len(stems):
            yield stem
            continue
        guid = stem
        while guid in taken:
            suffixes[stem] += 1
            guid = f"{stem}-{suffixes[stem]:04d}"
        taken.add(guid)
        yield guid


def _check(
    seeds: Sequence[Seed], started_at: datetime, count: int | None, rate: float | None, revise: float, after: float
) -> None:
    if not seeds:
        raise UsageError("a fixture feed needs at least one seed")
    if len({seed.stem for seed in seeds}) < len(seeds):
        raise UsageError("two seeds share a stem, which becomes the guid: rename one")
    if started_at.tzinfo is None:
        raise UsageError("the start of a fixture feed needs a time zone")
    if count is not None and count < 0:
        raise UsageError(f"count is {count}: it must be 0 or more")
    if rate is not None and not (isfinite(rate) and rate > 0):
        raise UsageError(f"rate is {rate}: it must be more than 0 entries a second")
    if not 0 <= revise <= 1:
        raise UsageError(f"revise is {revise}: it is a share between 0 and 1")
    if not (isfinite(after) and after >= 0):
        raise UsageError(f"revise_after is {after}: it must be 0 seconds or more")
    try:
        started_at + timedelta(seconds=(count or len(seeds)) / (rate or 1) + after)
    except OverflowError:
        raise UsageError("rate is too low or revise_after too long: the feed would outlast the calendar") from None
