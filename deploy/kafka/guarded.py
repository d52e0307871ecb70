"""Child processes that cannot outlive this one, however it dies.

They join the process group of a small watchdog, which kills the whole group, itself included, once its parent is gone.
A death signal of the kernel (PR_SET_PDEATHSIG) would not do: it fires when the *thread* that started the child ends,
and a test restarts brokers from short-lived threads.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# A parent that dies while a member is stopped makes the kernel send SIGHUP to the whole group: the watchdog must stay.
_WATCHDOG = """
import os, signal, sys, time
signal.signal(signal.SIGHUP, signal.SIG_IGN)
while os.getppid() == int(sys.argv[1]):
    time.sleep(0.1)
os.killpg(0, signal.SIGKILL)
"""


class GuardedGroup:
    """A process group of children; `close` (or the death of this process) kills all of them, stopped ones too."""

    def __init__(self) -> None:
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._children: list[subprocess.Popen[bytes]] = []

    def spawn(self, command: Sequence[str], output: Path) -> subprocess.Popen[bytes]:
        """Start a child whose standard output and error are appended to a file."""
        if self._watchdog is None:
            self._watchdog = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _WATCHDOG, str(os.getpid())],
                stdin=subprocess.DEVNULL,
                process_group=0,
            )
        with output.open("ab") as file:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                process_group=self._watchdog.pid,
            )
        self._children.append(child)
        return child

    def close(self) -> None:
        """Kill what still runs and wait until it is gone."""
        if self._watchdog is not None:
            # Not waited for until now, so its id still names this group, even if someone killed it.
            os.killpg(self._watchdog.pid, signal.SIGKILL)
            self._watchdog.wait()
            self._watchdog = None
        for child in self._children:
            child.wait()
        self._children.clear()
