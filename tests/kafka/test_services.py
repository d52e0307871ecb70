"""All services on a real Kafka, two processes of each, read by a client that is not ours."""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from deploy.kafka.local_kafka import LocalKafka
from services.common.clock import system_clock
from services.fixture_feed.feed import FixtureFeed
from services.fixture_feed.seed import parse_seed
from services.fixture_feed.server import FeedServer
from tests.e2e.commands import newsflow, running, wait_until
from tests.support.kafka import KcatRecord, kcat_read, running_kafka

ARTICLES = 600
ARTICLES_TOPIC = "news.articles.v1"
SEED = parse_seed("bridge", "The bridge at Mostar opens again on Monday. Traffic was light.\n")
SETTINGS = {
    "NEWSFLOW_INGEST__FETCH__ALLOW_PRIVATE_ADDRESSES": "true",
    "NEWSFLOW_INGEST__SCHEDULE__INTERVAL_SECONDS": "1",
    "NEWSFLOW_INGEST__SCHEDULE__MAX_INTERVAL_SECONDS": "1",
    "NEWSFLOW_INGEST__HOST_GAP_SECONDS": "0",
    "NEWSFLOW_ENRICH__ENTITIES": "false",
    "NEWSFLOW_HTTP_PORT": "0",
    "NEWSFLOW_LOG_FORMAT": "json",
}


@pytest.fixture(scope="module")
def broker() -> Iterator[LocalKafka]:
    """A broker of these tests' own: the registry's topic names are the same for everybody."""
    with running_kafka() as kafka:
        yield kafka


@pytest.fixture(scope="module")
def log(broker: LocalKafka) -> str:
    address = f"kafka://{broker.bootstrap}"
    assert newsflow("topics", "ensure", "--log", address).returncode == 0
    return address


@asynccontextmanager
async def served(folder: Path, log: str, name: str, articles: int, rate: float) -> AsyncIterator[FeedServer]:
    """A feed server whose documents are on the log, each with a home of its own so that the work spreads."""
    seed = parse_seed(name, "\n\n".join(SEED.paragraphs))
    feed = FixtureFeed([seed], started_at=system_clock(), count=articles, rate=rate)
    async with FeedServer(feed) as server:
        listed = "".join(
            f"  - {{id: {name}{number}, url: '{url}', home: {name}{number}.example}}\n"
            for number, url in enumerate(server.feed_urls)
        )
        path = folder / f"{name}.yaml"
        path.write_text(f"feeds:\n{listed}", "utf-8")
        synced = await asyncio.to_thread(newsflow, "feeds", "sync", "--keep", path, "--log", log)
        assert synced.returncode == 0, synced.stderr
        yield server


async def public(broker: LocalKafka, name: str, at_least: int) -> list[KcatRecord]:
    """The public records of one feed server, once there are `at_least` of them."""
    deadline = asyncio.get_running_loop().time() + 90
    while True:
        records = await asyncio.to_thread(kcat_read, broker.bootstrap, ARTICLES_TOPIC)
        ours = [record for record in records if f"/articles/{name}".encode() in (record.value or b"")]
        if len(ours) >= at_least:
            return ours
        assert asyncio.get_running_loop().time() < deadline, f"{len(ours)} of {at_least} articles are public"


async def working(*logs: Path) -> None:
    """Until each of these processes has done a batch: all have a share of the work."""
    deadline = asyncio.get_running_loop().time() + 60
    while idle := [log.name for log in logs if "batch_done" not in log.read_text("utf-8")]:
        assert asyncio.get_running_loop().time() < deadline, f"no share of the work: {idle}"
        await asyncio.sleep(0.1)


def event_ids(records: Sequence[KcatRecord]) -> list[str]:
    return [dict(record.headers)["ce_id"].decode() for record in records]  # type: ignore[union-attr]


