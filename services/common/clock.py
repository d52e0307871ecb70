"""Time as a value that is handed down, so that a run can be repeated. Worker processes get clocks too: pickled."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class FixedClock:
    """A clock that stands still."""

    moment: datetime

    def __call__(self) -> datetime:
        return self.moment
