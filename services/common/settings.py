"""Settings every service has: from the environment with prefix NEWSFLOW_, levels parted by two underscores."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.common.logs import LogFormat

LogLevel = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(lambda value: str(value).lower())]


class RuntimeSettings(BaseSettings):
    """Defaults run on a laptop with nothing installed."""

    model_config = SettingsConfigDict(
        env_prefix="NEWSFLOW_",
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        nested_model_default_partial_update=True,
    )

    log: str = Field(
        default="sqlite:///newsflow.sqlite",
        description="Address of the event log: sqlite:///path or kafka://host:port[,host:port].",
    )
    create_topics: bool | None = Field(
        default=None, description="Create missing topics at start. Default: on the embedded log only."
    )
    replication: int = Field(default=1, ge=1, description="Replication factor of topics newsflow creates on Kafka.")
    log_level: LogLevel = Field(default="info", description="debug, info, warning or error.")
    log_format: LogFormat = Field(default=LogFormat.AUTO, description="auto, console or json.")
    http_host: str = Field(default="127.0.0.1", description="Address of the HTTP port.")
    http_port: int = Field(
        default=9100, ge=0, le=65535, description="Port for /livez, /readyz and /metrics; 0 takes any free one."
    )
    drain_seconds: float = Field(
        default=8.0, gt=0, description="How long a stop waits for batches in hand before it gives up on them."
    )

    @property
    def creates_topics(self) -> bool:
        return self.log.startswith("sqlite:") if self.create_topics is None else self.create_topics
