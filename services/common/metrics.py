"""Every metric newsflow exports. Labels come from closed sets only: never an address, a feed or a title."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
DELAY_SECONDS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 6 * 3600.0, 24 * 3600.0)


class Metrics:
    """One set of metrics in one registry; tests pass a fresh registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry

        def counter(name: str, about: str, *labels: str) -> Counter:
            return Counter(f"newsflow_{name}", about, labels, registry=registry)

        def gauge(name: str, about: str, *labels: str) -> Gauge:
            return Gauge(f"newsflow_{name}", about, labels, registry=registry)

        def histogram(name: str, about: str, *labels: str, buckets: tuple[float, ...] = SECONDS) -> Histogram:
            return Histogram(f"newsflow_{name}", about, labels, registry=registry, buckets=buckets)

        self.records = counter("records", "Records a stage has read and committed.", "stage")
        self.written = counter("written_records", "Records a stage has written.", "stage")
        self.dead_letters = counter("dead_letters", "Records and entries refused.", "stage", "reason")
        self.retries = counter("retries", "Batches tried again.", "stage")
        self.batch_seconds = histogram("batch_seconds", "Time a batch takes.", "stage", "part")
        self.brake = gauge("brake_on", "Partitions of a stage that the brake on dead letters holds.", "stage")
        self.lag = gauge("lag_offsets", "How far a stage is behind the end of its source.", "stage", "partition")
        self.last_commit = gauge("last_commit_timestamp_seconds", "When a stage last committed.", "stage")
        self.polls = counter("polls", "Polls of feeds by outcome; reason is none for a success.", "outcome", "reason")
        self.feeds = gauge("feeds", "Feeds of this process by how they stand.", "status")
        self.documents = counter("ingest_documents", "Documents read, by the route that parsed them.", "route")
        self.cut_documents = counter("ingest_cut_documents", "Documents with more entries than are read.")
        self.poll_seconds = histogram("poll_seconds", "Time a poll takes, from request to parsed entries.")
        self.articles = counter("articles", "Articles ingest has written, by kind.", "kind")
        self.held_edits = counter("held_edits", "Edits that wait, as their article has changed too often of late.")
        self.lateness_seconds = histogram("poll_lateness_seconds", "How late polls start.", buckets=DELAY_SECONDS)
        self.tag_problems = counter("tag_problems", "Articles that lost a tag.", "task", "reason")
        self.worker_failures = counter("worker_failures", "Worker processes that died or hung.", "stage", "reason")
        self.stage_delay_seconds = histogram(
            "fetch_to_publish_seconds", "From the fetch of a feed to the public record.", buckets=DELAY_SECONDS
        )
        self.publication_delay_seconds = histogram(
            "publication_delay_seconds", "From the stated publication to the public record.", buckets=DELAY_SECONDS
        )
