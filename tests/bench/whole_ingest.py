"""From the request for a document to its articles on disk: ours, and the obvious stack, from a server elsewhere."""

import asyncio
import io
import json
import multiprocessing
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from multiprocessing.connection import Connection
from pathlib import Path

import feedparser
import httpx

from schemas.feed import Feed
from schemas.topics import LOG_TOPICS
from services.common.clock import system_clock
from services.common.event_log.open import open_log
from services.ingest.article_index import ArticleIndex
from services.ingest.fetch import Fetcher
from services.ingest.normalise import FeedContext
from services.ingest.poll import PollResult
from services.ingest.read import read_document
from services.ingest.settings import FetchSettings, ScheduleSettings
from services.ingest.settle import settle
from tests.bench.measure import ROUNDS, Row
from tests.bench.obvious import obvious_text

HOME = "seeds.example"
NOTE = "fetch, parse, normalise, match, log with states; obvious: httpx, feedparser, html.parser, JSON into SQLite"


def whole_ingest_row(document: bytes, articles: int) -> Row:
    """CPU of this process alone, per article; each round reads the document as one it has never seen."""
    with _served(document) as url, tempfile.TemporaryDirectory() as folder:
        ours = asyncio.run(_ours(url, Path(folder), articles))
        return Row("ingest, all", ours, asyncio.run(_obvious(url, Path(folder), articles)), NOTE)


async def _ours(url: str, folder: Path, articles: int) -> float:
    feed = Feed(feed_id="bench", url=url, home=HOME, synced_at=system_clock())
    async with (
        Fetcher(FetchSettings(allow_private_addresses=True)) as fetcher,
        open_log(f"sqlite:///{folder}/ours.sqlite") as log,
    ):
        await log.ensure(LOG_TOPICS.values(), create=True)

        async def once() -> None:
            answer = await fetcher.fetch(url)
            context = FeedContext(feed.feed_id, HOME, url)
            read = read_document(answer.body, answer.headers, url, context, answer.fetched_at)
            result = PollResult(feed, url, system_clock(), 0.0, answer, "hash", read)
            nothing = dict[str, None]().get
            settled = settle(result, None, ArticleIndex(), nothing, nothing, ScheduleSettings(), 0.5)
            assert settled.counts.new == articles
            await log.append(settled.records)

        return await _cpu_microseconds(once, articles)


async def _obvious(url: str, folder: Path, articles: int) -> float:
    async with httpx.AsyncClient() as client:
        with closing(sqlite3.connect(folder / "obvious.sqlite")) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE log (id INTEGER PRIMARY KEY, key TEXT, value BLOB)")

            async def once() -> None:
                answer = await client.get(url)
                parsed = feedparser.parse(io.BytesIO(answer.content), response_headers=dict(answer.headers))
                assert len(parsed.entries) == articles
                with connection:
                    for entry in parsed.entries:
                        body = obvious_text(entry.content[0].value)
                        value = json.dumps({**{name: str(entry[name]) for name in entry}, "body": body})
                        connection.execute("INSERT INTO log (key, value) VALUES (?, ?)", (entry.id, value))

            return await _cpu_microseconds(once, articles)


async def _cpu_microseconds(act: Callable[[], Awaitable[None]], articles: int) -> float:
    await act()
    taken = []
    for _ in range(ROUNDS):
        started = time.process_time()
        await act()
        taken.append(time.process_time() - started)
    return sorted(taken)[ROUNDS // 2] / articles * 1e6


@contextmanager
def _served(document: bytes) -> Iterator[str]:
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(there, document), daemon=True)
    server.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}/feed.xml"
    finally:
        server.terminate()
        server.join()


def _serve(pipe: Connection, document: bytes) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/rss+xml; charset=utf-8")
            self.send_header("content-length", str(len(document)))
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        pipe.send(server.server_port)
        server.serve_forever()
