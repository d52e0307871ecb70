"""What ingest tells of itself: one log line a poll and a commit, metrics, and what health needs to know."""

from collections.abc import Mapping, Sequence

import structlog

from schemas.feed import FeedStatus
from schemas.reasons import Reason
from services.common.errors import LogUnavailable
from services.common.event_log.transform import BatchDone
from services.common.metrics import Metrics
from services.common.watch import StageWatch
from services.ingest.settle import STAGE, Settled

NO_REASON = "none"


class IngestWatch:
    """Listens to all partitions of this process."""

    def __init__(self, stages: StageWatch, metrics: Metrics) -> None:
        self._stages = stages
        self._metrics = metrics
        self._log = structlog.get_logger()
        self._standings: dict[int, dict[FeedStatus, int]] = {}

    def moved(self) -> None:
        self._stages.moved(STAGE)

    def poll_started(self, late_seconds: float) -> None:
        self._metrics.lateness_seconds.observe(max(0.0, late_seconds))

    def stand(self, partition: int, standings: Mapping[FeedStatus, int]) -> None:
        """How the feeds of a partition stand now; none once it is given up."""
        self._standings[partition] = dict(standings)
        for status in FeedStatus:
            number = sum(each.get(status, 0) for each in self._standings.values())
            self._metrics.feeds.labels(status).set(number)

    def delayed(self, partition: int, error: LogUnavailable, wait_seconds: float) -> None:
        self._stages.trying_again(STAGE, partition, error, wait_seconds)

    def going_on(self, partition: int) -> None:
        self._stages.going_on(STAGE, partition)

    def refused(self, reason: Reason) -> None:
        """A record of ingest's own topics was refused."""
        self._metrics.dead_letters.labels(STAGE, reason).inc()

    def committed(self, polls: Sequence[Settled], written: int, partition: int, seconds: float) -> None:
        """These polls are on the log."""
        for poll in polls:
            self._tell(poll)
        dead: dict[Reason, int] = {}
        for poll in polls:
            for reason in poll.refused:
                dead[reason] = dead.get(reason, 0) + 1
        if not written:
            return
        articles = sum(poll.counts.new + poll.counts.updated for poll in polls)
        self._stages.batch_done(
            BatchDone(
                stage=STAGE,
                partition=partition,
                records=articles,
                written=written,
                dead=dead,
                step_seconds=sum(poll.result.seconds for poll in polls),
                commit_seconds=seconds,
            )
        )

    def _tell(self, poll: Settled) -> None:
        result, counts = poll.result, poll.counts
        outcome = "failed" if result.failure else "unchanged" if result.document is None else "read"
        reason = result.failure.reason if result.failure else NO_REASON
        self._metrics.polls.labels(outcome, reason).inc()
        self._metrics.poll_seconds.observe(result.seconds)
        self._metrics.articles.labels("published").inc(counts.new)
        self._metrics.articles.labels("updated").inc(counts.updated)
        self._metrics.held_edits.inc(counts.held)
        if result.document is not None:
            self._metrics.documents.labels(result.document.route).inc()
            self._metrics.cut_documents.inc(result.document.feed.truncated)
        self._log.info(
            "ingest.feed_polled",
            feed_id=result.feed.feed_id,
            outcome=outcome,
            status=poll.state.status,
            reason=reason,
            detail=result.failure and result.failure.detail,
            new=counts.new,
            updated=counts.updated,
            refused=len(poll.refused),
            entries_cut=poll.state.entries_cut,
            seconds=round(result.seconds, 4),
            next_poll_at=poll.state.next_poll_at.isoformat(timespec="seconds"),
        )
        if poll.host is not None:
            self._log.warning(
                "ingest.host_rested",
                host=poll.host.host,
                strikes=poll.host.strikes,
                until=poll.host.cooling_until.isoformat(timespec="seconds"),
            )
