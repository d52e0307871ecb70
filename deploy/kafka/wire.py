"""One question to a broker over a plain socket: a Metadata request in, the cluster as that broker sees it out.

A command-line tool would start a JVM for each question; this takes about a millisecond and can never create a topic.
"""

import socket
import struct
from dataclasses import dataclass

_METADATA = 3
_VERSION = 4  # the newest before the compact encodings of version 9; Kafka 4.2 answers 0 to 13
_TIMEOUT_SECONDS = 1.0


@dataclass(frozen=True)
class ClusterView:
    """What one broker says of its cluster: its id and the node ids of the brokers it takes to be alive."""

    cluster_id: str
    node_ids: frozenset[int]


def cluster_view(port: int) -> ClusterView | None:
    """The view of the broker on this loopback port, or None while it does not answer."""
    client_id = b"newsflow-ready"
    header = struct.pack(">hhih", _METADATA, _VERSION, 1, len(client_id)) + client_id
    no_topics_no_auto_creation = struct.pack(">i?", 0, False)
    request = header + no_topics_no_auto_creation
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT_SECONDS) as connection:
            connection.settimeout(_TIMEOUT_SECONDS)
            connection.sendall(struct.pack(">i", len(request)) + request)
            (size,) = struct.unpack(">i", _receive(connection, 4))
            return _parse(_receive(connection, size))
    except OSError:
        return None


def _receive(connection: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        part = connection.recv(size - len(received))
        if not part:
            raise ConnectionError("the broker closed the connection within an answer")
        received += part
    return received


def _parse(answer: bytes) -> ClusterView:
    _correlation, _throttle_ms, broker_count = struct.unpack_from(">iii", answer)
    at = 12
    node_ids = set()
    for _ in range(broker_count):
        (node_id,) = struct.unpack_from(">i", answer, at)
        node_ids.add(node_id)
        _host, at = _string(answer, at + 4)
        _rack, at = _string(answer, at + 4)  # behind the four bytes of the port
    cluster_id, at = _string(answer, at)
    return ClusterView(cluster_id or "", frozenset(node_ids))


def _string(answer: bytes, at: int) -> tuple[str | None, int]:
    """The nullable string at this place, and the place behind it."""
    (length,) = struct.unpack_from(">h", answer, at)
    at += 2
    if length < 0:
        return None, at
    return answer[at : at + length].decode(), at + length
