"""The `newsflow` command: flags in, exit code out.

0 is done, 1 failed, 2 a mistake of the user (told in one line), 3 done but for some lines of a feed list,
130 interrupted.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from typer._click.exceptions import ClickException, NoArgsIsHelpError  # typer brings its own click

from services.cli_feeds import feeds_app
from services.cli_options import HttpPort, Log
from services.common.errors import NewsflowError, UsageError

app = typer.Typer(
    name="newsflow",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="News feeds in, tagged articles on Kafka topics out.\n\nStart with: newsflow replay seeds/",
    epilog="Settings come from NEWSFLOW_… variables (see the README); flags win.",
)
topics_app = typer.Typer(no_args_is_help=True, help="Create and check the topics on the log.")
app.add_typer(feeds_app, name="feeds")
app.add_typer(topics_app, name="topics")


def main() -> None:
    """Entry point. A user's mistake is one line on standard error, never a traceback."""
    try:
        code = app(standalone_mode=False)
    except typer.Abort:
        code = 130
    except NoArgsIsHelpError as error:
        print(error.format_message())
        code = 2
    except ClickException as error:
        code = _complain(error.format_message(), 2)
    except UsageError as error:
        code = _complain(str(error), 2)
    except NewsflowError as error:
        code = _complain(str(error), 1)
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        # Who reads us has gone, as `head` does; there is nobody left to tell.
        sys.stderr.close()
        code = 0
    sys.exit(code or 0)


def _complain(message: str, code: int) -> int:
    print(f"newsflow: {' '.join(message.split())}", file=sys.stderr)
    return code


@app.command()
def replay(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Seed files (*.txt), or folders of them.")],
    count: Annotated[int | None, typer.Option(min=1, help="Repeat the seeds as this many distinct articles.")] = None,
    rate: Annotated[float | None, typer.Option(help="Let articles appear at this many a second.")] = None,
    log: Annotated[
        str | None, typer.Option("--log", metavar="ADDRESS", help="Event log to use. Default: a fresh temporary file.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the public records, one JSON object a line, instead of a picture.")
    ] = False,
    now: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Let the clock stand still at this RFC 3339 time: output then repeats exactly."
        ),
    ] = None,
) -> int:
    """Run the whole stream over seed articles, served as a real feed over HTTP on this machine.

    Ends when every article is on the public topic, and shows what came out. Exit code 0 means: each exactly once.
    """
    from services.commands.replay import ReplayOptions, run_replay

    return run_replay(
        ReplayOptions(
            paths=tuple(paths),
            count=count,
            rate=rate,
            log=log,
            as_json=as_json,
            now=None if now is None else _time(now, "--now"),
        )
    )


def _time(text: str, flag: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{flag} {text!r} is no RFC 3339 time, such as 2026-01-31T12:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@app.command()
def run(log: Log = None, http_port: HttpPort = None) -> None:
    """Run ingest, enrich and publish in one process, until stopped."""
    _serve(("ingest", "enrich", "publish"), log, http_port)


@app.command()
def ingest(log: Log = None, http_port: HttpPort = None) -> None:
    """Poll the feeds of the log, and write their articles to news.articles.raw.v1."""
    _serve(("ingest",), log, http_port)


@app.command()
def enrich(log: Log = None, http_port: HttpPort = None) -> None:
    """Tag raw articles with language, entities and media topics."""
    _serve(("enrich",), log, http_port)


@app.command()
def publish(log: Log = None, http_port: HttpPort = None) -> None:
    """Write enriched articles to the public topics."""
    _serve(("publish",), log, http_port)


def _serve(names: tuple[str, ...], log: str | None, http_port: int | None) -> None:
    from services.commands.serve import run_services_until_signal

    run_services_until_signal(names, log, http_port)


@app.command()
def reenrich(
    start: Annotated[
        str, typer.Option("--from", metavar="TIME", help="Articles stored since this RFC 3339 time or date, in UTC.")
    ],
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="And before this one. Default: all up to now.")
    ] = None,
    log: Log = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and write nothing.")] = False,
) -> int:
    """Tag stored raw articles again, after a change of model or lexicon, and publish those whose tags changed.

    They come as `retagged`, with the next `tagging`; a second run publishes nothing new. Superseded revisions are left
    out. Stop enrich first: the command takes its place, and what arrives meanwhile waits on the log. Raw articles are
    kept for 30 days. Exit code 1 means that a tagger failed on some: they keep the tags they had.
    """
    from services.commands.reenrich import run_reenrich

    return run_reenrich(_time(start, "--from"), None if end is None else _time(end, "--to"), log, dry_run=dry_run)


@app.command("feed-server")
def feed_server(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Seed files (*.txt), or folders of them.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes any free one.")] = 8000,
    count: Annotated[int | None, typer.Option(min=1, help="Repeat the seeds as this many distinct articles.")] = None,
    rate: Annotated[float | None, typer.Option(help="Let articles appear at this many a second.")] = None,
    revise: Annotated[float, typer.Option(min=0, max=1, help="Share of the articles that is corrected later.")] = 0.0,
    revise_after: Annotated[float, typer.Option(min=0, help="Seconds from publication to correction.")] = 60.0,
    misbehave: Annotated[
        list[str] | None,
        typer.Option(metavar="FAULT=SHARE", help="Answer a share of requests badly: status:503=0.1, slow:2=0.05, …"),
    ] = None,
) -> None:
    """Serve seed articles as RSS feeds over HTTP, well-behaved or not. Lists them all at /feeds.opml."""
    from services.commands.feed_server import FeedServerOptions, run_feed_server

    run_feed_server(
        FeedServerOptions(
            paths=tuple(paths),
            host=host,
            port=port,
            count=count,
            rate=rate,
            revise=revise,
            revise_after_seconds=revise_after,
            misbehave=tuple(misbehave or ()),
        )
    )


@app.command()
def tail(
    topic: Annotated[str, typer.Argument(help="Topic to read, such as news.articles.v1.")],
    log: Log = None,
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="Start with the oldest record.")] = False,
    limit: Annotated[int | None, typer.Option("-n", min=1, help="Stop after this many records.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print each record's value as it is, one a line.")] = False,
) -> None:
    """Follow a topic of the log, as a downstream consumer would see it."""
    from services.commands.tail import run_tail

    run_tail(topic, log, from_beginning=from_beginning, limit=limit, as_json=as_json)


@app.command()
def explain(
    what: Annotated[str, typer.Argument(metavar="FILE|ARTICLE", help="A text file as in seeds/, or an article id.")],
    log: Log = None,
) -> None:
    """Show why an article is tagged as it is: its language, the words behind its media topics, its names one by one.

    An article id is looked up among the raw articles of the log, and tagged as the taggers of this version do.
    """
    from services.commands.explain import run_explain

    run_explain(what, log)


@app.command()
def settings() -> None:
    """List every setting: its variable, its default and what it means."""
    from services.commands.settings import settings_table

    print(settings_table())


@topics_app.command("ensure")
def topics_ensure(log: Log = None) -> None:
    """Create the topics that are missing, and check that all are as registered."""
    from services.commands.topics import ensure

    ensure(log)


@topics_app.command("list")
def topics_list(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Show the registry: every topic with its key, partitions and retention."""
    from services.commands.topics import show

    show(as_json=as_json)
