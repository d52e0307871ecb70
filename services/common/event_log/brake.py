"""The brake on dead letters: a stage that refuses nearly everything is itself broken, and must not drain a topic."""

from collections import deque
from collections.abc import Iterable

MAX_IN_ROW = 100
WINDOW = 1000
MAX_SHARE = 0.5  # of the window


class Brake:
    """Counts outcomes of one stage, over all its partitions, in the order of their commits."""

    def __init__(self, *, accept: bool = False) -> None:
        """With `accept` it never trips: an operator has looked and lets the dead letters pass."""
        self._accept = accept
        self._in_row = 0
        self._recent: deque[bool] = deque(maxlen=WINDOW)

    def trips_on(self, refused: Iterable[bool]) -> bool:
        """Whether a batch with these outcomes (true: dead letter) must not be committed."""
        if self._accept:
            return False
        in_row, recent = self._in_row, self._recent.copy()
        for is_dead in refused:
            recent.append(is_dead)
            in_row = in_row + 1 if is_dead else 0
            if in_row >= MAX_IN_ROW or sum(recent) > WINDOW * MAX_SHARE:
                return True
        return False

    def note(self, refused: Iterable[bool]) -> None:
        """Count the outcomes of a committed batch."""
        for is_dead in refused:
            self._recent.append(is_dead)
            self._in_row = self._in_row + 1 if is_dead else 0
