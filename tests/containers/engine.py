"""A Docker engine of the test's own: Debian's dockerd in namespaces of its own, its data in one folder.

Its processes, mounts and networks live in those namespaces, so the kernel clears all of them away when the engine ends,
however it ends. The machine's firewall, forwarding and bridges are never touched.
"""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import IO, Self

from deploy.kafka.guarded import GuardedGroup

TOOLS = ("dockerd", "docker", "docker-compose", "unshare", "nsenter", "ip")
# Debian's own programs, of one age: a newer client on the PATH would build in another way than this engine does.
DEBIAN_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_PREFIX = "newsflow-engine-"
_CGROUPS = Path("/sys/fs/cgroup")
_FIXED_PLACES = ("/etc/docker/key.json", "/opt/containerd", "/run/containerd", "/run/docker", "/var/lib/docker")
# The engine writes into four of these places whatever its options say; it meets copies there, which end with it.
_START = """
set -e
ip link set lo up
mount -t tmpfs tmpfs "$1"
for folder in etc opt run; do
    mkdir --parents "$1/$folder/upper" "$1/$folder/work"
    mount -t overlay -o "lowerdir=/$folder,upperdir=$1/$folder/upper,workdir=$1/$folder/work" overlay "/$folder"
done
shift
exec "$@"
"""
_BRIDGE = re.compile("docker|br-|veth")
_READY_SECONDS = 60.0  # 1 to 2 s on an idle machine
_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.1
_ERROR_LINES = 40


class ContainersError(Exception):
    """A command failed or a fact did not come true in time; the text ends with what was said last."""


class Network(Enum):
    """What containers that share the engine's network see."""

    OF_THE_MACHINE = ()
    LOOPBACK_ALONE = ("--net",)


def why_no_engine() -> str | None:
    """Why no engine can be had here, in one line."""
    if os.geteuid() != 0:
        return "containers need root"
    missing = [tool for tool in TOOLS if shutil.which(tool, path=DEBIAN_PATH) is None]
    if missing:
        return f"containers need Debian's docker.io and docker-compose: no {', '.join(missing)}"
    probe = subprocess.run(["unshare", "--mount", "--pid", "--net", "--fork", "true"], capture_output=True, check=False)
    return None if probe.returncode == 0 else "containers need the right to make namespaces"


