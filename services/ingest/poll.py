"""One poll: a feed and its state in, what the server gave out. Knows nothing of the log."""

import hashlib
import time
from dataclasses import dataclass
from datetime import datetime

from schemas.feed import Feed, FeedState
from schemas.reasons import Reason
from services.common.clock import Clock
from services.common.workers import WorkerFailed, Workers
from services.ingest.fetch import Fetcher, FetchError, Response, Validators
from services.ingest.normalise import FeedContext
from services.ingest.parse import ParseError
from services.ingest.read import Document, read_document


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a poll brought nothing; `retry_after` is the server's header as sent."""

    reason: Reason
    detail: str
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class PollResult:
    """`document` is None if the feed has not changed, or the poll failed."""

    feed: Feed
    ended_at: datetime
    seconds: float
    response: Response | None = None
    body_hash: str | None = None
    document: Document | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Poller:
    """Fetches feeds, and reads changed documents in worker processes."""

    fetcher: Fetcher
    workers: Workers
    clock: Clock
    parse_timeout_seconds: float

    async def poll(self, feed: Feed, state: FeedState | None) -> PollResult:
        """Never raises but when cancelled: a bad feed is a result with a failure."""
        started = time.monotonic()
        response: Response | None = None
        body_hash: str | None = None
        document: Document | None = None
        failure: Failure | None = None
        # Validators of another address would hide this one's document.
        known = state if state is not None and state.url == feed.url else None
        validators = None if known is None else Validators(known.etag, known.last_modified)
        try:
            response = await self.fetcher.fetch(feed.url, validators)
            if not response.not_modified:
                body_hash = hashlib.blake2b(response.body, digest_size=16).hexdigest()
                if known is None or known.body_hash != body_hash:
                    document = await self._read(feed, response)
        except FetchError as error:
            failure = Failure(error.reason, error.detail, error.retry_after)
        except ParseError as error:
            failure = Failure(error.reason, error.detail)
        except WorkerFailed as error:
            failure = Failure(error.reason, str(error))
        return PollResult(
            feed=feed,
            ended_at=self.clock(),
            seconds=time.monotonic() - started,
            response=response,
            body_hash=body_hash,
            document=document,
            failure=failure,
        )

    async def _read(self, feed: Feed, response: Response) -> Document:
        return await self.workers.run(
            self.parse_timeout_seconds,
            read_document,
            response.body,
            dict(response.headers),
            response.final_url,
            FeedContext(feed.feed_id, feed.home, response.final_url),
            response.fetched_at,
        )
