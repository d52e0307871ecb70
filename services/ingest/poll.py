"""One poll: a feed and its state in, what the server gave out. Knows nothing of the log."""

import hashlib
import time
from dataclasses import dataclass
from datetime import datetime

from schemas.feed import Feed, FeedState
from schemas.reasons import Reason
from services.common.clock import Clock
from services.common.workers import WorkerFailed, Workers
from services.ingest.access import SecretOf, resolve_access
from services.ingest.conditional import validators_to_send
from services.ingest.fetch import Fetcher, FetchError, Response
from services.ingest.normalise import FeedContext
from services.ingest.parse import ParseError
from services.ingest.read import Document, read_document
from services.ingest.redirects import address_to_poll
from services.ingest.robots import Robots
from services.ingest.settings import IngestSettings


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a poll brought nothing; `retry_after` is the header as sent by `host`, if a server answered at all."""

    reason: Reason
    detail: str
    retry_after: str | None = None
    host: str | None = None


@dataclass(frozen=True, slots=True)
class PollResult:
    """`document` is None if the feed has not changed, or the poll failed. `address` is the one that was asked."""

    feed: Feed
    address: str
    ended_at: datetime
    seconds: float
    response: Response | None = None
    body_hash: str | None = None
    document: Document | None = None
    failure: Failure | None = None
    crawl_delay_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Poller:
    """Fetches feeds, and reads changed documents in worker processes. `robots` None asks for no robots.txt."""

    fetcher: Fetcher
    workers: Workers
    clock: Clock
    settings: IngestSettings
    secret_of: SecretOf
    robots: Robots | None = None

    async def poll(self, feed: Feed, state: FeedState | None) -> PollResult:
        """Never raises but when cancelled: a bad feed is a result with a failure."""
        started = time.monotonic()
        response: Response | None = None
        body_hash: str | None = None
        document: Document | None = None
        failure: Failure | None = None
        crawl_delay = 0.0
        address = address_to_poll(feed, state)
        validators = validators_to_send(feed, state, address, self.clock(), self.settings.schedule)
        try:
            access = resolve_access(feed, self.secret_of)
            if self.robots is not None:
                crawl_delay = await self.robots.check(address, self.settings.host_gap_seconds)
            response = await self.fetcher.fetch(address, validators, access)
            if not response.not_modified:
                body_hash = hashlib.blake2b(response.body, digest_size=16).hexdigest()
                is_known = state is not None and state.url == feed.url and state.body_hash == body_hash
                if not is_known:
                    document = await self._read(feed, response)
        except FetchError as error:
            failure = Failure(error.reason, error.detail, error.retry_after, error.host)
        except ParseError as error:
            failure = Failure(error.reason, error.detail)
        except WorkerFailed as error:
            failure = Failure(error.reason, str(error))
        return PollResult(
            feed=feed,
            address=address,
            ended_at=self.clock(),
            seconds=time.monotonic() - started,
            response=response,
            body_hash=body_hash,
            document=document,
            failure=failure,
            crawl_delay_seconds=crawl_delay,
        )

    async def _read(self, feed: Feed, response: Response) -> Document:
        return await self.workers.run(
            self.settings.parse_timeout_seconds,
            read_document,
            response.body,
            dict(response.headers),
            response.final_url,
            FeedContext(feed.feed_id, feed.home, response.final_url),
            response.fetched_at,
        )
