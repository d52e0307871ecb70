"""From something refused to its record on `news.dead-letters.v1`."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime

from schemas.dead_letter import DeadLetter, Origin
from schemas.reasons import Reason
from schemas.topics import DEAD_LETTERS
from services.common.event_log.port import Record, StoredRecord

MAX_PAYLOAD_BYTES = 512 * 1024  # base64 makes 4 of 3, so the letter stays below the limit of a record
MAX_DETAIL_CHARACTERS = 500
MAX_KEY_CHARACTERS = 1000  # written twice, as key and in the letter


@dataclass(frozen=True, slots=True)
class Refused:
    """A payload that was refused, and where it came from."""

    reason: Reason
    detail: str
    origin: Origin
    key: str | None
    payload: bytes | None


def dead_letter(refused: Refused, stage: str, now: datetime) -> Record:
    payload = refused.payload
    key = None if refused.key is None else refused.key[:MAX_KEY_CHARACTERS]
    letter = DeadLetter(
        reason=refused.reason,
        detail=refused.detail[:MAX_DETAIL_CHARACTERS],
        stage=stage,
        at=now,
        origin=refused.origin,
        key=key,
        payload_base64=None if payload is None else base64.b64encode(payload[:MAX_PAYLOAD_BYTES]).decode(),
        payload_bytes=len(payload or b""),
        payload_sha256=None if payload is None else hashlib.sha256(payload).hexdigest(),
    )
    return Record(DEAD_LETTERS.name, key or "", letter.to_json())


def refused_record(record: StoredRecord, reason: Reason, detail: str) -> Refused:
    origin = Origin(topic=record.topic, partition=record.partition, offset=record.offset)
    key = None if record.key is None else record.key.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return Refused(reason, detail, origin, key, record.value)
