"""What a person sees of a replay: a progress bar, and a picture of what came out."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

from prometheus_client import CollectorRegistry
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress
from rich.table import Table

from schemas.enriched import EnrichedArticle, EntityType
from services.common.event_log.port import StoredRecord
from services.common.metrics import Metrics

SHOWN_ARTICLES = 3
SHOWN_ENTITIES = 12


@dataclass(slots=True)
class StageSpeed:
    """Records of a stage, and the seconds from its first to its last."""

    records: int = 0
    first: float = 0.0
    last: float = 0.0

    @property
    def seconds(self) -> float:
        return self.last - self.first


class Progress:
    """A bar on standard error while articles become public, and each stage's counts over time."""

    def __init__(self, total: int, metrics: Metrics, *, hidden: bool) -> None:
        self._total = total
        self._registry: CollectorRegistry = metrics.registry
        self._started = time.monotonic()
        self._stages: dict[str, StageSpeed] = {}
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        console = Console(stderr=True)
        self._bar = RichProgress(*columns, console=console, transient=True, disable=hidden or not console.is_terminal)
        self._task = self._bar.add_task("articles", total=total)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bar.stop()

    def public(self, missing: int) -> None:
        """All but `missing` articles are public now."""
        self._note_stages()
        self._bar.update(self._task, completed=self._total - missing)

    def stages(self) -> Mapping[str, StageSpeed]:
        """How far and fast each stage has come."""
        self._note_stages()
        return self._stages

    def _note_stages(self) -> None:
        now = time.monotonic()
        for stage in ("ingest", "enrich", "publish"):
            count = int(self._registry.get_sample_value("newsflow_records_total", {"stage": stage}) or 0)
            speed = self._stages.setdefault(stage, StageSpeed(first=self._started))
            if count > speed.records:
                speed.records, speed.last = count, now


def show_result(records: Sequence[StoredRecord], stages: Mapping[str, StageSpeed], seconds: float) -> None:
    """Print the first articles and the speed of each stage to standard output."""
    console = Console(highlight=False, markup=False)
    articles = [EnrichedArticle.model_validate_json(record.value or b"") for record in records[:SHOWN_ARTICLES]]
    for article in articles:
        console.print(_picture(article))
        console.print()
    if len(records) > len(articles):
        console.print(f"… and {len(records) - len(articles)} more\n")
    table = Table("stage", "articles", "articles/s", box=None, pad_edge=False)
    for name, speed in stages.items():
        table.add_row(name, f"{speed.records:,}", f"{speed.records / speed.seconds:,.1f}" if speed.seconds else "–")
    console.print(table)
    console.print(f"{len(records):,} articles on the public topic after {seconds:.1f} s")


def _picture(article: EnrichedArticle) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("title", article.title or "(none)")
    table.add_row("id", article.event_id)
    table.add_row("language", f"{article.language.code} ({article.language.score:.2f})")
    table.add_row("media topics", ", ".join(f"{m.label} ({m.score:.2f})" for m in article.media_topics) or "(none)")
    for entity_type in EntityType:
        names = [entity.name for entity in article.entities if entity.type is entity_type]
        more = f", … {len(names) - SHOWN_ENTITIES} more" if len(names) > SHOWN_ENTITIES else ""
        table.add_row(f"{entity_type}s", (", ".join(names[:SHOWN_ENTITIES]) or "(none)") + more)
    if article.source is not None:
        table.add_row("source", article.source.url or article.source.name or "")
    stages = article.stages
    table.add_row(
        "time",
        f"fetched → ingested {_milliseconds(stages.fetched, stages.ingested)}, → enriched "
        f"{_milliseconds(stages.ingested, stages.enriched)}, → published "
        f"{_milliseconds(stages.enriched, stages.published or stages.enriched)}",
    )
    return table


def _milliseconds(earlier: datetime, later: datetime) -> str:
    return f"{(later - earlier).total_seconds() * 1000:.0f} ms"
