"""Loopback ports for brokers and the proxies before them."""

import random
import socket
from collections.abc import Collection

# Below the ports that systems hand out to outgoing connections: a client that retries a closed port of that range can
# end up connected to itself, and then the broker cannot have its own port back.
_PORTS = range(15_000, 32_000)


def free_ports(count: int, besides: Collection[int] = ()) -> list[int]:
    """Different ports on which nobody listens now, and none of `besides`."""
    found: list[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        if len(found) == count:
            return found
        if port not in besides and is_free(port):
            found.append(port)
    raise OSError(f"no {count} free ports between {_PORTS.start} and {_PORTS.stop}")


def is_free(port: int) -> bool:
    """True if nobody listens on this port."""
    with socket.socket() as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # as the broker does: ended connections do not count
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
