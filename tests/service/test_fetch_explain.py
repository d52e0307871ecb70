"""`newsflow feeds explain`, `poll` and `list --problems`: what people are told."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
import structlog

from schemas.feed import FeedState, FeedStatus, HostState
from schemas.reasons import Reason
from schemas.topics import FEED_STATE
from services.commands.feeds import explain, request_poll, show
from services.commands.feeds_view import explanation_json, facts, print_explanation
from services.common.clock import system_clock
from services.common.errors import UsageError
from services.common.event_log.port import Record
from services.ingest.explain import explain_feed
from services.ingest.parse import MAX_ENTRIES
from services.ingest.settle import host_record
from tests.support.polling import HOME, QUICK, feed, opened_log, write
from tests.support.site import Site

NOW = datetime.now(UTC)
DOCUMENT = b"""<rss version='2.0'><channel><title>Harbour Times</title>
<item><guid>1</guid><title>Ferry sails</title><link>https://home.example/1</link>
<pubDate>Wed, 04 Mar 2026 12:00:00 GMT</pubDate></item>
<item><guid>1</guid><title>Ferry sails</title><link>https://home.example/1</link></item>
<item></item>
</channel></rss>"""


@pytest.fixture(autouse=True)
def own_logs() -> Iterator[None]:
    """Commands set logs up for their process, onto the standard error of just this test."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


async def test_each_entry_is_accounted_for(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    url = site.answers("/feed", DOCUMENT, ETag='"1"', Cache_Control="max-age=600").replace("://", "://user:pw@")
    explanation = await explain_feed(url, QUICK, system_clock)
    assert [entry.fate for entry in explanation.entries] == ["published", "duplicate", "refused"]
    published = explanation.entries[0]
    assert (published.title, published.url) == ("Ferry sails", "https://home.example/1")
    assert published.article_id is not None
    told = facts(explanation)
    assert (told["outcome"], told["title"], told["etag"]) == ("read", "Harbour Times", '"1"')
    assert len(site.seen) == 1
    print_explanation(explanation)
    shown = capsys.readouterr().out
    assert "3, 1 published, 1 duplicate, 1 refused" in shown
    assert "pw@" not in shown + explanation_json(explanation)
    assert len(orjson.loads(explanation_json(explanation))["entries"]) == 3


async def test_entries_beyond_the_cap_are_told(site: Site) -> None:
    items = "".join(f"<item><guid>{number}</guid></item>" for number in range(MAX_ENTRIES + 1))
    document = f"<rss version='2.0'><channel><title>Archive</title>{items}</channel></rss>".encode()
    explanation = await explain_feed(site.answers("/feed", document), QUICK, system_clock)
    assert explanation.state.entries_cut
    assert len(explanation.entries) == MAX_ENTRIES
    assert facts(explanation)["left out"] == f"all entries after the first {MAX_ENTRIES}"


async def test_a_feed_that_cannot_be_read_says_why(site: Site) -> None:
    explanation = await explain_feed(site.answers("/feed", b"", 404), QUICK, system_clock)
    assert explanation.state.reason is Reason.NOT_FOUND
    assert facts(explanation)["outcome"] == "failed: not_found"
    assert explanation.entries == ()


def prepared(folder: Path) -> str:
    """A log with feeds that stand in several ways."""

    async def act() -> None:
        async with opened_log(folder) as log:
            for name, status, fields in (
                ("good", FeedStatus.HEALTHY, {}),
                ("gone", FeedStatus.FAILING, {"reason": Reason.GONE, "detail": "status 410"}),
                ("away", FeedStatus.MOVED, {"moved_to": "https://u:secret@new.example/feed"}),
            ):
                await write(log, feed(name, f"https://u:secret@{name}.example/feed"))
                state = FeedState(
                    feed_id=name, home=HOME, url="", status=status, status_since=NOW, next_poll_at=NOW, **fields
                )
                await log.append([Record(FEED_STATE.name, name, state.to_json(), partition_key=HOME)])
            await write(log, feed("idle", "https://idle.example/", paused=True))
            rest = NOW + timedelta(hours=1)
            host = HostState(host="tired.example", home=HOME, cooling_until=rest, strikes=2, reason=Reason.RATE_LIMITED)
            await log.append([host_record(host)])

    asyncio.run(act())
    return f"sqlite:///{folder}/log.sqlite"


def test_problems_are_listed_with_what_was_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    log = prepared(tmp_path)
    show(log, as_json=False, problems=True)
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("gone", "status 410", "away", "https://new.example/feed", "2 of 4 feeds"))
    assert "tired.example" in shown
    assert "good" not in shown
    assert "secret" not in shown
    show(log, as_json=False)
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("good", "gone", "away", "idle"))
    assert "tired.example" not in shown
    show(log, as_json=True, problems=True)
    assert {orjson.loads(line)["feed"]["feed_id"] for line in capsys.readouterr().out.splitlines()} == {"gone", "away"}


def test_what_is_piped_is_not_cut(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    name, address = "f1_" + "a" * 60, f"https://long.example/{'b' * 200}"

    async def act() -> None:
        async with opened_log(tmp_path) as log:
            await write(log, feed(name, address))

    asyncio.run(act())
    show(f"sqlite:///{tmp_path}/log.sqlite", as_json=False)
    shown = capsys.readouterr().out
    assert name in shown
    assert address in shown


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://a.example/", "https://", "https://[::1/"])
def test_what_is_no_web_address_is_a_users_mistake(url: str) -> None:
    with pytest.raises(UsageError, match="no http or https address"):
        explain(url, as_json=False)


def test_a_poll_can_be_asked_for_unless_the_feed_is_paused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = prepared(tmp_path)
    request_poll(["good"], log)
    capsys.readouterr()
    show(log, as_json=True)
    feeds = [orjson.loads(line)["feed"] for line in capsys.readouterr().out.splitlines()]
    assert [each["feed_id"] for each in feeds if each["poll_requested_at"]] == ["good"]
    with pytest.raises(UsageError, match="paused"):
        request_poll(["idle"], log)
    with pytest.raises(UsageError, match="no feed"):
        request_poll(["unknown"], log)
