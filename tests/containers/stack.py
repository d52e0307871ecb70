"""The services of docker-compose.yml, up on an engine whose containers share one network that is loopback alone."""

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import yaml

from tests.containers.engine import ContainersError, Engine, wait_until

ROOT: Final = Path(__file__).parents[2]
COMPOSE_FILE: Final = ROOT / "docker-compose.yml"
DOCKERFILE: Final = ROOT / "deploy" / "Dockerfile"
_PROJECT: Final = "newsflow-test"
_BUILD_SECONDS: Final = 600
_UP_SECONDS: Final = 180
_HEALTHY_SECONDS: Final = 90  # 15 on an idle machine
_LOG_LINES: Final = 15
_GET: Final = """
import sys, urllib.error, urllib.request
try:
    with urllib.request.urlopen(sys.argv[1], timeout=5) as answer:
        print(answer.status, answer.read().decode())
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
except urllib.error.URLError as error:
    print(0, error.reason)
"""


def load_compose_file() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE_FILE.read_text(encoding="utf-8"))
    return loaded


def base_image() -> str:
    """The image that deploy/Dockerfile starts from."""
    first = next(line for line in DOCKERFILE.read_text(encoding="utf-8").splitlines() if line.startswith("FROM "))
    return first.split()[1]


def build_newsflow(engine: Engine) -> None:
    """Build the image that the compose file names for our own services. Raises ContainersError."""
    tag = load_compose_file()["services"]["ingest"]["image"]
    where = ("--file", str(DOCKERFILE), str(ROOT))
    # On the machine's network, as pip must reach the package index.
    engine.docker("build", "--network=host", "--tag", tag, *where, timeout_seconds=_BUILD_SECONDS)
    # Of what earlier builds left, as much as the next one may use again.
    engine.docker("image", "prune", "--force")
    engine.docker("builder", "prune", "--force", "--keep-storage=3GB")


class Stack:
    """The file's services on `engine`, but for their network: they share the engine's, and publish no ports."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.services: dict[str, dict[str, Any]] = load_compose_file()["services"]
        self._file = folder / "docker-compose.loopback.json"
        self._file.write_text(json.dumps(_on_loopback(load_compose_file())), encoding="utf-8")

    @property
    def one_shots(self) -> set[str]:
        """The services that do one thing and end."""
        return {name for name, service in self.services.items() if service.get("restart") == "no"}

    @property
    def lasting(self) -> set[str]:
        """The services that run until they are stopped."""
        return set(self.services) - self.one_shots

    def up(self) -> None:
        """Return once every service is healthy, or has done its one thing. Raises ContainersError."""
        with self.last_words():
            self._compose("up", "--detach", "--no-build", timeout_seconds=_UP_SECONDS)
            for service in self.services:
                wait_until(f"{service} is healthy or done", partial(self._is_well, service), _HEALTHY_SECONDS)

    def stop(self, *services: str) -> None:
        self._compose("stop", *services)

    def down(self) -> None:
        """Remove containers, volumes and networks."""
        self._compose("down", "--volumes", "--remove-orphans")

    @contextmanager
    def last_words(self) -> Iterator[None]:
        """Add what the services said last to a failure within."""
        try:
            yield
        except ContainersError as error:
            error.add_note(self._compose("logs", "--no-color", f"--tail={_LOG_LINES}"))
            raise

    def container(self, service: str) -> dict[str, Any]:
        """What the engine knows of a service's container, running or not."""
        described: list[dict[str, Any]] = json.loads(self.engine.docker("inspect", self._name(service)))
        return described[0]

    def execute(self, service: str, *command: str) -> str:
        """What a command within a service's container prints. Raises ContainersError."""
        return self.engine.docker("exec", self._name(service), *command)

    def get(self, url: str) -> tuple[int, str]:
        """Status and body; 0 and the reason if nobody answers."""
        status, _, body = self.engine.beside(sys.executable, "-I", "-c", _GET, url).partition(" ")
        return int(status), body.strip()

    def _is_well(self, service: str) -> bool:
        state = self.container(service)["State"]
        if service in self.one_shots:
            return bool(state["Status"] == "exited" and state["ExitCode"] == 0)
        return bool(state["Status"] == "running" and state["Health"]["Status"] == "healthy")

    def _name(self, service: str) -> str:
        return f"{_PROJECT}_{service}_1"

    def _compose(self, *arguments: str, timeout_seconds: float = 90) -> str:
        options = (f"--file={self._file}", f"--project-directory={ROOT}", f"--project-name={_PROJECT}")
        return self.engine.compose(*options, *arguments, timeout_seconds=timeout_seconds)


def _on_loopback(composed: dict[str, Any]) -> dict[str, Any]:
    """The same file with every service in the engine's network, where all their names mean 127.0.0.1."""
    # The machine's own name is that of each container in such a network, and Java asks what it means.
    names = [f"{name}:127.0.0.1" for name in (*composed["services"], socket.gethostname())]
    network = {"network_mode": "host", "extra_hosts": names}
    services = {
        name: {key: value for key, value in service.items() if key != "ports"} | network
        for name, service in composed["services"].items()
    }
    return {"services": services, "volumes": composed["volumes"]}
