"""The local Kafka itself: nothing survives its parent, and a download cut short never counts."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.kafka import install
from deploy.kafka.install import InstallError, MissingToolError, install_kafka
from deploy.kafka.local_kafka import LocalKafka
from deploy.kafka.ports import is_free
from tests.support.kafka import kcat_read, running_kafka

_PARENT = """
import sys, threading
from deploy.kafka.local_kafka import LocalKafka
kafka = LocalKafka().start()
restart = threading.Thread(target=kafka.restart, args=(1,))  # a broker must outlive the thread that started it
restart.start()
restart.join()
kafka.wait_for_brokers({1})
kafka.pause(1)
print(kafka.client_port(1), flush=True)
sys.stdin.read()
"""


def fake_command(folder: Path, name: str, script: str) -> None:
    command = folder / name
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)


@pytest.fixture
def fake_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with a fake Java 21 alone, and an install folder of the test's own."""
    tools = tmp_path / "bin"
    tools.mkdir()
    fake_command(tools, "java", "echo 'openjdk version \"21.0.1\"' >&2")
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setattr(install, "_INSTALL_FOLDER", tmp_path / "install")
    return tools


def test_missing_maven_is_named(fake_tools: Path) -> None:
    with pytest.raises(MissingToolError, match="no `mvn` on the PATH"):
        install_kafka()


def test_old_java_is_refused(fake_tools: Path) -> None:
    fake_command(fake_tools, "java", "echo 'openjdk version \"11.0.2\"' >&2")
    with pytest.raises(MissingToolError, match=r"found 11\.0\.2$"):
        install_kafka()


# The last argument is -DoutputDirectory=FOLDER.
_COPY_ONE_JAR = 'for last; do :; done; folder="${last#*=}"; /bin/mkdir -p "$folder"; : > "$folder/kafka.jar"'


def test_download_cut_short_is_not_complete(fake_tools: Path) -> None:
    fake_command(fake_tools, "mvn", f"{_COPY_ONE_JAR}; echo '[ERROR] connection lost'; exit 1")
    with pytest.raises(InstallError, match="connection lost"):
        install_kafka()
    fake_command(fake_tools, "mvn", _COPY_ONE_JAR)
    assert install_kafka().class_path.endswith("kafka.jar")


def test_complete_download_is_not_repeated(fake_tools: Path) -> None:
    fake_command(fake_tools, "mvn", _COPY_ONE_JAR)
    first = install_kafka()
    (fake_tools / "mvn").unlink()
    assert install_kafka() == first


def test_no_broker_outlives_a_killed_parent(tmp_path: Path) -> None:
    with running_kafka():  # skips where it cannot run, and has everything fetched
        pass
    command = [sys.executable, "-c", _PARENT]
    own_temporary_folder = {**os.environ, "TMPDIR": str(tmp_path)}  # the killed parent cannot tidy up
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=own_temporary_folder
    ) as parent:
        assert parent.stdout is not None
        port = int(parent.stdout.readline())
        assert not is_free(port)
        parent.kill()
    deadline = time.monotonic() + 10
    while not is_free(port):
        assert time.monotonic() < deadline, "the paused broker still has its port"
        time.sleep(0.02)


def test_restarted_broker_keeps_ports_and_data() -> None:
    with running_kafka() as kafka:
        before = kafka.bootstrap
        asyncio.run(create_topic(before, "kept"))
        kafka.restart(1)
        assert kafka.bootstrap == before
        assert kcat_read(kafka.bootstrap, "kept") == []


async def create_topic(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    await admin.close()


def test_killed_broker_leaves_the_list_and_comes_back(kafka_cluster: LocalKafka) -> None:
    kafka_cluster.kill(2)
    kafka_cluster.wait_for_brokers({1, 3})
    kafka_cluster.restart(2)
    kafka_cluster.wait_for_brokers({1, 2, 3})
