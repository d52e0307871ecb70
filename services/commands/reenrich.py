"""`newsflow reenrich`: stored articles tagged again by the taggers of today."""

import asyncio
import sys
from collections import Counter
from datetime import datetime

from prometheus_client import CollectorRegistry
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.common.clock import system_clock
from services.common.errors import UsageError
from services.common.logs import set_up_logs
from services.common.metrics import Metrics
from services.common.runtime import ready_log
from services.common.workers import Workers
from services.enrich.reenrich import Batches, Window, reenrich
from services.enrich.retag import Verdict
from services.enrich.service import START_SECONDS, BatchTagger
from services.enrich.worker import load_taggers
from services.settings import Settings, load_settings


def run_reenrich(start: datetime, end: datetime | None, log: str | None, *, dry_run: bool) -> int:
    """Exit code 1 if a tagger failed on an article. Raises UsageError for an empty window or while enrich runs."""
    window = Window(start, end or system_clock())
    if window.start >= window.end:
        raise UsageError("--from is not before --to: there is nothing to tag again")
    settings = load_settings(log=log)
    set_up_logs(settings.log_level, settings.log_format)
    verdicts = asyncio.run(_run(settings, window, dry_run=dry_run))
    print(_summary(verdicts, dry_run=dry_run), file=sys.stderr)
    return 1 if verdicts[Verdict.FAILED] else 0


async def _run(settings: Settings, window: Window, *, dry_run: bool) -> Counter[Verdict]:
    enrich = settings.enrich
    console = Console(stderr=True)
    columns = (TextColumn("tagged again"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    async with (
        ready_log(settings, system_clock) as log,
        Workers(enrich.workers, enrich.worker_memory_bytes, load_taggers, (enrich,)) as workers,
    ):
        await workers.ready(START_SECONDS)
        tagger = BatchTagger(Metrics(CollectorRegistry()), system_clock, workers, enrich)
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("", total=None)
            return await reenrich(
                log,
                tagger.step,
                window,
                Batches(enrich.batch_records, enrich.workers),
                lambda done, total: bar.update(task, completed=done, total=total),
                dry_run=dry_run,
            )


def _summary(verdicts: Counter[Verdict], *, dry_run: bool) -> str:
    counts = ", ".join(f"{verdicts[verdict]:,} {verdict}" for verdict in Verdict if verdicts[verdict])
    written = " (dry run: nothing was written)" if dry_run else ""
    return f"{verdicts.total():,} articles stored in this time{': ' if counts else ''}{counts}{written}"
