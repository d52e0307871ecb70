"""How long to wait before the same work is tried again."""

import random

FIRST_SECONDS = 0.2
MAX_SECONDS = 30.0


def backoff_seconds(attempt: int) -> float:
    """Doubling from 0.2 s to 30 s with full jitter on the upper half; `attempt` counts from 0."""
    whole = min(MAX_SECONDS, FIRST_SECONDS * 2.0 ** min(attempt, 16))
    return whole * random.uniform(0.5, 1.0)
