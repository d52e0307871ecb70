"""What `newsflow feeds list` and `newsflow feeds explain` print. Addresses are shown without their credentials."""

import os
from collections.abc import Iterable, Sequence
from datetime import datetime

import orjson
from rich.console import Console
from rich.table import Table

from schemas.feed import Feed, FeedState, FeedStatus, HostState
from services.ingest.explain import Explanation
from services.ingest.hosts import shown_address
from services.ingest.parse import MAX_ENTRIES

PIPED_WIDTH = 10_000

Row = tuple[Feed, FeedState | None, str]


def print_feeds(rows: Iterable[Row]) -> None:
    table = _table("feed", "stands", "last success", "next poll", "address")
    for feed, state, standing in sorted(rows, key=lambda row: row[0].feed_id):
        next_poll = _time(state.next_poll_at) if state and feed.is_polled else ""
        table.add_row(feed.feed_id, standing, _last_success(state), next_poll, shown_address(feed.url))
    _console().print(table)


def print_problems(rows: Sequence[Row], feeds: int) -> None:
    """The longest lasting first."""
    console = _console()
    table = _table("feed", "stands", "since", "last success", "next poll", "what was said", "address")
    for feed, state, standing in sorted(rows, key=_since):
        if state is not None:
            table.add_row(
                feed.feed_id,
                standing,
                _time(state.status_since),
                _last_success(state),
                _time(state.next_poll_at),
                _said(state),
                shown_address(feed.url),
            )
    if rows:
        console.print(table)
    console.print(f"{len(rows)} of {feeds} feeds want looking at", highlight=False)


def print_hosts(hosts: Sequence[HostState]) -> None:
    """Hosts that asked for a rest: none of their feeds is polled meanwhile."""
    if not hosts:
        return
    table = _table("host at rest", "until", "times in a row", "reason")
    for host in sorted(hosts, key=lambda each: each.cooling_until):
        table.add_row(host.host, _time(host.cooling_until), str(host.strikes), str(host.reason))
    _console().print(table)


def print_explanation(explanation: Explanation) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for name, value in facts(explanation).items():
        if value is not None:
            console.print(f"{name + ':':<16} {value}", markup=False)
    for number, entry in enumerate(explanation.entries, 1):
        console.print(f"{number:>5}. {entry.fate}: {entry.title or '(no title)'}", markup=False)
        for detail in (entry.why, entry.url, entry.article_id, entry.published_at and _time(entry.published_at)):
            if detail:
                console.print(f"       {detail}", markup=False)


def explanation_json(explanation: Explanation) -> str:
    entries = [
        {name: getattr(entry, name) for name in ("fate", "why", "title", "url", "article_id", "published_at")}
        for entry in explanation.entries
    ]
    return orjson.dumps({"poll": facts(explanation), "entries": entries}, default=str).decode()


def facts(explanation: Explanation) -> dict[str, str | None]:
    """What the poll gave, a fact a line; None for what does not apply."""
    result, state = explanation.result, explanation.state
    response, document = result.response, result.document
    headers = {} if response is None else response.headers
    fates = [entry.fate for entry in explanation.entries]
    return {
        "address": shown_address(result.feed.url),
        "feed id": result.feed.feed_id,
        "home": result.feed.home,
        "outcome": "read" if state.reason is None else f"failed: {state.reason}",
        "detail": state.detail,
        "served from": None if response is None else shown_address(response.final_url),
        "moved to": None if response is None else response.permanent_redirect,
        "status": None if response is None else str(response.status),
        "bytes": None if response is None else f"{len(response.body)}",
        "content type": headers.get("content-type"),
        "encoding": headers.get("content-encoding"),
        "etag": state.etag,
        "last modified": state.last_modified,
        "cache control": headers.get("cache-control"),
        "format": None if document is None else document.feed.dialect or None,
        "title": None if document is None else document.feed.title,
        "ill-formed": None if document is None else document.feed.problem,
        "entries": None if document is None else _counted(fates),
        "left out": f"all entries after the first {MAX_ENTRIES}" if state.entries_cut else None,
        "next poll": f"{_time(state.next_poll_at)}, in {(state.next_poll_at - result.ended_at).total_seconds():.0f} s",
    }


def _counted(fates: Sequence[str]) -> str:
    return f"{len(fates)}" + "".join(
        f", {fates.count(fate)} {fate}" for fate in ("published", "duplicate", "refused") if fate in fates
    )


def _said(state: FeedState) -> str:
    if state.status is FeedStatus.MOVED:
        return f"put its new address on the list: {shown_address(state.moved_to or '')}"
    return state.detail or ""


def _since(row: Row) -> tuple[str, str]:
    return (_time(row[1].status_since) if row[1] else "", row[0].feed_id)


def _last_success(state: FeedState | None) -> str:
    return _time(state.last_success_at) if state and state.last_success_at else "never"


def _time(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def _table(name: str, *columns: str) -> Table:
    """The name, by which commands take a row, is never cut."""
    table = Table(box=None, pad_edge=False)
    table.add_column(name, no_wrap=True)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _console() -> Console:
    """As wide as the terminal; what goes to a file or another program is not folded."""
    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPED_WIDTH
    return console
