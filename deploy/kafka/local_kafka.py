"""A real Apache Kafka on loopback ports, for tests and laptops: one broker, or a cluster of which parts can fail."""

import base64
import shutil
import signal
import tempfile
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Self

from deploy.kafka.broker import Broker, LocalKafkaError
from deploy.kafka.guarded import GuardedGroup
from deploy.kafka.install import Installation, install_kafka
from deploy.kafka.ports import free_ports, is_free
from deploy.kafka.server_properties import Node, server_properties

_READY_SECONDS = 60.0  # 1 to 4 s on two idle cores; a busy machine must not fail a test
_STOP_SECONDS = 10.0  # a clean stop takes 0.3 s; but the last two of three controllers can wait for a quorum for ever
_POLL_SECONDS = 0.02


class LocalKafka:
    """Brokers with the node ids 1 to N. Three form a cluster with replication 3 and two in-sync replicas.

    `client_ports` has a port per broker; without it they are free ones. Data lives in `folder` and is kept, or in a
    temporary one that goes with `close`. `advertised_ports` maps node ids to the ports at which clients are told to
    find those brokers. `properties` override the server's own. No broker survives this process, however it dies.

    Methods block until what they name is true; async callers go through `asyncio.to_thread`.
    """

    def __init__(
        self,
        brokers: int = 1,
        *,
        client_ports: Sequence[int] | None = None,
        folder: Path | None = None,
        advertised_ports: Mapping[int, int] | None = None,
        properties: Mapping[str, str] | None = None,
        jvm_options: Sequence[str] = (),
    ) -> None:
        self._nodes = _plan_nodes(brokers, client_ports, advertised_ports or {})
        self._folder = folder or Path(tempfile.gettempdir()) / f"newsflow-kafka-{uuid.uuid4().hex}"
        self._is_kept = folder is not None
        self._group = GuardedGroup()
        self._properties = dict(properties or {})
        self._jvm_options = jvm_options
        self._brokers: dict[int, Broker] = {}
        self._cluster_id = ""

    @property
    def node_ids(self) -> frozenset[int]:
        return frozenset(node.node_id for node in self._nodes)

    @property
    def bootstrap(self) -> str:
        """`host:port,…` for clients, as advertised: through the proxies where there are any."""
        return ",".join(f"127.0.0.1:{node.advertised_port}" for node in self._nodes)

    @property
    def direct_bootstrap(self) -> str:
        """`host:port,…` past any proxy, by the brokers' own listener: for a test's independent look."""
        return ",".join(f"127.0.0.1:{node.broker_port}" for node in self._nodes)

    def client_port(self, node_id: int) -> int:
        """The port on which the broker itself listens for clients: where a proxy connects to."""
        return next(node.client_port for node in self._nodes if node.node_id == node_id)

    def start(self) -> Self:
        """Return once every broker answers and lists all of them.

        Raises MissingToolError, InstallError or LocalKafkaError, and leaves nothing running then.
        """
        taken = [node.client_port for node in self._nodes if not is_free(node.client_port)]
        if taken:
            raise LocalKafkaError(f"port {taken[0]} is taken")
        installation = install_kafka()
        try:
            self._prepare_brokers(installation)
            for broker in self._brokers.values():
                broker.start()
            self.wait_for_brokers(self.node_ids)
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """End everything: cleanly if the data is kept, at once if it is not."""
        if self._is_kept:
            self._stop(self._brokers.values())
        self._group.close()
        if not self._is_kept:
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.close()

    def running(self) -> frozenset[int]:
        """The nodes whose process is alive, paused ones included."""
        return frozenset(node_id for node_id, broker in self._brokers.items() if broker.is_running())

    def stop(self, node_id: int) -> None:
        """Stop a broker cleanly: it hands its partitions over first."""
        self._stop([self._brokers[node_id]])

    def kill(self, node_id: int) -> None:
        """SIGKILL: the broker says goodbye to nobody. The others notice when its session of 3 s is over."""
        self._brokers[node_id].send_signal(signal.SIGKILL)
        self._brokers[node_id].wait_stopped(_STOP_SECONDS)

    def pause(self, node_id: int) -> None:
        """SIGSTOP: the broker keeps its connections and answers nothing."""
        self._brokers[node_id].send_signal(signal.SIGSTOP)

    def resume(self, node_id: int) -> None:
        """SIGCONT, after `pause`; `wait_for_brokers` sees it back in the cluster."""
        self._brokers[node_id].send_signal(signal.SIGCONT)

    def restart(self, node_id: int) -> None:
        """Start a broker again, stopped cleanly first if it runs, with its ports and data; return once it is listed."""
        self.stop(node_id)
        broker = self._brokers[node_id]
        broker.start()
        self._wait(
            f"broker {node_id} answers and lists itself",
            lambda: node_id in broker.listed_brokers(self._cluster_id),
            [broker],
        )

    def wait_for_brokers(self, node_ids: Collection[int]) -> None:
        """Return once each of these brokers lists exactly these."""
        expected = frozenset(node_ids)
        brokers = [self._brokers[node_id] for node_id in expected]
        self._wait(
            f"brokers {sorted(expected)} list each other and nobody else",
            lambda: all(broker.listed_brokers(self._cluster_id) == expected for broker in brokers),
            brokers,
        )

    def _prepare_brokers(self, installation: Installation) -> None:
        """Format the storage of each node that has none yet."""
        folders = {node.node_id: self._folder / f"node-{node.node_id}" for node in self._nodes}
        self._cluster_id = _known_cluster_id(folders.values()) or _new_cluster_id()
        formatting = {}
        for node in self._nodes:
            folder = folders[node.node_id]
            broker = Broker(node, folder, installation, self._group, self._jvm_options)
            self._brokers[node.node_id] = broker
            properties = server_properties(node, self._nodes, folder / "data", self._properties)
            formatting[broker] = broker.start_formatting(self._cluster_id, properties)
        for broker, formatter in formatting.items():
            if formatter.wait() != 0:
                raise LocalKafkaError(f"the storage cannot be formatted\n{broker.log_tail()}")

    def _stop(self, brokers: Collection[Broker]) -> None:
        for broker in brokers:
            broker.request_stop()
        deadline = time.monotonic() + _STOP_SECONDS
        for broker in brokers:
            broker.wait_stopped(max(0.0, deadline - time.monotonic()))

    def _wait(self, fact: str, is_true: Callable[[], bool], needed: Collection[Broker]) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not is_true():
            for broker in needed:
                if not broker.is_running():
                    raise LocalKafkaError(f"broker {broker.node.node_id} has ended\n{broker.log_tail()}")
            if time.monotonic() > deadline:
                tails = "\n".join(broker.log_tail() for broker in needed)
                raise LocalKafkaError(f"not within {_READY_SECONDS:.0f} s: {fact}\n{tails}")
            time.sleep(_POLL_SECONDS)


def _plan_nodes(brokers: int, client_ports: Sequence[int] | None, advertised_ports: Mapping[int, int]) -> list[Node]:
    clients = client_ports or free_ports(brokers, besides=advertised_ports.values())
    own_ports = iter(free_ports(2 * len(clients), besides=[*clients, *advertised_ports.values()]))
    return [
        Node(
            node_id=node_id,
            client_port=client_port,
            advertised_port=advertised_ports.get(node_id, client_port),
            broker_port=next(own_ports),
            controller_port=next(own_ports),
        )
        for node_id, client_port in enumerate(clients, start=1)
    ]


def _new_cluster_id() -> str:
    """A random UUID as Kafka writes it: 22 characters of URL-safe base64."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def _known_cluster_id(folders: Collection[Path]) -> str | None:
    """The id that an earlier run left in a kept folder."""
    for folder in folders:
        meta = folder / "data" / "meta.properties"
        if meta.exists():
            lines = meta.read_text(encoding="utf-8").splitlines()
            return next(line.removeprefix("cluster.id=") for line in lines if line.startswith("cluster.id="))
    return None
