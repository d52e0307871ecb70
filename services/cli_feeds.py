"""`newsflow feeds …`: which feeds are polled."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli_options import Log

FeedNames = Annotated[
    list[str], typer.Argument(metavar="FEED...", help="Feed ids or addresses, as `feeds list` shows.")
]

feeds_app = typer.Typer(no_args_is_help=True, help="Say which feeds are polled.")


@feeds_app.command("sync")
def feeds_sync(
    lists: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="OPML, YAML (*.yaml, *.yml), or an address a line.")
    ],
    log: Log = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave feeds alone that are on none of the lists.")] = False,
) -> int:
    """Poll exactly the feeds on these lists: new ones are added, and those no longer listed are removed.

    A removed feed is polled no more, but keeps its state until `feeds purge`. Lines that name no feed are told and left
    out; then nothing is removed, and the exit code is 3.
    """
    from services.commands.feeds import sync

    return sync(tuple(lists), log, keep=keep)


@feeds_app.command("list")
def feeds_list(
    log: Log = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    problems: Annotated[
        bool, typer.Option("--problems", help="Only feeds that fail, are blocked or have moved, and hosts at rest.")
    ] = False,
) -> None:
    """Show the feeds, and how each one stands."""
    from services.commands.feeds import show

    show(log, as_json=as_json, problems=problems)


@feeds_app.command("explain")
def feeds_explain(
    url: Annotated[str, typer.Argument(metavar="URL", help="Address of a feed, listed or not.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Poll a feed once, write nothing, and say what becomes of each entry and why. Needs no log.

    Exit code 0 means that the feed could be read.
    """
    from services.commands.feeds import explain

    return explain(url, as_json=as_json)


@feeds_app.command("poll")
def feeds_poll(feeds: FeedNames, log: Log = None) -> None:
    """Poll feeds now, as soon as the gaps and rests of their hosts allow."""
    from services.commands.feeds import request_poll

    request_poll(feeds, log)


@feeds_app.command("pause")
def feeds_pause(feeds: FeedNames, log: Log = None) -> None:
    """Stop polling feeds for now."""
    from services.commands.feeds import change

    change(feeds, log, {"paused": True})


@feeds_app.command("resume")
def feeds_resume(feeds: FeedNames, log: Log = None) -> None:
    """Poll paused or removed feeds again."""
    from services.commands.feeds import change

    change(feeds, log, {"paused": False, "removed": False})


@feeds_app.command("remove")
def feeds_remove(feeds: FeedNames, log: Log = None) -> None:
    """Take feeds off the list. Their state is kept, so that a feed that comes back repeats nothing."""
    from services.commands.feeds import change

    change(feeds, log, {"removed": True})


@feeds_app.command("purge")
def feeds_purge(feeds: FeedNames, log: Log = None) -> None:
    """Forget removed feeds with their state. A purged feed that comes back is new: its articles come again."""
    from services.commands.feeds import purge

    purge(feeds, log)
