"""Worker processes of a run: started, signalled, started again when they crash, and gone with this process."""

import asyncio
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from deploy.kafka.guarded import GuardedGroup

ROOT = Path(__file__).parents[2]
RESTART_SECONDS = 0.5  # a supervisor's pause before it starts a crashed service again
_POLL_SECONDS = 0.02
Command = tuple[Sequence[str], Mapping[str, str]]


class Worker:
    """One process at a time of one command. Its output is appended to a file."""

    def __init__(
        self, name: str, command: Sequence[str], variables: Mapping[str, str], group: GuardedGroup, output: Path
    ) -> None:
        self.name = name
        self.output = output
        self.crashes: list[str] = []
        self._command = ["env", f"PYTHONPATH={ROOT}", *(f"{k}={v}" for k, v in variables.items()), *command]
        self._group = group
        self._process: subprocess.Popen[bytes] | None = None
        self._is_wanted = False

    def change_command(self, command: Sequence[str], variables: Mapping[str, str]) -> None:
        """From the next start on."""
        self._command = ["env", f"PYTHONPATH={ROOT}", *(f"{k}={v}" for k, v in variables.items()), *command]

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Does nothing to one that runs."""
        self._is_wanted = True
        if not self.is_running:
            self._process = self._group.spawn(self._command, self.output)

    def send(self, number: signal.Signals) -> None:
        """Does nothing if it is gone."""
        if self._process is not None and self.is_running:
            self._process.send_signal(number)

    def kill(self) -> None:
        self._is_wanted = False
        self.send(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    async def term(self, limit_seconds: float) -> float:
        """Seconds until it was gone after SIGTERM; killed, and infinity, if that is longer than the limit."""
        self._is_wanted = False
        started = time.monotonic()
        self.send(signal.SIGTERM)
        while self.is_running:
            if time.monotonic() - started > limit_seconds:
                self.kill()
                return float("inf")
            await asyncio.sleep(_POLL_SECONDS)
        return time.monotonic() - started

    async def supervise(self) -> None:
        """Start it again whenever it ends without being asked to."""
        while True:
            await asyncio.sleep(RESTART_SECONDS)
            if self._is_wanted and self._process is not None and not self.is_running:
                self.crashes.append(f"{self.name} ended by itself with exit code {self._process.returncode}")
                self.start()


@asynccontextmanager
async def supervised(
    names: Sequence[str], command_of: Callable[[str], Command], folder: Path
) -> AsyncIterator[list[Worker]]:
    """A started worker for each name, its output in `folder`; all are killed at the end of the block."""
    group = GuardedGroup()
    workers = [Worker(name, *command_of(name), group, folder / f"{name}.log") for name in names]
    supervising = [asyncio.create_task(worker.supervise()) for worker in workers]
    try:
        for worker in workers:
            worker.start()
        yield workers
    finally:
        for task in supervising:
            task.cancel()
        await asyncio.gather(*supervising, return_exceptions=True)
        group.close()
