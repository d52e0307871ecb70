"""`newsflow run` beside a feed server and `tail`, as the README shows it, with good feeds and bad ones."""

import json
import re
import signal
from pathlib import Path

import httpx
import pytest

from tests.e2e.commands import newsflow, running, wait_until

IMPATIENT = {
    "NEWSFLOW_INGEST__FETCH__ALLOW_PRIVATE_ADDRESSES": "true",
    "NEWSFLOW_INGEST__FETCH__READ_TIMEOUT_SECONDS": "2",
    "NEWSFLOW_INGEST__FETCH__TOTAL_TIMEOUT_SECONDS": "3",
    "NEWSFLOW_INGEST__SCHEDULE__INTERVAL_SECONDS": "1",
    "NEWSFLOW_INGEST__SCHEDULE__MAX_INTERVAL_SECONDS": "1",
    "NEWSFLOW_INGEST__SCHEDULE__MAX_BACKOFF_SECONDS": "1",
    "NEWSFLOW_INGEST__HOST_GAP_SECONDS": "0",
    "NEWSFLOW_INGEST__UNCHANGED_DELAY_SECONDS": "0",
    "NEWSFLOW_HTTP_PORT": "0",
    "NEWSFLOW_LOG_FORMAT": "json",
}
FAULTS = {
    "status=404": "not_found",
    "status=410": "gone",
    "status=403": "forbidden",
    "status=500": "server_error",
    "garbage=html": "login_wall",
    "garbage=empty": "body_empty",
    "garbage=binary": "not_a_feed",
    "garbage=gzip-broken": "body_encoding_broken",
    "garbage=bomb": "body_too_large",
    "slow=60": "timed_out",
    "redirect=loop": "too_many_redirects",
}


def events(output: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.read_text("utf-8").splitlines() if line.startswith("{")]


def port_of(output: Path) -> int:
    (started,) = [event for event in events(output) if event["event"] == "service.starting"]
    return int(str(started["http_port"]))


def has(output: Path, event: str) -> bool:
    return any(each["event"] == event for each in events(output))


def test_articles_flow_to_a_follower_past_feeds_that_fail_each_with_its_reason(tmp_path: Path) -> None:
    log = f"sqlite:///{tmp_path}/log.sqlite"
    served, run, tailed = tmp_path / "served", tmp_path / "run", tmp_path / "tailed"
    server_arguments = ("feed-server", "seeds/", "--port", "0", "--count", "6", "--rate", "1")
    with running(*server_arguments, log=served):
        wait_until(lambda: "feeds.opml" in served.read_text(), "the feed server is up")
        found = re.search(r"http://\S+?(?=/feeds)", served.read_text())
        assert found is not None
        addresses = {"good": f"{found[0]}/feed.xml"} | {
            reason: f"{found[0]}/feed.xml?{query}" for query, reason in FAULTS.items()
        }
        # Each has a home of its own, as if they were other publishers: they would be duplicates otherwise.
        feeds = "".join(f"  - {{url: '{url}', id: {name}, home: {name}}}\n" for name, url in addresses.items())
        (tmp_path / "feeds.yaml").write_text(f"feeds:\n{feeds}", "utf-8")
        assert newsflow("feeds", "sync", tmp_path / "feeds.yaml", "--log", log).returncode == 0
        with (
            running("run", "--log", log, log=run, variables=IMPATIENT) as service,
            running("tail", "news.articles.v1", "--log", log, "--from-beginning", "--json", log=tailed),
        ):
            wait_until(lambda: len(tailed.read_text().splitlines()) == 6, "six articles reach the follower")
            standing: dict[str, object] = {}

            def all_polled() -> bool:
                listed = newsflow("feeds", "list", "--json", "--log", log).stdout.splitlines()
                for line in map(json.loads, listed):
                    standing[line["feed"]["feed_id"]] = line["state"] and line["state"]["reason"]
                return all(standing[name] for name in addresses if name != "good")

            wait_until(all_polled, "every bad feed has been polled")
            assert standing == {name: None if name == "good" else name for name in addresses}
            base = f"http://127.0.0.1:{port_of(run)}"
            assert httpx.get(f"{base}/readyz").status_code == 200
            metrics = httpx.get(f"{base}/metrics").text
            assert 'newsflow_polls_total{outcome="failed",reason="not_found"}' in metrics
            assert 'newsflow_records_total{stage="publish"} 6.0' in metrics
            service.send_signal(signal.SIGTERM)
            assert service.wait(10) == 0, "SIGTERM drains within ten seconds"
    assert has(run, "service.stopped")
    assert "Traceback" not in run.read_text("utf-8")


def test_a_second_member_on_an_embedded_log_is_told_who_holds_it(tmp_path: Path) -> None:
    log = f"sqlite:///{tmp_path}/log.sqlite"
    with running("publish", "--log", log, log=tmp_path / "first", variables=IMPATIENT):
        wait_until(lambda: has(tmp_path / "first", "service.ready"), "the first one is ready")
        second = newsflow("publish", "--log", log, **IMPATIENT)
    assert second.returncode == 2
    assert second.stderr.splitlines()[-1].startswith("newsflow: another process runs publish on log")


def test_a_record_that_does_not_decode_becomes_a_dead_letter(tmp_path: Path) -> None:
    import asyncio

    from schemas.topics import ENRICHED
    from services.common.event_log.open import open_log
    from services.common.event_log.port import Record

    log = f"sqlite:///{tmp_path}/log.sqlite"
    assert newsflow("topics", "ensure", "--log", log).returncode == 0

    async def poison() -> None:
        async with open_log(log) as event_log:
            await event_log.append([Record(ENRICHED.name, "k", value) for value in (b"not JSON", b'{"title": 1}')])

    asyncio.run(poison())
    with running("publish", "--log", log, log=tmp_path / "publish", variables=IMPATIENT):
        letters = newsflow("tail", "news.dead-letters.v1", "--from-beginning", "-n", "2", "--json", "--log", log).stdout
    assert [json.loads(line)["reason"] for line in letters.splitlines()] == ["record_undecodable", "record_invalid"]


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/feed", "http://localhost/feed", "http://[::1]/feed"])
def test_a_private_address_is_refused_unless_a_setting_allows_it(tmp_path: Path, address: str) -> None:
    log = f"sqlite:///{tmp_path}/log.sqlite"
    (tmp_path / "feeds.yaml").write_text(f"feeds: ['{address}']\n", "utf-8")
    assert newsflow("feeds", "sync", tmp_path / "feeds.yaml", "--log", log).returncode == 0
    settings = {**IMPATIENT, "NEWSFLOW_INGEST__FETCH__ALLOW_PRIVATE_ADDRESSES": "false"}
    with running("ingest", "--log", log, log=tmp_path / "ingest", variables=settings):
        status = newsflow("tail", "news.feed-status.v1", "--from-beginning", "-n", "1", "--json", "--log", log).stdout
    assert json.loads(status)["reason"] == "address_refused"
