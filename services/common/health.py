"""Whether a service lives and whether it is ready, with the failing check named."""

import time
from collections.abc import Callable

STALLED_SECONDS = 60.0  # longer than the longest single batch may take


class Health:
    """*live*: every loop has moved lately. *ready*: nothing is in the way, such as a missing log or a brake."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._moved_at: dict[str, float] = {}
        self._in_the_way: dict[str, str] = {"start": "still starting"}

    def moved(self, loop: str) -> None:
        """The named loop went round."""
        self._moved_at[loop] = self._monotonic()

    def block(self, check: str, detail: str) -> None:
        """Not ready until the check is cleared."""
        self._in_the_way[check] = detail

    def clear(self, check: str) -> None:
        self._in_the_way.pop(check, None)

    def why_not_live(self) -> str | None:
        now = self._monotonic()
        stalled = [name for name, moved_at in self._moved_at.items() if now - moved_at > STALLED_SECONDS]
        return f"stalled: {', '.join(stalled)}" if stalled else None

    def why_not_ready(self) -> str | None:
        return "; ".join(f"{check}: {detail}" for check, detail in self._in_the_way.items()) or None
