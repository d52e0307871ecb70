"""A real Kafka for tests: session fixtures to import from a conftest, and kcat as a client that is not ours.

Without Java or Maven (or kcat) the tests that need it are skipped; with NEWSFLOW_REQUIRE_KAFKA=1 they fail instead.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

import pytest

from deploy.kafka.class_archive import prepare_kafka
from deploy.kafka.install import MissingToolError
from deploy.kafka.local_kafka import LocalKafka


@pytest.fixture(scope="session")
def kafka_broker() -> Iterator[str]:
    """The bootstrap address of one broker that all tests of the session share: name topics and groups apart."""
    with running_kafka() as kafka:
        yield kafka.bootstrap


@pytest.fixture(scope="session")
def kafka_cluster() -> Iterator[LocalKafka]:
    """Three brokers that the session shares; a test that breaks one restarts it and waits until all are listed."""
    with running_kafka(brokers=3) as kafka:
        yield kafka


@contextmanager
def running_kafka(
    brokers: int = 1,
    *,
    advertised_ports: Mapping[int, int] | None = None,
    properties: Mapping[str, str] | None = None,
) -> Iterator[LocalKafka]:
    """A Kafka of the test's own, gone at the end of the block; skips (or fails) the test where it cannot run."""
    missing = ""
    try:
        prepare_kafka()
    except MissingToolError as error:
        missing = str(error)
    if missing:
        _cannot_run(missing)
    with LocalKafka(brokers, advertised_ports=advertised_ports, properties=properties) as kafka:
        yield kafka


@dataclass(frozen=True)
class KcatRecord:
    """A record as kcat read it."""

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


def kcat_available() -> bool:
    return shutil.which("kcat") is not None


def kcat_read(
    bootstrap: str,
    topic: str,
    *,
    at_least: int = 0,
    isolation_level: str = "read_committed",
    timeout_seconds: float = 30,
) -> list[KcatRecord]:
    """All records of a topic up to its end (the last stable offset, if `read_committed`), in order per partition.

    Reads again until `at_least` records are there: a commit returns before its markers are written, and until then its
    records are invisible. Raises RuntimeError if they never come or kcat fails (no such topic); skips (or fails) the
    test where kcat is missing.
    """
    if not kcat_available():
        _cannot_run("kcat is needed to read Kafka independently: no `kcat` on the PATH")
    deadline = time.monotonic() + timeout_seconds
    while True:
        records = _read_once(bootstrap, topic, isolation_level, deadline)
        if len(records) >= at_least:
            return records
        if time.monotonic() > deadline:
            raise RuntimeError(f"{topic} has {len(records)} records, not {at_least}, after {timeout_seconds} s")
        time.sleep(0.02)


def _read_once(bootstrap: str, topic: str, isolation_level: str, deadline: float) -> list[KcatRecord]:
    whole_topic = ["-C", "-b", bootstrap, "-t", topic, "-o", "beginning", "-e", "-q", "-J"]
    settings = ["-X", f"isolation.level={isolation_level}", "-X", "check.crcs=true"]
    answer = subprocess.run(
        ["kcat", *whole_topic, *settings],
        capture_output=True,
        check=False,
        timeout=max(1.0, deadline - time.monotonic()),
    )
    if answer.returncode != 0:
        raise RuntimeError(f"kcat cannot read {topic}: {answer.stderr.decode(errors='replace').strip()}")
    return [_parse(line) for line in answer.stdout.splitlines()]


def _parse(line: bytes) -> KcatRecord:
    # kcat copies bytes into its JSON as they are, so surrogate escapes bring back those that are no UTF-8.
    fields = json.loads(line.decode("utf-8", "surrogateescape"))
    names_and_values = fields.get("headers") or []
    return KcatRecord(
        partition=fields["partition"],
        offset=fields["offset"],
        timestamp_ms=fields["ts"],
        key=_bytes(fields["key"]),
        value=_bytes(fields["payload"]),
        headers=tuple(
            (name, _bytes(value)) for name, value in zip(names_and_values[::2], names_and_values[1::2], strict=True)
        ),
    )


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogateescape")


def _cannot_run(reason: str) -> NoReturn:
    if os.environ.get("NEWSFLOW_REQUIRE_KAFKA") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
