"""How many polls may begin now: a bucket that fills with time, so that what is overdue is begun in turn."""

BURST_SECONDS = 0.5


class Pace:
    """Times are monotonic seconds."""

    def __init__(self, per_second: float, started: float) -> None:
        self._per_second = per_second
        self._burst = max(1.0, per_second * BURST_SECONDS)
        self._tokens = self._burst
        self._at = started

    def seconds_to_next(self, monotonic: float) -> float:
        """How long until a poll may begin; 0 if one may now."""
        self._tokens = min(self._burst, self._tokens + (monotonic - self._at) * self._per_second)
        self._at = monotonic
        return max(0.0, (1.0 - self._tokens) / self._per_second)

    def begin(self) -> None:
        """A poll has begun."""
        self._tokens -= 1.0
