"""A worker process of enrich by itself, as a program of its own: a worker imports what its parent has imported."""

import asyncio
import re
import time
from pathlib import Path

from schemas.article import RawArticle
from schemas.samples import SAMPLES
from services.common.batched import batched
from services.common.clock import system_clock
from services.common.workers import Workers
from services.enrich.settings import EnrichSettings
from services.enrich.worker import enrich_records, load_taggers
from tests.bench.articles import BenchArticle, articles_of

READ = 1_000


def main() -> None:
    """Prints how long a worker takes to be ready, and its memory when it has read many articles."""
    print(asyncio.run(_worker_line()))


async def _worker_line() -> str:
    settings = EnrichSettings()
    values = [_raw(number, article) for number, article in enumerate(articles_of(500, READ))]
    started = time.monotonic()
    async with Workers(1, settings.worker_memory_bytes, load_taggers, (settings,)) as workers:
        await workers.ready(60.0)
        ready = time.monotonic() - started
        for batch in batched(values, settings.batch_records):
            await workers.run(60.0, enrich_records, batch, system_clock)
        megabytes = await workers.run(60.0, _peak_megabytes)
    return (
        f"A worker process is ready after {ready:.1f} s; at most it has had {megabytes:.0f} MB after {READ:,} articles."
    )


def _raw(number: int, article: BenchArticle) -> bytes:
    raw = next(sample for sample in SAMPLES if isinstance(sample, RawArticle))
    update = {"article_id": f"a1_{number}", "title": article.title, "summary": None, "body": article.body}
    return raw.model_copy(update={"article": raw.article.model_copy(update=update)}).to_json()


def _peak_megabytes() -> float:
    # Not getrusage: a new process begins with the peak of the one that started it.
    status = Path("/proc/self/status").read_text("utf-8")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


if __name__ == "__main__":
    main()
