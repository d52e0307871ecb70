"""How a request is to be mistreated: asked for in its query, or drawn for a share of requests.

- `status=503`, `retry_after=2`: answer with that status; retry_after is sent as it stands
- `slow=5`: wait that many seconds before the first byte
- `drip=200`: send the body at that many bytes a second
- `drop=300`: close the connection after that many bytes of the body
- `redirect=3`, `redirect=loop`: redirect that often before the answer, or for ever
- `redirect_status=301`: with that status instead of 302
- `garbage=`: `html` (a sign-in page), `truncated` (half the document), `binary`, `empty`, `gzip-broken` (a gzip stream
  that cannot be unpacked), `gzip-cut` (half of one, which httpx takes for whole), `bomb` (one that unpacks to 64 MiB)
- `validators=off`: no ETag, no Last-Modified, never a 304
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from math import isfinite
from typing import Literal, get_args
from urllib.parse import urlencode

from services.common.errors import UsageError
from services.fixture_feed.chance import fraction_of

Garbage = Literal["html", "truncated", "binary", "empty", "gzip-broken", "gzip-cut", "bomb"]
LOOP = -1
MAX_SECONDS = 86_400
MAX_HOPS = 1_000
MAX_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistreatment; parts combine. `query` is its normal form, and its name in the request log."""

    query: str
    status: int | None = None
    retry_after: str | None = None
    slow_seconds: float = 0.0
    bytes_per_second: int | None = None
    drop_after: int | None = None
    redirects: int = 0
    redirect_status: int = 302
    garbage: Garbage | None = None
    has_validators: bool = True


def parse_fault(query: Mapping[str, str]) -> Fault | None:
    """The fault that a query asks for, None for an empty one; raises UsageError with what is wrong in it."""
    if not query:
        return None
    fields: dict[str, object] = {}
    for name, value in query.items():
        if name not in _READERS:
            raise UsageError(f"{name}: no such fault; there are {', '.join(_READERS)}")
        target, read = _READERS[name]
        try:
            fields[target] = read(value)
        except UsageError as error:
            raise UsageError(f"{name}={value}: must be {error}") from None
    return Fault(urlencode(sorted(query.items())), **fields)  # type: ignore[arg-type]


def next_hop(query: Mapping[str, str], fault: Fault) -> dict[str, str]:
    """The query that a redirect leads to: one redirect fewer, everything else as before."""
    if fault.redirects == LOOP:
        return dict(query)
    if fault.redirects > 1:
        return {**query, "redirect": str(fault.redirects - 1)}
    return {name: value for name, value in query.items() if name not in ("redirect", "redirect_status")}


class Misbehaviour:
    """Faults for a share of requests: `{"status:503,retry_after:2": 0.1, "slow": 0.1}`.

    One draw decides each request, so a request meets one fault at most. The draw depends on `random_seed`, the
    path and how often the path was asked for before, so a run repeats. Raises UsageError.
    """

    def __init__(self, shares: Mapping[str, float], random_seed: int = 0) -> None:
        if any(share < 0 for share in shares.values()) or not sum(shares.values()) <= 1 + 1e-9:
            raise UsageError("the shares of faults must be 0 or more and add up to 1 at most")
        self._queries = [query_of(name) for name in shares]
        for query in self._queries:
            parse_fault(query)
        self._limits = list(accumulate(shares.values()))
        self._random_seed = random_seed

    def draw(self, path: str, asked_before: int) -> dict[str, str]:
        """The query of the fault for the next request of a path, empty for none."""
        chance = fraction_of("fault", self._random_seed, path, asked_before)
        return next((query for query, limit in zip(self._queries, self._limits, strict=True) if chance < limit), {})


def query_of(name: str) -> dict[str, str]:
    """`status:503,retry_after:2` as a query. A name without a value means a usual one."""
    parts = (part.partition(":") for part in name.split(","))
    return {key.strip(): value.strip() or _USUAL.get(key.strip(), "") for key, _, value in parts}


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not (value.isascii() and value.isdigit() and len(value) < 12 and least <= int(value) <= most):
            raise UsageError(f"a whole number from {least} to {most}")
        return int(value)

    return read


def _seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1
    if not (isfinite(seconds) and 0 <= seconds <= MAX_SECONDS):
        raise UsageError(f"a number of seconds from 0 to {MAX_SECONDS}")
    return seconds


def _redirects(value: str) -> int:
    return LOOP if value == "loop" else _whole(1, MAX_HOPS)(value)


def _header(value: str) -> str:
    if not (value and value.isascii() and value.isprintable()):
        raise UsageError("a number of seconds or a date")
    return value


def _one_of(*values: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in values:
            raise UsageError(f"one of {', '.join(values)}")
        return value

    return read


# Name in a query, field of Fault, reader of its value, which raises with what the value must be.
_READERS: dict[str, tuple[str, Callable[[str], object]]] = {
    "status": ("status", _whole(200, 599)),
    "retry_after": ("retry_after", _header),
    "slow": ("slow_seconds", _seconds),
    "drip": ("bytes_per_second", _whole(1, MAX_BYTES)),
    "drop": ("drop_after", _whole(0, MAX_BYTES)),
    "redirect": ("redirects", _redirects),
    "redirect_status": ("redirect_status", lambda value: int(_one_of("301", "302", "303", "307", "308")(value))),
    "garbage": ("garbage", _one_of(*get_args(Garbage))),
    "validators": ("has_validators", lambda value: _one_of("on", "off")(value) == "on"),
}

# What a name means without a value where faults are drawn ("slow": 0.1).
_USUAL = {
    "status": "500",
    "slow": "5",
    "drip": "1000",
    "drop": "300",
    "redirect": "1",
    "garbage": "html",
    "validators": "off",
}
