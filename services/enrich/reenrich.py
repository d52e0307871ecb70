"""Tags stored raw articles again and writes what changed, as `retagged` with the next `tagging`.

It holds all partitions of enrich while it writes: no later revision can then be enriched meanwhile, and an article's
records stay in the order of its revisions. What arrives waits on the log.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import ValidationError

from schemas.enriched import EnrichedArticle
from schemas.topics import ENRICHED, LATEST, RAW
from services.common.batched import batched
from services.common.errors import UsageError
from services.common.event_log.port import EventLog, Record, Share, Start, StoredRecord
from services.common.event_log.transform import Done, Outcome
from services.enrich.retag import Standing, Verdict, later, retag, standing_of
from services.enrich.service import STAGE

HOLD_SECONDS: Final = 30.0  # a group on Kafka settles within one session timeout

Tag = Callable[[Sequence[StoredRecord]], Awaitable[Sequence[Outcome]]]
Observe = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Window:
    """Raw records that were stored from `start` up to, but not at, `end`."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Batches:
    """How many articles a batch has, and how many batches are tagged at the same time."""

    records: int
    at_once: int


async def reenrich(
    log: EventLog, tag: Tag, window: Window, batches: Batches, observe: Observe, *, dry_run: bool = False
) -> Counter[Verdict]:
    """What became of each article of the window. With `dry_run`, what would; nothing is held and nothing written.

    `observe` is told how many articles of how many are done. Memory grows with the number of articles in the window, by
    some 500 bytes each. Stopped half-way it has written whole batches, and the next run goes on from there. Raises
    UsageError if another process runs enrich, OwnershipLost if one takes over.
    """
    if dry_run:
        return await _retag_window(log, tag, window, batches, observe, None)
    async with _all_shares(log) as shares:
        return await _retag_window(log, tag, window, batches, observe, shares)


@asynccontextmanager
async def _all_shares(log: EventLog) -> AsyncIterator[Mapping[int, Share]]:
    shares: dict[int, Share] = {}
    complete, release = asyncio.Event(), asyncio.Event()

    async def hold(share: Share) -> None:
        shares[share.partition] = share
        if len(shares) == RAW.partitions:
            complete.set()
        await share.wait_stopping()

    holding = asyncio.create_task(log.share_out(RAW.name, STAGE, (), hold, release))
    completing = asyncio.create_task(complete.wait())
    try:
        await asyncio.wait((holding, completing), timeout=HOLD_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not holding.done() and not complete.is_set():
            held = f"{RAW.partitions - len(shares)} of {RAW.partitions}"
            raise UsageError(f"other processes run {STAGE} and hold {held} partitions: stop them first")
        if not holding.done():
            yield shares
    finally:
        completing.cancel()
        release.set()
        await holding


async def _retag_window(
    log: EventLog, tag: Tag, window: Window, batches: Batches, observe: Observe, shares: Mapping[int, Share] | None
) -> Counter[Verdict]:
    verdicts: Counter[Verdict] = Counter()
    chosen, verdicts[Verdict.SUPERSEDED] = await _choose(log, window)
    standing = await _read_standing(log, chosen)
    total, done = len(chosen), 0
    waiting: list[StoredRecord] = []

    async def flush() -> None:
        nonlocal done
        parts = list(batched(waiting, batches.records))
        tagged = await asyncio.gather(*(tag(part) for part in parts))
        by_partition: dict[int, list[Record]] = {}
        for record, outcome in zip(waiting, (one for part in tagged for one in part), strict=True):
            verdict, retagged = _judge(outcome, standing.get(record.key or ""))
            verdicts[verdict] += 1
            if retagged is not None:
                written = Record(ENRICHED.name, retagged.article_id, retagged.to_json())
                by_partition.setdefault(record.partition, []).append(written)
        if shares is not None:
            for partition, records in by_partition.items():
                await shares[partition].commit(records)
        done += len(waiting)
        observe(done, total)
        waiting.clear()

    async for record in log.read(RAW.name, Start.EARLIEST, follow=False):
        if record.key is not None and chosen.get(record.key) == record.offset:
            waiting.append(record)
            if len(waiting) == batches.records * batches.at_once:
                await flush()
    await flush()
    return +verdicts


async def _choose(log: EventLog, window: Window) -> tuple[dict[str, int], int]:
    """The offset of each article's newest record, if it is in the window; and how many in it are not the newest."""
    newest: dict[str, int | None] = {}
    inside = 0
    async for record in log.read(RAW.name, Start.EARLIEST, follow=False):
        if record.key is not None and record.timestamp >= window.start:
            is_inside = record.timestamp < window.end
            inside += is_inside
            newest[record.key] = record.offset if is_inside else None
    chosen = {key: offset for key, offset in newest.items() if offset is not None}
    return chosen, inside - len(chosen)


async def _read_standing(log: EventLog, chosen: Mapping[str, int]) -> dict[str, Standing]:
    """The newest tagging of each chosen article: what enrich wrote lately, and what publish keeps for ever."""
    standing: dict[str, Standing] = {}
    for topic in (LATEST.name, ENRICHED.name):
        async for record in log.read(topic, Start.EARLIEST, follow=False):
            if record.key is not None and record.key in chosen and record.value is not None:
                try:
                    article = EnrichedArticle.model_validate_json(record.value)
                except ValidationError:
                    continue  # publish has refused it too
                standing[record.key] = later(standing.get(record.key), standing_of(article))
    return standing


def _judge(outcome: Outcome, standing: Standing | None) -> tuple[Verdict, EnrichedArticle | None]:
    if not isinstance(outcome, Done):
        return Verdict.INVALID, None
    (record,) = outcome.records
    return retag(EnrichedArticle.model_validate_json(record.value or b""), standing)