async def test_two_processes_of_each_service_share_the_work_and_a_killed_one_changes_nothing(
    broker: LocalKafka, log: str, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(served(tmp_path, log, "shared", ARTICLES, rate=60))
        processes = {
            f"{service}-{number}": stack.enter_context(
                running(service, "--log", log, log=tmp_path / f"{service}-{number}", variables=SETTINGS)
            )
            for service in ("ingest", "enrich", "publish")
            for number in (1, 2)
        }
        await public(broker, "shared", ARTICLES // 6)
        await working(tmp_path / "enrich-1", tmp_path / "enrich-2")
        for name in ("enrich-1", "publish-2", "ingest-1"):
            processes[name].send_signal(signal.SIGKILL)
        await public(broker, "shared", ARTICLES // 2)
        processes["enrich-2"].send_signal(signal.SIGTERM)
        replacement = stack.enter_context(
            running("enrich", "--log", log, log=tmp_path / "enrich-3", variables=SETTINGS)
        )
        records = await public(broker, "shared", ARTICLES)
        assert processes["enrich-2"].wait(15) == 0
        assert replacement.poll() is None
        polls = Counter(served.path for served in server.served)
        seconds = (server.served[-1].at - server.served[0].at).total_seconds()
    assert len(event_ids(records)) == len(set(event_ids(records))) == ARTICLES
    assert len({record.key for record in records}) == ARTICLES
    # A poll a second, and one more for each change of owner: were a feed polled by two, there would be twice as many.
    assert max(polls.values()) <= seconds * 1.25 + 3
    for name in ("ingest-2", "publish-1", "enrich-3"):
        assert "Traceback" not in (tmp_path / name).read_text("utf-8")


async def test_public_records_carry_cloudevents_headers_and_their_key(
    broker: LocalKafka, log: str, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(served(tmp_path, log, "headed", 1, rate=1))
        stack.enter_context(running("run", "--log", log, log=tmp_path / "run", variables=SETTINGS))
        (record,) = await public(broker, "headed", 1)
    headers = dict(record.headers)
    article = json.loads(record.value or b"")
    assert record.key == article["article_id"].encode()
    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_type"] == b"news.article.published.v1"
    assert headers["ce_id"] == f"{article['article_id']}:1:0".encode()
    assert headers["ce_subject"] == record.key
    assert headers["ce_time"] == article["stages"]["published"].encode()


def test_a_topic_that_is_not_as_registered_is_one_line_with_the_difference(tmp_path: Path) -> None:
    with running_kafka() as kafka:
        address = f"kafka://{kafka.bootstrap}"
        missing = newsflow("publish", "--log", address, **SETTINGS)
        assert missing.returncode == 2
        assert "news.articles.v1 is missing" in missing.stderr.splitlines()[-1]
        asyncio.run(_create(kafka.bootstrap, "news.feeds.v1", 5))
        different = newsflow("topics", "ensure", "--log", address)
    assert different.returncode == 2
    (complaint,) = [line for line in different.stderr.splitlines() if line.startswith("newsflow:")]
    assert "news.feeds.v1" in complaint
    assert "5" in complaint
    assert "12" in complaint


async def _create(bootstrap: str, topic: str, partitions: int) -> None:
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic

    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, partitions, 1)])
    finally:
        await admin.close()


def test_a_broker_that_is_not_there_yet_is_waited_for_with_one_line_each_time(tmp_path: Path) -> None:
    output = tmp_path / "publish"

    def said(event: str) -> bool:
        return f'"event":"{event}"' in output.read_text("utf-8")

    with running_kafka() as kafka:
        address = f"kafka://{kafka.bootstrap}"
        assert newsflow("topics", "ensure", "--log", address).returncode == 0
        kafka.stop(1)
        with running("publish", "--log", address, log=output, variables=SETTINGS) as service:
            wait_until(lambda: said("log.unavailable"), "the service says that the log is away")
            assert not said("service.ready")
            kafka.restart(1)
            wait_until(lambda: said("service.ready"), "the service goes on once the log is there")
            service.send_signal(signal.SIGTERM)
            assert service.wait(15) == 0
    assert "Traceback" not in output.read_text("utf-8")


@pytest.mark.parametrize("command", [("topics", "ensure"), ("feeds", "list"), ("tail", "news.articles.v1")])
def test_a_command_does_not_wait_for_a_broker_that_is_away(command: tuple[str, ...]) -> None:
    done = newsflow(*command, "--log", "kafka://127.0.0.1:1")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("newsflow: ")
    assert "127.0.0.1:1" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
