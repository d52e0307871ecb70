"""The configuration of one node: the cluster's nodes and their ports in, the lines of `server.properties` out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# 90 days. A stage that was stopped for longer than its group's offsets are kept would begin anew: Kafka's default is a
# week, and records are kept for up to 90 days.
OFFSETS_RETENTION_MINUTES = "129600"

_HOST = "127.0.0.1"


@dataclass(frozen=True)
class Node:
    """A broker and controller in one process, and its ports on loopback.

    Clients are told to come to `advertised_port`, where a fault proxy may stand. Brokers talk to each other on
    `broker_port`, so that the proxy stands between clients and broker alone.
    """

    node_id: int
    client_port: int
    advertised_port: int
    broker_port: int
    controller_port: int


def server_properties(
    node: Node, nodes: Sequence[Node], log_folder: Path, overrides: Mapping[str, str]
) -> dict[str, str]:
    """Properties by name; `overrides` win."""
    replicas = str(min(3, len(nodes)))
    in_sync = str(min(2, len(nodes)))
    return {
        "process.roles": "broker,controller",
        "node.id": str(node.node_id),
        "log.dirs": str(log_folder),
        "listeners": _listeners(CLIENT=node.client_port, BROKER=node.broker_port, CONTROLLER=node.controller_port),
        "advertised.listeners": _listeners(CLIENT=node.advertised_port, BROKER=node.broker_port),
        "listener.security.protocol.map": "CLIENT:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "BROKER",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.voters": ",".join(f"{n.node_id}@{_HOST}:{n.controller_port}" for n in nodes),
        "auto.create.topics.enable": "false",
        "default.replication.factor": replicas,
        "min.insync.replicas": in_sync,
        "offsets.retention.minutes": OFFSETS_RETENTION_MINUTES,
        **_internal_topics(replicas, in_sync),
        **_QUICK_FAILURE_DETECTION,
        **_SMALL_FOOTPRINT,
        **overrides,
    }


def _listeners(**ports: int) -> str:
    return ",".join(f"{name}://{_HOST}:{port}" for name, port in ports.items())


def _internal_topics(replicas: str, in_sync: str) -> dict[str, str]:
    return {
        "offsets.topic.replication.factor": replicas,
        "offsets.topic.num.partitions": "5",
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": in_sync,
        "transaction.state.log.num.partitions": "5",
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": in_sync,
        "share.coordinator.state.topic.num.partitions": "5",
    }


_QUICK_FAILURE_DETECTION = {
    # A broker that was killed cannot register again before its old session is over: Kafka's default is 9 seconds.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "replica.lag.time.max.ms": "3000",
    "controller.quorum.fetch.timeout.ms": "1000",
    "controller.quorum.election.timeout.ms": "500",
    "group.min.session.timeout.ms": "1000",
    "group.initial.rebalance.delay.ms": "0",
}

_SMALL_FOOTPRINT = {
    "log.cleaner.dedupe.buffer.size": "8388608",  # the default takes 128 MiB of heap at the start
    "num.network.threads": "2",
    "num.io.threads": "4",
}
