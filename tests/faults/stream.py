"""The whole stream as the subject of a run: real services and a real feed server."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import yaml

from deploy.kafka.ports import free_ports
from schemas.article import mint_article_id
from schemas.topics import ARTICLE_STATE, ARTICLES, ENRICHED, RAW
from services.commands.feed_server import good_seeds
from services.fixture_feed.feed import CORRECTION, ENTRIES_PER_DOCUMENT, FixtureFeed
from tests.faults.cases import CannotRunHere, Case
from tests.faults.checker import Event, Expected
from tests.faults.cluster import Cluster
from tests.faults.processes import ROOT, Command, supervised
from tests.faults.run import Subject

NEWSFLOW = Path(sys.executable).parent / "newsflow"
OLD_VARIABLE = "FAULT_OLD_NEWSFLOW"  # path of the `newsflow` command of an older version
SERVICES = ("ingest", "enrich", "publish")
SEEDS = ROOT / "seeds"
POLL_SECONDS = 1.0
# Settings that older versions refuse, as they do not know them.
OURS = {
    "NEWSFLOW_INGEST__SCHEDULE__MAX_INTERVAL_SECONDS": str(POLL_SECONDS),
    "NEWSFLOW_ENRICH__SIGNATURES": "false",
}


@asynccontextmanager
async def stream(case: Case, seed: int, cluster: Cluster, folder: Path) -> AsyncIterator[Subject]:
    """Each service several times, `case.workers` processes in all; `folder` gets their logs and the list of feeds.

    Raises CannotRunHere if the case needs an older version and there is none.
    """
    old = os.environ.get(OLD_VARIABLE, "")
    if case.is_mixed and not old:
        raise CannotRunHere(f"{OLD_VARIABLE} names no older version of newsflow")
    feed = FixtureFeed(good_seeds((SEEDS,)), started_at=datetime.now(UTC), count=case.records, revise=case.revise)
    (port,) = free_ports(1)
    variables = _variables(cluster)
    feeds = folder / "feeds.yaml"
    feeds.write_text(_feed_list(feed, port, case.homes), encoding="utf-8")
    await _newsflow(variables, "topics", "ensure")
    await _newsflow(variables, "feeds", "sync", str(feeds))

    def command_of(name: str) -> Command:
        service, _, number = name.partition("-")
        if case.is_mixed and number == "2":
            return [old, service], variables
        return [str(NEWSFLOW), service], {**variables, **OURS}

    async def expected() -> Expected:
        return _expected(feed, case.homes)

    names = [f"{SERVICES[number % 3]}-{number // 3 + 1}" for number in range(case.workers)]
    serve = [str(NEWSFLOW), "feed-server", str(SEEDS), f"--port={port}", f"--count={case.records}"]
    serve += [f"--rate={case.records / case.seconds}", f"--revise={case.revise}", "--revise-after=5"]
    async with (
        supervised(["feed-server"], lambda _: (serve, {}), folder),
        supervised(names, command_of, folder) as workers,
    ):
        yield Subject(
            workers=workers,
            target=ARTICLES.name,
            table=ARTICLE_STATE.name,
            groups=[(RAW.name, "enrich"), (ENRICHED.name, "publish")],
            warm_up=lambda: asyncio.sleep(0),
            warm_partitions=1,
            feed=lambda: asyncio.sleep(case.seconds + (5.0 if case.revise else 0.0)),
            expected=expected,
        )


def home_of_document(number: int, homes: int) -> str:
    return f"publisher-{number % homes}.example"


def _feed_list(feed: FixtureFeed, port: int, homes: int) -> str:
    return yaml.safe_dump(
        {
            "feeds": [
                {
                    "url": f"http://127.0.0.1:{port}{path}",
                    "id": f"document-{number}",
                    "home": home_of_document(number, homes),
                }
                for number, path in enumerate(feed.paths)
            ]
        }
    )


def _expected(feed: FixtureFeed, homes: int) -> Expected:
    revised = set(feed.revised_guids)
    events = {}
    for number, (guid, link) in enumerate(zip(feed.guids, feed.links, strict=True)):
        article_id = mint_article_id(home_of_document(number // ENTRIES_PER_DOCUMENT, homes), "url", link)
        events[article_id] = [Event(f"{article_id}:1:0")]
        if guid in revised:
            events[article_id].append(Event(f"{article_id}:2:0", CORRECTION))
    return Expected(events, edits_may_merge=True)


def _variables(cluster: Cluster) -> dict[str, str]:
    return {
        "NEWSFLOW_LOG": cluster.address,
        "NEWSFLOW_REPLICATION": str(len(cluster.proxies)),
        "NEWSFLOW_CREATE_TOPICS": "true",
        "NEWSFLOW_LOG_FORMAT": "json",
        "NEWSFLOW_HTTP_PORT": "0",
        "NEWSFLOW_INGEST__FETCH__ALLOW_PRIVATE_ADDRESSES": "true",
        "NEWSFLOW_INGEST__SCHEDULE__INTERVAL_SECONDS": str(POLL_SECONDS),
        "NEWSFLOW_INGEST__SCHEDULE__MAX_BACKOFF_SECONDS": "2",
        "NEWSFLOW_INGEST__HOST_GAP_SECONDS": "0",
        "NEWSFLOW_INGEST__UNCHANGED_DELAY_SECONDS": "1",
        # The runs are about the log: tagging would only take their processors.
        "NEWSFLOW_ENRICH__ENTITIES": "false",
        "NEWSFLOW_ENRICH__MEDIA_TOPICS": "false",
    }


async def _newsflow(variables: dict[str, str], *arguments: str) -> None:
    settings = [f"{name}={value}" for name, value in variables.items()]
    process = await asyncio.create_subprocess_exec("env", *settings, str(NEWSFLOW), *arguments)
    if code := await process.wait():
        raise RuntimeError(f"newsflow {' '.join(arguments)} ended with exit code {code}")
