"""robots.txt (RFC 9309): asked for once a day an origin, kept in bounded memory, read in a worker process."""

import asyncio
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

from protego import Protego

from schemas.reasons import Reason
from services.common.clock import Clock
from services.common.workers import Workers
from services.ingest.fetch import Fetcher, FetchError

KEPT = timedelta(days=1)  # RFC 9309 §2.4: not longer
MAX_TEXT_BYTES = 512 * 1024  # §2.5: at least 500 KiB are read
MAX_KEPT_BYTES = 16 * 1024 * 1024  # over all origins
MAX_CRAWL_DELAY_SECONDS = 120.0  # some files state days, by mistake or to say no; Disallow is for that
NOT_THERE = frozenset({Reason.NOT_FOUND, Reason.GONE, Reason.FORBIDDEN, Reason.UNAUTHORISED, Reason.CLIENT_ERROR})


@dataclass(frozen=True, slots=True)
class Verdict:
    is_allowed: bool
    crawl_delay_seconds: float = 0.0


@dataclass(slots=True)
class _Origin:
    text: bytes
    expires_at: datetime
    verdicts: dict[str, Verdict] = field(default_factory=dict)


class Robots:
    """What robots.txt files say to us. The caller makes one request to a host at a time."""

    def __init__(
        self, fetcher: Fetcher, workers: Workers, clock: Clock, user_agent: str, timeout_seconds: float
    ) -> None:
        self._fetcher = fetcher
        self._workers = workers
        self._clock = clock
        self._agent = re.split(r"[/\s]", user_agent.strip(), maxsplit=1)[0] or "newsflow"  # §2.2.1: the product token
        self._timeout_seconds = timeout_seconds
        self._origins: OrderedDict[str, _Origin] = OrderedDict()
        self._kept_bytes = 0

    async def check(self, url: str, gap_seconds: float) -> float:
        """The crawl delay asked for, in seconds; after a request for the file, `gap_seconds` have passed.

        Raises FetchError: ROBOTS_DISALLOWED, or why the file could not be had (§2.3.1.4: then nothing is allowed).
        WorkerFailed if it cannot be read.
        """
        parts = urlsplit(url)
        name = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2].lower(), "/robots.txt", "", ""))
        origin = self._origins.get(name)
        if origin is None or origin.expires_at <= self._clock():
            origin = await self._load(name)
            await asyncio.sleep(gap_seconds)
        verdict = origin.verdicts.get(url)
        if verdict is None:
            verdict = await self._workers.run(self._timeout_seconds, read_robots, origin.text, url, self._agent)
            origin.verdicts[url] = verdict
        if not verdict.is_allowed:
            raise FetchError(Reason.ROBOTS_DISALLOWED, f"robots.txt does not let {self._agent} in")
        return verdict.crawl_delay_seconds

    async def _load(self, name: str) -> _Origin:
        try:
            text = (await self._fetcher.fetch(name)).body[:MAX_TEXT_BYTES]
        except FetchError as error:
            if error.reason not in NOT_THERE:
                detail = f"robots.txt: {error.detail}"
                raise FetchError(
                    error.reason, detail, retry_after=error.retry_after, status=error.status, host=error.host
                ) from error
            text = b""
        self._drop(name)
        origin = self._origins[name] = _Origin(text, self._clock() + KEPT)
        self._kept_bytes += _size(name, text)
        while self._kept_bytes > MAX_KEPT_BYTES and len(self._origins) > 1:
            self._drop(next(iter(self._origins)))
        return origin

    def _drop(self, name: str) -> None:
        dropped = self._origins.pop(name, None)
        if dropped is not None:
            self._kept_bytes -= _size(name, dropped.text)


def read_robots(text: bytes, url: str, agent: str) -> Verdict:
    """What the file says of `url` to `agent`. For a worker process: a hostile file takes long."""
    rules = Protego.parse(text.decode("utf-8", "replace"))
    return Verdict(rules.can_fetch(url, agent), min(rules.crawl_delay(agent) or 0.0, MAX_CRAWL_DELAY_SECONDS))


def _size(name: str, text: bytes) -> int:
    return 1_000 + len(name) + len(text)  # the objects around it, about