class Engine:
    """`with Engine(folder, network) as engine`. Images and layers stay in `folder` for the next one."""

    def __init__(self, folder: Path, network: Network) -> None:
        self._folder = folder
        self._network = network
        self._group = GuardedGroup()
        self._process_id = 0
        self._environment: dict[str, str] = {}
        self._undo = ExitStack()

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as undo:
            # Not in the folder of the data: the path of a socket may have 107 characters.
            temporary = TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True)
            run_folder = Path(undo.enter_context(temporary))
            undo.callback(_remove_cgroups, run_folder.name)
            undo.callback(self._group.close)
            self._environment = {
                "PATH": DEBIAN_PATH,
                "HOME": str(run_folder),
                "DOCKER_HOST": f"unix://{run_folder}/socket",
                "DOCKER_BUILDKIT": "1",
                "COMPOSE_HTTP_TIMEOUT": "300",
            }
            log = run_folder / "engine.log"
            process = self._group.spawn(self._command(run_folder), log)
            undo.callback(self._end, process)
            try:
                wait_until("the engine answers", lambda: self._answers(process), _READY_SECONDS)
            except ContainersError as error:
                error.add_note(_last_lines(log.read_text(encoding="utf-8", errors="replace")))
                raise
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @property
    def is_up(self) -> bool:
        return self._process_id > 0

    def close(self) -> None:
        """End the engine and with it every container."""
        self._undo.close()

    def docker(self, *arguments: str, context: IO[bytes] | None = None, timeout_seconds: float = 60) -> str:
        """What the docker client prints. Raises ContainersError."""
        return self._run(["docker", *arguments], context, timeout_seconds)

    def compose(self, *arguments: str, timeout_seconds: float = 60) -> str:
        """What docker-compose prints. Raises ContainersError."""
        return self._run(["docker-compose", *arguments], None, timeout_seconds)

    def beside(self, *command: str, timeout_seconds: float = 30) -> str:
        """What a command of this machine prints that sees the engine's network. Raises ContainersError."""
        return self._run(["nsenter", f"--target={self._process_id}", "--net", "--", *command], None, timeout_seconds)

    def leftovers(self) -> list[str]:
        """Containers, volumes and networks that are still there."""
        return [
            *self.docker("ps", "--all", "--format", "container {{.Names}}").splitlines(),
            *self.docker("volume", "ls", "--format", "volume {{.Name}}").splitlines(),
            *self.docker("network", "ls", "--filter", "type=custom", "--format", "network {{.Name}}").splitlines(),
        ]

    def _command(self, run_folder: Path) -> list[str]:
        own_namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", *self._network.value]
        engine = [
            "dockerd",
            f"--data-root={self._folder}",
            f"--exec-root={run_folder}/run",
            f"--pidfile={run_folder}/pid",
            f"--host=unix://{run_folder}/socket",
            f"--cgroup-parent={run_folder.name}",
            # A container that needs a network shares the engine's.
            "--bridge=none",
            "--iptables=false",
            "--ip6tables=false",
            "--ip-forward=false",
            "--ip-masq=false",
            "--oom-score-adjust=0",  # a lower one takes a right that root may lack
        ]
        copies = run_folder / "copies"
        copies.mkdir()
        return ["env", f"PATH={DEBIAN_PATH}", *own_namespaces, "sh", "-c", _START, "sh", str(copies), *engine]

    def _answers(self, process: subprocess.Popen[bytes]) -> bool:
        if process.poll() is not None:
            raise ContainersError("the engine has ended by itself")
        try:
            self.docker("info")
        except ContainersError:
            return False
        # `unshare` stays as the parent of the engine, which is process 1 of its namespace.
        self._process_id = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii"))
        return True

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        if self._process_id:
            os.kill(self._process_id, signal.SIGTERM)
            self._process_id = 0
            with suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_SECONDS)

    def _run(self, command: Sequence[str], context: IO[bytes] | None, timeout_seconds: float) -> str:
        try:
            answer = subprocess.run(
                command,
                env=self._environment,
                stdin=context or subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ContainersError(f"not within {timeout_seconds:.0f} s: {' '.join(command)}") from error
        if answer.returncode != 0:
            said = _last_lines((answer.stdout + answer.stderr).decode(errors="replace"))
            raise ContainersError(f"exit code {answer.returncode}: {' '.join(command)}\n{said}")
        return answer.stdout.decode(errors="replace")


def traces() -> set[str]:
    """What engines have on this machine at this moment, outside the folder of their data."""
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    commands = (_command_line(path) for path in Path("/proc").glob("[0-9]*/cmdline"))
    folders = (*Path(gettempdir()).glob(f"{_PREFIX}*"), *filter(Path.exists, map(Path, _FIXED_PLACES)))
    return {
        *(f"network interface {path.name}" for path in Path("/sys/class/net").iterdir() if _BRIDGE.match(path.name)),
        *(f"mount {mount.split()[4]}" for mount in mounts if _PREFIX in mount or "/overlay2/" in mount),
        *(f"control group {path}" for path in _cgroups(_PREFIX)),
        *(f"folder {path}" for path in folders),
        *(f"process {command}" for command in commands if _PREFIX in command),
    }


def wait_until(fact: str, is_true: Callable[[], bool], timeout_seconds: float) -> None:
    """Return once it is true. Raises ContainersError."""
    deadline = time.monotonic() + timeout_seconds
    while not is_true():
        if time.monotonic() > deadline:
            raise ContainersError(f"not within {timeout_seconds:.0f} s: {fact}")
        time.sleep(_POLL_SECONDS)


def _command_line(path: Path) -> str:
    with suppress(OSError):  # it has ended since it was listed
        return path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def _remove_cgroups(name: str) -> None:
    """The engine leaves empty ones below the group that it was started in."""
    wait_until("the control groups of the engine are gone", lambda: _are_cgroups_gone(name), _STOP_SECONDS)


def _are_cgroups_gone(name: str) -> bool:
    for group in _cgroups(name):
        for folder, _, _ in os.walk(group, topdown=False):
            with suppress(OSError):  # a process in it is still ending
                Path(folder).rmdir()
    return not _cgroups(name)


def _cgroups(prefix: str) -> list[Path]:
    return [Path(folder) for folder, _, _ in os.walk(_CGROUPS) if Path(folder).name.startswith(prefix)]


def _last_lines(text: str) -> str:
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
    return "\n".join(plain.splitlines()[-_ERROR_LINES:])
