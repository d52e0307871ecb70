"""A host that says "too many requests" gets a rest from all its feeds: answer and record in, record out."""

from datetime import datetime, timedelta

from schemas.feed import HostState
from schemas.reasons import Reason
from services.ingest.hints import read_retry_after
from services.ingest.settings import ScheduleSettings

HOST_KEY_PREFIX = "host:"
STRIKES_KEPT = timedelta(days=1)  # after its rest a host that asked for one is asked more gently for so long
MAX_WIDENINGS = 6


def host_key(host: str) -> str:
    """The key of a host's record among feed states."""
    return f"{HOST_KEY_PREFIX}{host}"


def host_after_refusal(
    host: str,
    home: str,
    before: HostState | None,
    reason: Reason,
    retry_after: str | None,
    now: datetime,
    settings: ScheduleSettings,
) -> HostState | None:
    """The rest that a failed request earns its host, None if it asks for none.

    429 always does, 503 if it states a Retry-After. The wait is what the server asks for, but at least a quarter of an
    hour (429), doubling from strike to strike, and bounded: one feed's answer must not silence a shared host for long.
    """
    asked = read_retry_after(retry_after, now)
    if reason is not Reason.RATE_LIMITED and (reason is not Reason.SERVER_ERROR or asked is None):
        return None
    is_known = before is not None and not is_forgettable_host(before, now)
    strikes = before.strikes + 1 if before is not None and is_known else 1
    own = settings.cool_down_seconds * 2 ** min(strikes - 1, 16) if reason is Reason.RATE_LIMITED else 0.0
    seconds = min(max(asked or 0.0, own), settings.max_cool_down_seconds)
    until = now + timedelta(seconds=seconds)
    if before is not None and is_known:
        until = max(until, before.cooling_until)
    return HostState(host=host, home=home, cooling_until=until, strikes=strikes, reason=reason)


def widened_gap(gap_seconds: float, strikes: int) -> float:
    """The gap between requests to a host that asked for a rest: doubled for each time."""
    return float(gap_seconds * 2 ** min(strikes, MAX_WIDENINGS))


def is_forgettable_host(state: HostState, now: datetime) -> bool:
    return now > state.cooling_until + STRIKES_KEPT
