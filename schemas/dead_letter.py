"""The dead letter: a bad record or entry, kept with its reason, so that it can be inspected and replayed."""

from pydantic import Field

from schemas.contract import Contract, Timestamp
from schemas.reasons import Reason


class Origin(Contract):
    """Where the bad payload was found: a record on the log, or a feed's entry."""

    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    feed_id: str | None = None
    home: str | None = None


class DeadLetter(Contract):
    """The record of `news.dead-letters.v1`."""

    reason: Reason
    detail: str = Field(description="One line for people.")
    stage: str = Field(description="The service that refused it.")
    at: Timestamp
    origin: Origin
    key: str | None = None
    payload_base64: str | None = Field(description="The refused bytes, cut to the limit of a record.")
    payload_bytes: int = Field(ge=0, description="Size of the whole payload.")
    payload_sha256: str | None = None
