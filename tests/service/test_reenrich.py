"""Re-tagging on a real embedded log: what changed is written once, in order, and nothing else."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.article import Kind, RawArticle
from schemas.enriched import DetectedLanguage, EnrichedArticle, MediaTopic, TagProblem, TagTask
from schemas.reasons import Reason
from schemas.samples import SAMPLES
from schemas.topics import ENRICHED, LATEST, LOG_TOPICS, RAW
from services.common.clock import Clock, FixedClock
from services.common.errors import GroupTaken
from services.common.event_log.open import open_log
from services.common.event_log.port import EventLog, Record, Share, Start, StoredRecord
from services.common.event_log.transform import Dead, Done, Outcome, Stage
from services.enrich.reenrich import Batches, Tag, Window, reenrich
from services.enrich.retag import Verdict
from services.enrich.tagging import Tags
from services.enrich.worker import decode_raw, enriched

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ALL = Window(NOON - timedelta(days=1), NOON + timedelta(days=1))
RAW_ARTICLE = next(sample for sample in SAMPLES if isinstance(sample, RawArticle))
ENGLISH = DetectedLanguage(code="en", score=1.0)


class Hours:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.moment = NOON

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Hours:
    return Hours()


@pytest.fixture
async def log(tmp_path: Path, clock: Clock) -> AsyncIterator[EventLog]:
    async with open_log(f"sqlite:///{tmp_path}/log.sqlite", clock) as log:
        await log.ensure(LOG_TOPICS.values(), create=True)
        yield log


def raw(article_id: str, revision: int = 1, title: str = "A bridge") -> Record:
    article = RAW_ARTICLE.article.model_copy(update={"article_id": article_id, "revision": revision, "title": title})
    return Record(RAW.name, article_id, RAW_ARTICLE.model_copy(update={"article": article}).to_json())


def tagged_as(label: str, *problems: TagProblem) -> Tag:
    """Taggers that say the same of every article, except that they fail on one with the title "breaks"."""

    async def tag(records: Sequence[StoredRecord]) -> list[Outcome]:
        return [outcome(record) for record in records]

    def outcome(record: StoredRecord) -> Outcome:
        raw_article = decode_raw(record.value)
        if isinstance(raw_article, Dead):
            return raw_article
        broken = (TagProblem(task=TagTask.ENTITIES, reason=Reason.TAGGER_FAILED),)
        found = broken if raw_article.article.title == "breaks" else problems
        topics = (MediaTopic(code="medtop:11000000", label=label, score=0.5),)
        done = enriched(raw_article, Tags(ENGLISH, media_topics=topics, problems=found), NOON)
        return Done((Record(ENRICHED.name, done.article_id, done.value),))

    return tag


async def enrich_all(log: EventLog, tag: Tag) -> None:
    """What the enrich service does, up to the end of the log."""
    stop = asyncio.Event()

    async def step(records: Sequence[StoredRecord]) -> Sequence[Outcome]:
        return await tag(records)

    running = asyncio.create_task(Stage("enrich", RAW.name, step, FixedClock(NOON)).run(log, stop))
    async with asyncio.timeout(20):
        while any((await log.lag(RAW.name, "enrich")).values()):
            await asyncio.sleep(0.01)
    stop.set()
    await running


async def written(log: EventLog, topic: str = ENRICHED.name) -> list[EnrichedArticle]:
    records = [record async for record in log.read(topic, Start.EARLIEST, follow=False)]
    return [EnrichedArticle.model_validate_json(record.value or b"") for record in records]


async def again(log: EventLog, tag: Tag, window: Window = ALL, *, dry_run: bool = False) -> Counter[Verdict]:
    async with asyncio.timeout(20):
        return await reenrich(log, tag, window, Batches(2, 2), lambda done, total: None, dry_run=dry_run)


async def test_what_changed_is_written_with_the_next_tagging_and_a_second_run_writes_nothing(log: EventLog) -> None:
    await log.append([raw(f"a1_{number}") for number in range(7)])
    await enrich_all(log, tagged_as("politics"))
    assert await again(log, tagged_as("politics")) == {Verdict.UNCHANGED: 7}
    assert await again(log, tagged_as("sport"), dry_run=True) == {Verdict.RETAGGED: 7}
    assert len(await written(log)) == 7
    assert await again(log, tagged_as("sport")) == {Verdict.RETAGGED: 7}
    assert await again(log, tagged_as("sport")) == {Verdict.UNCHANGED: 7}
    assert await again(log, tagged_as("politics")) == {Verdict.RETAGGED: 7}
    of_one = [article for article in await written(log) if article.article_id == "a1_3"]
    assert [(article.kind, article.tagging) for article in of_one] == [
        (Kind.PUBLISHED, 0),
        (Kind.RETAGGED, 1),
        (Kind.RETAGGED, 2),
    ]
    assert [article.event_id for article in of_one] == ["a1_3:1:0", "a1_3:1:1", "a1_3:1:2"]


async def test_only_the_newest_revision_is_tagged_again_and_only_if_it_is_in_the_window(
    log: EventLog, clock: Hours
) -> None:
    await log.append([raw("a1_edited"), raw("a1_edited_later"), raw("a1_old")])
    clock.moment = NOON + timedelta(hours=2)
    await log.append([raw("a1_edited", 2), raw("a1_new")])
    clock.moment = NOON + timedelta(hours=4)
    await log.append([raw("a1_edited_later", 2)])
    await enrich_all(log, tagged_as("politics"))
    window = Window(NOON + timedelta(hours=1), NOON + timedelta(hours=3))
    assert await again(log, tagged_as("sport"), window) == {Verdict.RETAGGED: 2}
    early = Window(NOON, NOON + timedelta(hours=3))
    assert await again(log, tagged_as("sport"), early) == {
        Verdict.RETAGGED: 1,
        Verdict.UNCHANGED: 2,
        Verdict.SUPERSEDED: 2,
    }
    retagged = {article.event_id for article in await written(log) if article.kind is Kind.RETAGGED}
    assert retagged == {"a1_edited:2:1", "a1_new:1:1", "a1_old:1:1"}


async def test_an_article_that_enrich_has_not_come_to_is_left_to_it(log: EventLog) -> None:
    await log.append([raw("a1_done")])
    await enrich_all(log, tagged_as("politics"))
    await log.append([raw("a1_done", 2), raw("a1_new")])
    assert await again(log, tagged_as("sport")) == {Verdict.WAITING: 2, Verdict.SUPERSEDED: 1}
    await enrich_all(log, tagged_as("sport"))
    assert [article.event_id for article in await written(log) if article.article_id == "a1_done"] == [
        "a1_done:1:0",
        "a1_done:2:0",
    ]


async def test_a_tagger_that_fails_takes_nothing_away_and_bad_records_are_passed_over(log: EventLog) -> None:
    await log.append([raw("a1_breaks", title="breaks"), raw("a1_good"), Record(RAW.name, "a1_bad", b"{")])
    await enrich_all(log, tagged_as("politics"))
    assert await again(log, tagged_as("sport")) == {Verdict.FAILED: 1, Verdict.RETAGGED: 1, Verdict.INVALID: 1}


async def test_an_article_tagged_in_part_is_tagged_again(log: EventLog) -> None:
    await log.append([raw("a1_long")])
    in_part = TagProblem(task=TagTask.ENTITIES, reason=Reason.TAGGED_IN_PART)
    await enrich_all(log, tagged_as("politics", in_part))
    assert await again(log, tagged_as("sport", in_part)) == {Verdict.RETAGGED: 1}


async def test_what_only_the_latest_states_still_hold_is_known(log: EventLog) -> None:
    """Enriched records are kept for 7 days, raw ones for 30."""
    await log.append([raw("a1_old")])
    [record] = [record async for record in log.read(RAW.name, Start.EARLIEST, follow=False)]
    [outcome] = await tagged_as("politics")([record])
    assert isinstance(outcome, Done)
    await log.append([Record(LATEST.name, "a1_old", outcome.records[0].value)])
    assert await again(log, tagged_as("politics")) == {Verdict.UNCHANGED: 1}
    assert await again(log, tagged_as("sport")) == {Verdict.RETAGGED: 1}


async def test_while_enrich_runs_nothing_is_written(log: EventLog) -> None:
    await log.append([raw("a1_one")])
    await enrich_all(log, tagged_as("politics"))
    stop, held = asyncio.Event(), asyncio.Event()

    async def hold(share: Share) -> None:
        held.set()
        await share.wait_stopping()

    enrich = asyncio.create_task(log.share_out(RAW.name, "enrich", (), hold, stop))
    await held.wait()
    with pytest.raises(GroupTaken, match="enrich"):
        await again(log, tagged_as("sport"))
    assert await again(log, tagged_as("sport"), dry_run=True) == {Verdict.RETAGGED: 1}
    stop.set()
    await enrich
    assert len(await written(log)) == 1
