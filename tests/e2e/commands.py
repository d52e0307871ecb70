"""Running `newsflow` as a user does."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
NEWSFLOW = Path(sys.executable).parent / "newsflow"
SECONDS = 120.0


def newsflow(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, in the repository."""
    return subprocess.run(
        [str(NEWSFLOW), *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@contextmanager
def running(
    *arguments: str | Path, log: Path, variables: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A command in the background, its output in `log`; killed at the end if it is still there."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(NEWSFLOW), *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, **(variables or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(SECONDS)


def wait_until(holds: Callable[[], object], what: str, seconds: float = SECONDS) -> None:
    """Return once `holds()` is true. Raises AssertionError with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.05)
