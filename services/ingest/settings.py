"""The settings of ingest's parts: small frozen slices, each handed only to the code that uses it."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

MEBIBYTE = 1024 * 1024
USUAL_PORTS = frozenset({80, 443, 8000, 8080, 8443})


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
    max_inflation: float = Field(
        default=200.0, gt=1, description="How many times its size a compressed body of over 1 MiB may grow to."
    )
    allow_private_addresses: bool = Field(
        default=False, description="Whether loopback, private and reserved addresses may be fetched."
    )
    allowed_ports: tuple[int, ...] | None = Field(
        default=None,
        description="Ports that may be fetched, [] for any. Default: 80, 443, 8000, 8080, 8443; any on private hosts.",
    )
    allow_downgrade: bool = Field(default=False, description="Whether redirects from https to http are followed.")
    obey_robots: bool = Field(
        default=False, description="Whether robots.txt (RFC 9309) and its crawl delay are asked for and obeyed."
    )
    secrets_dir: Path | None = Field(
        default=None,
        description="Folder with a file for each secret that feeds name. Others are NEWSFLOW_SECRET_… variables.",
    )

    @property
    def ports(self) -> frozenset[int] | None:
        """The allowed ports, None for any."""
        if self.allowed_ports is not None:
            return frozenset(self.allowed_ports) or None
        return None if self.allow_private_addresses else USUAL_PORTS


class ScheduleSettings(Slice):
    """When feeds are polled."""

    interval_seconds: float = Field(
        default=900.0, gt=0, description="First wait between two polls; each feed then gets one that suits it."
    )
    min_interval_seconds: float = Field(default=300.0, gt=0, description="Shortest wait, for feeds that publish much.")
    max_interval_seconds: float = Field(default=7_200.0, gt=0, description="Longest wait for a feed that answers.")
    max_idle_interval_seconds: float = Field(
        default=86_400.0, gt=0, description="The same for a feed that has published nothing for 30 days."
    )
    max_hint_seconds: float = Field(
        default=3_600.0, ge=0, description="Longest wait for Cache-Control, Expires, ttl and sy: to ask for."
    )
    max_backoff_seconds: float = Field(
        default=86_400.0, gt=0, description="Longest wait that failures alone add up to: no feed is given up."
    )
    gone_interval_seconds: float = Field(
        default=604_800.0, gt=0, description="Wait for a feed whose server keeps saying that it is gone."
    )
    max_retry_after_seconds: float = Field(
        default=604_800.0, gt=0, description="Longest wait a server may ask for with Retry-After."
    )
    cool_down_seconds: float = Field(
        default=900.0, ge=0, description="First rest of a host after status 429; doubled while it goes on."
    )
    max_cool_down_seconds: float = Field(
        default=86_400.0, ge=0, description="Longest rest of a host, whatever one of its feeds was told."
    )
    unconditional_seconds: float = Field(
        default=86_400.0, gt=0, description="A whole document is asked for this often, lest validators hide news."
    )
    redirect_proof_polls: int = Field(
        default=20, ge=1, description="Polls in a row that must be led to a new address before it is adopted."
    )
    redirect_proof_seconds: float = Field(
        default=518_400.0, ge=0, description="Time over which they must have been: six days outlast an outage."
    )
    jitter_share: float = Field(
        default=0.1, ge=0, le=1, description="Part of each wait that is spread at random, so that polls do not bunch."
    )
    starts_per_second: float = Field(
        default=20.0, gt=0, description="How many overdue feeds of a partition are begun a second, as after a start."
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
