"""`newsflow topics`: the registry against the log."""

import sys

import orjson

from schemas.topics import LOG_TOPICS
from services.commands.one_shot import with_log
from services.common.event_log.port import EventLog


def ensure(log: str | None) -> None:
    """Create missing topics. Raises TopicMismatch if others are not as registered."""

    async def done(_: EventLog) -> None:
        print(f"{len(LOG_TOPICS)} topics are as registered", file=sys.stderr)

    with_log(log, done, create=True)


def show(*, as_json: bool) -> None:
    """Print the registry."""
    rows = [
        {
            "topic": topic.name,
            "key": topic.key,
            "partitioned_by": topic.partitioned_by or topic.key,
            "partitions": topic.partitions,
            "cleanup": str(topic.cleanup),
            "retention_days": None if topic.retention is None else topic.retention.days,
            "schema": topic.schema.__name__,
            "public": topic.public,
            "about": topic.about,
        }
        for topic in LOG_TOPICS.values()
    ]
    if as_json:
        for row in rows:
            print(orjson.dumps(row).decode())
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("topic", overflow="fold")
    for column in ("key", "partitions", "kept", "public", "about"):
        table.add_column(column)
    for row in rows:
        kept = "compacted" if row["retention_days"] is None else f"{row['retention_days']} days"
        table.add_row(
            str(row["topic"]),
            str(row["key"]),
            str(row["partitions"]),
            kept,
            "yes" if row["public"] else "",
            str(row["about"]),
        )
    Console(markup=False).print(table)
