"""What is measured: each step of the stream on a feed of distinct articles, ours and the obvious way."""

import asyncio
import io
import json
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import feedparser
import httpx

from schemas.topics import LOG_TOPICS, RAW
from services.common.event_log.open import open_log
from services.common.event_log.port import Record
from services.fixture_feed.feed import FixtureFeed
from services.fixture_feed.seed import find_seeds
from services.fixture_feed.server import FeedServer
from services.ingest.fetch import Fetcher, Validators
from services.ingest.normalise import FeedContext, normalise_entry
from services.ingest.parse import parse_feed
from services.ingest.settings import FetchSettings
from tests.bench.measure import ROUNDS, Row, cpu_microseconds
from tests.bench.obvious import obvious_text
from tests.bench.whole_ingest import whole_ingest_row

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
ARTICLES = 100
REQUESTS = 50
BASE = "https://seeds.example/feed.xml"
HEADERS = {"content-type": "application/rss+xml; charset=utf-8"}
CONTEXT = FeedContext("bench", "seeds.example", BASE)


def fixture_feed() -> FixtureFeed:
    return FixtureFeed(find_seeds([ROOT / "seeds"]).seeds, started_at=NOW, count=ARTICLES)


def parse(document: bytes) -> Row:
    return Row(
        "parse",
        cpu_microseconds(lambda: parse_feed(document, HEADERS, BASE), ARTICLES),
        cpu_microseconds(lambda: feedparser.parse(io.BytesIO(document)), ARTICLES),
        "obvious: feedparser as it comes, sanitiser and all",
    )


def normalise(document: bytes) -> Row:
    entries = parse_feed(document, HEADERS, BASE).entries
    return Row(
        "normalise",
        cpu_microseconds(lambda: [normalise_entry(entry, CONTEXT, NOW) for entry in entries], ARTICLES),
        cpu_microseconds(lambda: [obvious_text(entry.contents[0].value) for entry in entries], ARTICLES),
        "obvious: HTML to text alone with html.parser; ours is the whole article",
    )


async def log_write(folder: Path) -> Row:
    value = json.dumps({"body": "x" * 5000}).encode()

    async def ours() -> float:
        async with open_log(f"sqlite:///{folder}/ours.sqlite") as log:
            await log.ensure(LOG_TOPICS.values(), create=True)
            started = time.process_time()
            for _ in range(10):
                await log.append([Record(RAW.name, f"key{number}", value) for number in range(ARTICLES)])
            return (time.process_time() - started) / (10 * ARTICLES) * 1e6

    def obvious() -> float:
        connection = sqlite3.connect(folder / "obvious.sqlite")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE log (id INTEGER PRIMARY KEY, key TEXT, value BLOB)")
        started = time.process_time()
        for number in range(10 * ARTICLES):
            with connection:
                connection.execute("INSERT INTO log (key, value) VALUES (?, ?)", (f"key{number}", value))
        taken = (time.process_time() - started) / (10 * ARTICLES) * 1e6
        connection.close()
        return taken

    return Row("log write", await ours(), obvious(), "obvious: one transaction a record")


async def fetch() -> list[Row]:
    feed = fixture_feed()
    async with FeedServer(feed) as server:
        url = f"{server.url}/feed.xml"
        settings = FetchSettings(allow_private_addresses=True)
        async with Fetcher(settings) as fetcher, httpx.AsyncClient() as client:
            first = await fetcher.fetch(url)

            async def ours(validators: Validators | None) -> None:
                for _ in range(REQUESTS):
                    await fetcher.fetch(url, validators)

            async def obvious(headers: dict[str, str]) -> None:
                for _ in range(REQUESTS):
                    await client.get(url, headers=headers)

            unchanged = {"if-none-match": first.headers["etag"]}
            # The server runs in this process too, at the same cost for both: so the true ratio is larger.
            note = "per request, server included in both"
            return [
                Row(
                    "fetch, 304",
                    await _median(lambda: ours(first.validators)),
                    await _median(lambda: obvious(unchanged)),
                    note,
                ),
                Row("fetch, 200", await _median(lambda: ours(None)), await _median(lambda: obvious({})), note),
            ]


async def _median(act: Callable[[], Awaitable[None]]) -> float:
    taken = []
    for _ in range(ROUNDS):
        started = time.process_time()
        await act()
        taken.append((time.process_time() - started) / REQUESTS * 1e6)
    return sorted(taken)[ROUNDS // 2]


def ingest_rows() -> list[Row]:
    document = fixture_feed().document(0, NOW)
    with tempfile.TemporaryDirectory() as folder:
        log = asyncio.run(log_write(Path(folder)))
    return [*asyncio.run(fetch()), parse(document), normalise(document), log, whole_ingest_row(document, ARTICLES)]
