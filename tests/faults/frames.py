"""The first fields of Kafka's requests and answers, all the proxy needs to know of them."""

import struct
from dataclasses import dataclass
from enum import IntEnum

LENGTH = struct.Struct(">i")


class Api(IntEnum):
    """Api keys of Kafka's protocol."""

    PRODUCE = 0
    FETCH = 1
    INIT_PRODUCER_ID = 22
    ADD_PARTITIONS = 24
    ADD_OFFSETS = 25
    END_TRANSACTION = 26
    OFFSETS_IN_TRANSACTION = 28


@dataclass(frozen=True, slots=True)
class Request:
    """`transactional_id` is known of those requests alone that begin with it."""

    api_key: int
    api_version: int
    correlation_id: int
    client_id: str | None
    transactional_id: str | None


_BEGIN_WITH_TRANSACTIONAL_ID = {Api.ADD_PARTITIONS, Api.ADD_OFFSETS, Api.END_TRANSACTION, Api.OFFSETS_IN_TRANSACTION}


def parse_request(frame: bytes) -> Request:
    """`frame` is without its length. Raises ValueError for bytes that are no request."""
    try:
        api_key, api_version, correlation_id = struct.unpack_from(">hhi", frame)
        client_id, at = _string(frame, 8)
        # aiokafka speaks versions of these before their compact encodings.
        transactional_id = _string(frame, at)[0] if api_key in _BEGIN_WITH_TRANSACTIONAL_ID else None
    except (struct.error, UnicodeDecodeError) as error:
        raise ValueError("no Kafka request") from error
    return Request(api_key, api_version, correlation_id, client_id, transactional_id)


def correlation_id_of(answer: bytes) -> int:
    return int(struct.unpack_from(">i", answer)[0])


def _string(frame: bytes, at: int) -> tuple[str | None, int]:
    (length,) = struct.unpack_from(">h", frame, at)
    if length < 0:
        return None, at + 2
    end = at + 2 + length
    if end > len(frame):
        raise ValueError("no Kafka request")
    return frame[at + 2 : end].decode(), end
