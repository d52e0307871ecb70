"""docker-compose.yml and deploy/Dockerfile for real, on stand-ins for the official images: built, up, used, taken down.

Without an engine (Debian's docker.io, as root) the tests are skipped; with NEWSFLOW_REQUIRE_CONTAINERS=1 they fail.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml

from services.fixture_feed.seed import find_seeds
from tests.containers.engine import ContainersError, Engine, Network, traces, wait_until, why_no_engine
from tests.containers.stack import ROOT, Stack, base_image, build_newsflow, load_compose_file
from tests.containers.standins import make_standins, why_no_standins
from tests.support.kafka import kcat_available

pytestmark = pytest.mark.slow

CACHE = ROOT / "build" / "containers"  # ignored by git; a second run on the same machine starts from it
OUR_SERVICES = ("ingest", "enrich", "publish")
SERVICES = tuple(load_compose_file()["services"])
SECONDS = 90.0  # each wait takes seconds on an idle machine


@pytest.fixture(scope="module")
def before() -> set[str]:
    """What engines had on this machine before the tests."""
    return traces()


@pytest.fixture(scope="module")
def stack(before: set[str]) -> Iterator[Stack]:
    reason = why_no_engine() or why_no_standins() or (None if kcat_available() else "kcat is needed: none on the PATH")
    if reason is not None:
        if os.environ.get("NEWSFLOW_REQUIRE_CONTAINERS") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    with one_at_a_time():
        with Engine(CACHE / "engine", Network.OF_THE_MACHINE) as engine:
            images = {name: service["image"] for name, service in load_compose_file()["services"].items()}
            make_standins(engine, CACHE, python=base_image(), kafka=images["kafka"], prometheus=images["prometheus"])
            build_newsflow(engine)
        with Engine(CACHE / "engine", Network.LOOPBACK_ALONE) as engine:
            running = Stack(engine, CACHE)
            running.down()  # what a run that was killed may have left
            try:
                running.up()
                yield running
            finally:
                if engine.is_up:
                    running.down()


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two engines cannot share the folder of their data."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def test_each_seed_is_on_the_public_topic_once(stack: Stack) -> None:
    seeds = find_seeds([ROOT / "seeds"]).seeds
    with stack.last_words():
        wait_until("all seeds are public", lambda: len(public_articles(stack)) >= len(seeds), SECONDS)
    articles = public_articles(stack)
    assert sorted(article["title"] for article in articles) == sorted(seed.title for seed in seeds)
    # The model is inside the image: there is no network to get it from.
    assert all(article["language"]["code"] == "en" and article["entities"] for article in articles)


def test_articles_can_be_followed_from_within(stack: Stack) -> None:
    followed = stack.execute("publish", "newsflow", "tail", "news.articles.v1", "--from-beginning", "-n", "1", "--json")
    assert json.loads(followed) in public_articles(stack)


@pytest.mark.parametrize("service", OUR_SERVICES)
def test_service_says_it_is_ready(stack: Stack, service: str) -> None:
    port = stack.services[service]["environment"]["NEWSFLOW_HTTP_PORT"]
    assert stack.get(f"http://127.0.0.1:{port}/readyz") == (200, "ok")


def test_no_service_was_restarted(stack: Stack) -> None:
    assert {name: stack.container(name)["RestartCount"] for name in SERVICES} == dict.fromkeys(SERVICES, 0)


def test_prometheus_scrapes_every_target(stack: Stack) -> None:
    configured = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    expected = {
        target for job in configured["scrape_configs"] for group in job["static_configs"] for target in group["targets"]
    }
    wait_until("every target is up", lambda: targets_by_health(stack) == {"up": expected}, SECONDS)
    wait_until("each service's record is counted", lambda: stages_with_records(stack) == set(OUR_SERVICES), SECONDS)


@pytest.mark.parametrize("service", SERVICES)
def test_container_is_confined(stack: Stack, service: str) -> None:
    container = stack.container(service)
    limits = container["HostConfig"]
    assert limits["ReadonlyRootfs"]
    assert limits["CapDrop"] == ["ALL"]
    assert limits["SecurityOpt"] == ["no-new-privileges:true"]
    assert 0 < limits["Memory"] <= 1 << 30
    assert 0 < limits["PidsLimit"] <= 512
    assert container["Config"]["User"].partition(":")[0].isdigit()


def test_processes_have_no_rights_and_cannot_write(stack: Stack) -> None:
    for service in sorted(stack.lasting):
        rights = rights_of_processes(stack, service)
        assert "0" not in rights["Uid:"], service
        assert rights["CapEff:"] == rights["CapBnd:"] == {16 * "0"}, service
        assert rights["NoNewPrivs:"] == {"1"}, service
        with pytest.raises(ContainersError, match="Read-only file system"):
            stack.execute(service, "sh", "-c", "echo > /probe")


def test_services_drain_when_stopped(stack: Stack) -> None:
    stack.stop(*OUR_SERVICES)
    assert {name: stack.container(name)["State"]["ExitCode"] for name in OUR_SERVICES} == dict.fromkeys(OUR_SERVICES, 0)


def test_taking_it_down_leaves_nothing(stack: Stack, before: set[str]) -> None:
    stack.down()
    assert stack.engine.leftovers() == []
    stack.engine.close()
    assert traces() - before == set()


def public_articles(stack: Stack) -> list[dict[str, Any]]:
    """What a client that is not ours reads, as a program outside the containers would: committed records only."""
    whole_topic = ["-C", "-b", "127.0.0.1:9094", "-t", "news.articles.v1", "-o", "beginning", "-e", "-q"]
    values = stack.engine.beside("kcat", *whole_topic, "-X", "isolation.level=read_committed")
    return [json.loads(value) for value in values.splitlines()]


def rights_of_processes(stack: Stack, service: str) -> dict[str, set[str]]:
    """What the kernel says of all processes in a container, together."""
    # `|| true`: a process may end between being listed and being read.
    read_all = "grep -hsE '^(Uid|CapEff|CapBnd|NoNewPrivs):' /proc/[0-9]*/status || true"
    rights: dict[str, set[str]] = {}
    for line in stack.execute(service, "sh", "-c", read_all).splitlines():
        name, *values = line.split()
        rights.setdefault(name, set()).update(values)
    return rights


def targets_by_health(stack: Stack) -> dict[str, set[str]]:
    """The addresses that Prometheus scrapes, under what it says of them."""
    found: dict[str, set[str]] = {}
    for target in ask_prometheus(stack, "targets")["activeTargets"]:
        found.setdefault(target["health"], set()).add(target["labels"]["instance"])
    return found


def stages_with_records(stack: Stack) -> set[str]:
    """The stages of which Prometheus knows that they have processed a record."""
    found = ask_prometheus(stack, f"query?{urlencode({'query': 'newsflow_records_total > 0'})}")["result"]
    return {series["metric"]["stage"] for series in found}


def ask_prometheus(stack: Stack, question: str) -> Any:
    status, body = stack.get(f"http://127.0.0.1:9090/api/v1/{question}")
    assert status == 200, body
    return json.loads(body)["data"]
