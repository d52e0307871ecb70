"""What all records share: frozen models that ignore unknown fields, UTC timestamps, hashed ids."""

import base64
import hashlib
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema


class Contract(BaseModel):
    """A record, or a part of one. Readers ignore fields they do not know, so fields can be added within a version."""

    model_config = ConfigDict(frozen=True, extra="ignore", json_schema_serialization_defaults_required=True)

    def to_json(self) -> bytes:
        """The record's value on the log: UTF-8 JSON with every field present, absent values as null."""
        return self.model_dump_json().encode()


def utc_milliseconds(moment: datetime) -> datetime:
    """The same instant in UTC, cut to milliseconds. Raises ValueError if `moment` has no time zone."""
    if moment.tzinfo is None:
        raise ValueError("a timestamp needs a time zone")
    return moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)


def format_timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with `Z` and milliseconds: `2026-11-24T06:30:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Timestamp = Annotated[
    datetime,
    AfterValidator(utc_milliseconds),
    PlainSerializer(format_timestamp, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}),
]

Score = Annotated[float, Field(ge=0, le=1)]


def hash_id(rule: str, *parts: str) -> str:
    """A stable id: the rule's name, then 128 bits of BLAKE2b over `parts` in lower-case base32 (26 characters).

    Each part is hashed with its length, so ("ab", "c") and ("a", "bc") differ.
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in (rule, *parts):
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    return f"{rule}_{base64.b32encode(digest.digest()).decode().rstrip('=').lower()}"
