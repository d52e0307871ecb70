"""docker-compose.yml, deploy/Dockerfile and what they mount agree with newsflow, without starting anything."""

import copy
import re
import tomllib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
import yaml

from deploy.kafka.server_properties import OFFSETS_RETENTION_MINUTES
from schemas.topics import LOG_TOPICS
from services.commands.settings import settings_table
from services.common.settings import RuntimeSettings
from services.ingest.feed_list import read_feed_list
from services.settings import load_settings
from tests.unit.deploy import rules

ROOT = Path(__file__).parents[3]
COMPOSED: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSED["services"]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
DOCKERIGNORE = (ROOT / ".dockerignore").read_text("utf-8")
SETTINGS = frozenset(re.findall(r"`(NEWSFLOW_\w+)`", settings_table()))
STAGES = ("ingest", "enrich", "publish")


def problems(composed: dict[str, Any]) -> list[str]:
    services = composed["services"]
    return [
        *rules.command_problems(services),
        *rules.variable_problems(services, SETTINGS),
        *rules.file_problems(composed, ROOT),
        *rules.image_problems(services),
        *rules.confinement_problems(services),
        *rules.order_problems(services),
    ]


def test_the_compose_file_is_right() -> None:
    assert problems(COMPOSED) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda s: s["ingest"].update(command=["ingets"]), "ingest: there is no command newsflow ingets"),
        (lambda s: s["topics"].update(command=["topics"]), "topics: there is no command newsflow topics"),
        (lambda s: s["feed-server"]["command"].append("--prot"), "feed-server: No such option: --prot"),
        (lambda s: s["feed-server"].update(volumes=[]), "feed-server: nothing is mounted at /seeds"),
        (
            lambda s: s["enrich"]["environment"].update(NEWSFLOW_ENRICH__WORKER="2"),
            "enrich: NEWSFLOW_ENRICH__WORKER is no setting",
        ),
        (
            lambda s: s["feeds"].update(volumes=["./feed.yaml:/etc/newsflow/feeds.yaml:ro"]),
            "feeds: there is no ./feed.yaml",
        ),
        (lambda s: s["feed-server"].update(volumes=["./seeds:/seeds"]), "feed-server: ./seeds may be written to"),
        (lambda s: s["kafka"].update(volumes=["data:/var/lib/kafka/data"]), "kafka: there is no volume data"),
        (lambda s: s["kafka"].update(image="apache/kafka"), "kafka: image apache/kafka has no exact version"),
        (
            lambda s: s["prometheus"].update(image="prom/prometheus:latest"),
            "prometheus: image prom/prometheus:latest has no exact version",
        ),
        (lambda s: s["publish"].pop("read_only"), "publish: read_only is not True"),
        (lambda s: s["publish"].pop("mem_limit"), "publish: no mem_limit"),
        (lambda s: s["kafka"].pop("user"), "kafka: runs as 0, not as a number other than 0"),
        (lambda s: s["kafka"].update(ports=["9094:9094"]), "kafka: port 9094:9094 is open to all"),
        (
            lambda s: s["ingest"].update(depends_on={"topic": {"condition": "service_healthy"}}),
            "ingest: waits for topic, which is no service",
        ),
        (
            lambda s: s["ingest"].update(depends_on={"topics": {"condition": "service_healthy"}}),
            "ingest: topics never becomes service_healthy",
        ),
    ],
)
def test_a_mistake_is_found(change: Callable[[dict[str, Any]], object], problem: str) -> None:
    changed = copy.deepcopy(COMPOSED)
    change(changed["services"])
    assert problem in problems(changed)


@pytest.mark.parametrize("name", [name for name, service in SERVICES.items() if rules.is_ours(service)])
def test_values_of_variables_are_accepted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in SERVICES[name].get("environment", {}).items():
        monkeypatch.setenv(variable, value)
    load_settings()


def test_stages_start_after_the_topics() -> None:
    for stage in STAGES:
        assert SERVICES[stage]["depends_on"] == {"topics": {"condition": "service_completed_successfully"}}


def test_our_clients_use_an_address_that_kafka_tells_them() -> None:
    listeners = SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].split(",")
    addresses = {f"kafka://{urlsplit(listener).netloc}" for listener in listeners}
    logs = {
        service["environment"]["NEWSFLOW_LOG"]
        for service in SERVICES.values()
        if "NEWSFLOW_LOG" in service.get("environment", {})
    }
    assert len(logs) == 1 and logs <= addresses


def test_kafka_is_the_version_that_all_other_tests_use() -> None:
    pom = ElementTree.parse(ROOT / "deploy" / "kafka" / "pom.xml")
    version = pom.findtext(".//{*}kafka.version")
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{version}"


def test_a_stage_finds_its_offsets_as_long_as_there_are_records() -> None:
    kept = timedelta(minutes=int(SERVICES["kafka"]["environment"]["KAFKA_OFFSETS_RETENTION_MINUTES"]))
    assert kept >= max(topic.retention for topic in LOG_TOPICS.values() if topic.retention)
    assert kept == timedelta(minutes=int(OFFSETS_RETENTION_MINUTES))


def test_the_feed_server_serves_the_feeds() -> None:
    server = SERVICES["feed-server"]["command"]
    port = int(server[server.index("--port") + 1])
    for feed in read_feed_list(ROOT / "deploy" / "feeds.yaml").feeds:
        assert (urlsplit(feed.url).hostname, urlsplit(feed.url).port) == ("feed-server", port)


def test_prometheus_scrapes_each_stage() -> None:
    configured = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text("utf-8"))
    jobs = {job["job_name"]: job["static_configs"] for job in configured["scrape_configs"]}
    scraped = {group["labels"]["service"]: group["targets"] for group in jobs["newsflow"]}
    assert scraped == {stage: [f"{stage}:{SERVICES[stage]['environment']['NEWSFLOW_HTTP_PORT']}"] for stage in STAGES}


def test_the_dockerfile_is_right() -> None:
    assert list(rules.dockerfile_problems(DOCKERFILE, DOCKERIGNORE, ROOT)) == []
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    entry_point = re.search(r'^ENTRYPOINT \["(.+)"\]$', DOCKERFILE, re.MULTILINE)
    assert entry_point is not None and entry_point[1] in scripts
    assert f'"NEWSFLOW_HTTP_PORT\\", {RuntimeSettings.model_fields["http_port"].default})' in DOCKERFILE


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("requirements.txt ./", "requirement.txt ./", "there is no requirement.txt"),
        ("COPY schemas", "COPY seeds", ".dockerignore keeps seeds out"),
        ("python:3.11-slim AS", "python:slim AS", "image python:slim has no version"),
        ("USER 10001:10001", "USER root", "runs as root, not as a number other than 0"),
    ],
)
def test_a_mistake_in_the_dockerfile_is_found(old: str, new: str, problem: str) -> None:
    assert old in DOCKERFILE
    assert problem in list(rules.dockerfile_problems(DOCKERFILE.replace(old, new), DOCKERIGNORE, ROOT))


def test_our_image_has_the_version_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    images = {service["image"] for service in SERVICES.values() if rules.is_ours(service)}
    assert images == {f"newsflow:{project['version']}"}
