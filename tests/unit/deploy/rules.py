"""What must be so of docker-compose.yml and deploy/Dockerfile: parsed file in, problems out, each one line."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from services.cli import app

Service = Mapping[str, Any]
Services = Mapping[str, Service]

OURS = "newsflow"
_VERSION = re.compile(r"[a-z0-9/-]+:v?\d+\.\d+(\.\d+)?(-[a-z]+)?")


def is_ours(service: Service) -> bool:
    return str(service.get("image")).startswith(f"{OURS}:")


def command_problems(services: Services) -> Iterator[str]:
    """Commands and flags that `newsflow` does not have, and folders and files in them that nothing mounts."""
    for name, service in services.items():
        if not is_ours(service):
            continue
        arguments = list(service.get("command", ()))
        if (problem := _parse_problem(arguments)) is not None:
            yield f"{name}: {problem}"
        mounted = {mount.split(":")[1] for mount in service.get("volumes", ())}
        yield from (f"{name}: nothing is mounted at {a}" for a in arguments if a.startswith("/") and a not in mounted)


def variable_problems(services: Services, settings: Collection[str]) -> Iterator[str]:
    """NEWSFLOW_… variables that are no setting."""
    for name, service in services.items():
        for variable in service.get("environment", ()):
            if variable not in settings and (is_ours(service) or variable.startswith("NEWSFLOW_")):
                yield f"{name}: {variable} is no setting"


def file_problems(composed: Mapping[str, Any], root: Path) -> Iterator[str]:
    """Files of the repository and volumes that are named, but not there."""
    for name, service in composed["services"].items():
        for mount in service.get("volumes", ()):
            source, _, rest = mount.partition(":")
            if source.startswith("."):
                if not (root / source).exists():
                    yield f"{name}: there is no {source}"
                if not rest.endswith(":ro"):
                    yield f"{name}: {source} may be written to"
            elif source not in composed["volumes"]:
                yield f"{name}: there is no volume {source}"
        build = service.get("build")
        if build and not (root / build["context"] / build["dockerfile"]).is_file():
            yield f"{name}: there is no {build['dockerfile']}"


def image_problems(services: Services) -> Iterator[str]:
    """Images without an exact version; `latest` may be another one tomorrow."""
    for name, service in services.items():
        if not _VERSION.fullmatch(service.get("image", "")):
            yield f"{name}: image {service.get('image')} has no exact version"


def confinement_problems(services: Services) -> Iterator[str]:
    """Rights and resources that a service does not need, and ports that other machines can reach."""
    for name, service in services.items():
        wanted = {"read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"]}
        yield from (f"{name}: {key} is not {value}" for key, value in wanted.items() if service.get(key) != value)
        yield from (f"{name}: no {key}" for key in ("mem_limit", "pids_limit") if key not in service)
        user = str(service.get("user", "10001" if is_ours(service) else "0")).partition(":")[0]
        if not user.isdigit() or int(user) == 0:
            yield f"{name}: runs as {user}, not as a number other than 0"
        yield from (f"{name}: port {p} is open to all" for p in service.get("ports", ()) if not p.startswith("127."))


def order_problems(services: Services) -> Iterator[str]:
    """Services that wait for one that is not there, or for what never comes true of it."""
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            if needed not in services:
                yield f"{name}: waits for {needed}, which is no service"
                continue
            ends = services[needed].get("restart") == "no"
            if how["condition"] != ("service_completed_successfully" if ends else "service_healthy"):
                yield f"{name}: {needed} never becomes {how['condition']}"


def dockerfile_problems(dockerfile: str, ignored: str, root: Path) -> Iterator[str]:
    """Files that are copied, but are not there or stay out of the build; images without a version; root."""
    let_in = {line[1:] for line in ignored.splitlines() if line.startswith("!")}
    for line in dockerfile.splitlines():
        words = line.split()
        if line.startswith("FROM ") and not _VERSION.fullmatch(words[1]):
            yield f"image {words[1]} has no version"
        if line.startswith("COPY ") and not words[1].startswith("--from="):
            yield from (f"there is no {source}" for source in words[1:-1] if not (root / source).exists())
            yield from (f".dockerignore keeps {source} out" for source in words[1:-1] if source not in let_in)
    users = [line.split()[1] for line in dockerfile.splitlines() if line.startswith("USER ")]
    if not users or not re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", users[-1]):
        yield f"runs as {users[-1] if users else 'root'}, not as a number other than 0"


def _parse_problem(arguments: Sequence[str]) -> str | None:
    """What `newsflow` says of these arguments; nothing is run."""
    command = typer.main.get_command(app)
    left = list(arguments)
    while isinstance(command, TyperGroup):
        found = command.commands.get(left[0]) if left else None
        if found is None:
            return f"there is no command {' '.join([OURS, *arguments])}"
        command = found
        left.pop(0)
    try:
        command.make_context(OURS, left)
    except TyperException as error:
        return str(error)
    return None
