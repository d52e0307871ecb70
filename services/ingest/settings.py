"""The settings of ingest's parts: small frozen slices, each handed only to the code that uses it."""

from pydantic import BaseModel, ConfigDict, Field

MEBIBYTE = 1024 * 1024


class Slice(BaseModel):
    """A part of the settings tree."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FetchSettings(Slice):
    """How feeds are fetched."""

    user_agent: str = Field(
        default="newsflow/0.1.0 (news feed reader; set fetch.user_agent to name a contact)",
        description="Sent with every request. Publishers want a name, a version and a contact here.",
    )
    connect_timeout_seconds: float = Field(default=10.0, gt=0, description="Longest wait for a connection.")
    read_timeout_seconds: float = Field(default=15.0, gt=0, description="Longest silence within a response.")
    total_timeout_seconds: float = Field(default=45.0, gt=0, description="Longest fetch, redirects and body included.")
    max_body_bytes: int = Field(
        default=8 * MEBIBYTE, gt=0, description="Largest body, counted both as sent and after decompression."
    )
    max_redirects: int = Field(default=5, ge=0, description="Redirects followed for one fetch.")
    max_connections: int = Field(default=100, gt=0, description="Connections open at once, over all hosts.")
    allow_private_addresses: bool = Field(
        default=False, description="Whether loopback, private and reserved addresses may be fetched."
    )


class ScheduleSettings(Slice):
    """When feeds are polled."""

    interval_seconds: float = Field(default=900.0, gt=0, description="Time between two polls of a healthy feed.")
    max_backoff_seconds: float = Field(
        default=86_400.0, gt=0, description="Longest wait that failures alone add up to: no feed is given up."
    )
    max_retry_after_seconds: float = Field(
        default=604_800.0, gt=0, description="Longest wait a server may ask for with Retry-After."
    )
    jitter_share: float = Field(
        default=0.1, ge=0, le=1, description="Part of each wait that is spread at random, so that polls do not bunch."
    )


class IngestSettings(Slice):
    """Everything ingest can be told."""

    fetch: FetchSettings = FetchSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    max_polls_at_once: int = Field(default=64, ge=1, le=10_000, description="Polls in flight, over all hosts.")
    host_gap_seconds: float = Field(
        default=2.0, ge=0, description="Pause between two requests to a host; only one is made at a time."
    )
    workers: int = Field(default=1, ge=1, le=64, description="Worker processes that parse feeds, about 60 MB each.")
    worker_memory_bytes: int = Field(
        default=1024 * MEBIBYTE, ge=256 * MEBIBYTE, description="Address space of a worker process."
    )
    parse_timeout_seconds: float = Field(
        default=20.0, gt=0, description="A worker that takes longer for one document is replaced."
    )
    max_commit_articles: int = Field(
        default=500, ge=1, description="Polls that are ready together share a commit up to about this many articles."
    )
    unchanged_delay_seconds: float = Field(
        default=60.0, ge=0, description="How long the schedule of unchanged feeds may wait for a commit to share."
    )
