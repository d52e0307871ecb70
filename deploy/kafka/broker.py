"""One Kafka node as a process with its folder: format, start, stop, kill, pause, and what it says of its cluster."""

import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.kafka.guarded import GuardedGroup
from deploy.kafka.install import Installation
from deploy.kafka.server_properties import Node
from deploy.kafka.wire import cluster_view

_LOG_TAIL_LINES = 15


class LocalKafkaError(Exception):
    """A broker did not do in time what was asked of it; the text ends with the last lines of its log."""


class Broker:
    """`folder` gets `server.properties`, `broker.log` and the data in `data/`."""

    def __init__(
        self, node: Node, folder: Path, installation: Installation, group: GuardedGroup, jvm_options: Sequence[str]
    ) -> None:
        self.node = node
        self._folder = folder
        self._installation = installation
        self._group = group
        self._jvm_options = tuple(jvm_options)
        self._process: subprocess.Popen[bytes] | None = None

    def start_formatting(self, cluster_id: str, properties: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Write the properties and format the data folder, unless it is formatted already."""
        self._folder.mkdir(parents=True, exist_ok=True)
        lines = "".join(f"{name}={value}\n" for name, value in properties.items())
        self._properties_file.write_text(lines, encoding="utf-8")
        # Joined with "=": an id may begin with a hyphen, which would be read as an option.
        arguments = (f"--cluster-id={cluster_id}", f"--config={self._properties_file}", "--ignore-formatted")
        return self._spawn("kafka.tools.StorageTool", "format", *arguments)

    def start(self) -> None:
        self._process = self._spawn("kafka.Kafka", str(self._properties_file), jvm_options=self._jvm_options)

    def is_running(self) -> bool:
        """True while its process is alive, paused or not."""
        return self._process is not None and self._process.poll() is None

    def request_stop(self) -> None:
        """Ask for a clean stop; `wait_stopped` sees it done."""
        self.send_signal(signal.SIGTERM)
        self.send_signal(signal.SIGCONT)  # a paused broker would never see the request

    def wait_stopped(self, timeout_seconds: float) -> None:
        """Return once the process is gone; it is killed when the time is over."""
        if self._process is None:
            return
        try:
            self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def send_signal(self, number: signal.Signals) -> None:
        """Does nothing to a process that is gone."""
        if self._process is not None:
            self._process.send_signal(number)

    def listed_brokers(self, cluster_id: str) -> frozenset[int]:
        """The brokers it takes to be alive; none unless it answers on both listeners, or if another cluster does."""
        views = [cluster_view(port) for port in (self.node.client_port, self.node.broker_port)]
        listed = [view.node_ids if view and view.cluster_id == cluster_id else frozenset() for view in views]
        return listed[0] & listed[1]

    def log_tail(self) -> str:
        """The last lines it wrote: for people, never for a decision."""
        lines = self._log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_LOG_TAIL_LINES:])

    @property
    def _properties_file(self) -> Path:
        return self._folder / "server.properties"

    @property
    def _log_file(self) -> Path:
        return self._folder / "broker.log"

    def _spawn(self, main_class: str, *arguments: str, jvm_options: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        command = self._installation.command(main_class, *arguments, jvm_options=jvm_options)
        return self._group.spawn(command, self._log_file)
