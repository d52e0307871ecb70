"""`newsflow explain`: why a text, or an article on the log, is tagged as it is."""

from pathlib import Path

from rich.console import Console

from schemas.article import Article, RawArticle
from schemas.topics import RAW
from services.commands.one_shot import with_log
from services.common.decode import decode
from services.common.errors import UsageError
from services.common.event_log.port import EventLog, Start, StoredRecord
from services.common.event_log.transform import Dead
from services.enrich.explain import Explainable
from services.enrich.tagging import Taggers
from services.fixture_feed.seed import read_seed
from services.settings import load_settings


def run_explain(what: str, log: str | None) -> None:
    """`what` is a text file or an article id. Raises UsageError if it is neither."""
    article = _of_file(Path(what)) if Path(what).exists() else _of_log(what, log)
    enrich = load_settings(log=log).enrich
    taggers = Taggers.load(
        enrich.languages,
        entities=enrich.entities,
        media_topics=enrich.media_topics,
        entity_tagger=enrich.entity_tagger,
    )
    console = Console(markup=False, highlight=False, emoji=False)
    console.print(article.title or "(no title)", style="bold", soft_wrap=True)
    for section in taggers.explain(article):
        console.print(f"\n{section.title}", style="bold")
        for line in section.lines:
            console.print(f"  {line}", soft_wrap=True)


def _of_file(path: Path) -> Explainable:
    seed = read_seed(path)
    return Explainable(seed.title, None, "\n\n".join(seed.paragraphs), None)


def _of_log(article_id: str, log: str | None) -> Article:
    async def find(event_log: EventLog) -> StoredRecord | None:
        newest = None
        async for record in event_log.read(RAW.name, Start.EARLIEST, follow=False):
            if record.key == article_id:
                newest = record
        return newest

    record = with_log(log, find)
    if record is None:
        raise UsageError(f"{article_id} is no file, nor the id of a raw article on the log")
    raw = decode(record, RawArticle)
    if isinstance(raw, Dead):
        raise UsageError(f"the record of {article_id} cannot be read: {raw.detail}")
    return raw.article
