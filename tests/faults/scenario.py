"""One case on a real Kafka: a cluster, its subject, its schedule, and what came of it."""

from dataclasses import dataclass, replace
from pathlib import Path

from tests.faults.cases import Case
from tests.faults.checker import Verdict, aborted_count, check
from tests.faults.cluster import running_cluster
from tests.faults.copiers import copiers
from tests.faults.history import History, broker_stall_seconds, longest_stall, takeover_seconds
from tests.faults.run import Run
from tests.faults.schedule import Action, describe, schedule
from tests.faults.stream import stream


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a case."""

    case: Case
    seed: int
    actions: tuple[Action, ...]
    history: History
    verdict: Verdict

    def __str__(self) -> str:
        history = self.history
        return (
            f"{self.case.name} seed {self.seed}: {self.verdict}; {len(history.committed)} records, "
            f"{aborted_count(history)} aborted, {len(history.crashes)} crashes, longest stall "
            f"{longest_stall(history):.1f} s, takeover {takeover_seconds(history):.1f} s, broker stall "
            f"{broker_stall_seconds(history):.1f} s, exit {max(history.exit_seconds, default=0):.1f} s, "
            f"in all {history.ended_at_seconds:.0f} s"
        )

    def report(self) -> str:
        """All one needs to look into a failure and to repeat it."""
        return f"{self}\nFAULT_SEED={self.seed}\n{describe(self.actions)}\n\nas it happened:\n{self.history.to_text()}"


async def run_case(case: Case, seed: int, folder: Path, mutation: str = "") -> Result:
    """Start everything, run the case, stop everything. `folder` gets the processes' logs and the history.

    Raises MissingToolError where no Kafka can run.
    """
    actions = schedule(case.plans, seed, case.stage)
    async with running_cluster(case.brokers, folder, has_small_disk=case.has_small_disk) as cluster:
        subjects = (
            stream(case, seed, cluster, folder) if case.is_stream else copiers(case, seed, cluster, folder, mutation)
        )
        async with subjects as subject:
            run = Run(cluster, subject)
            history = await run.play(actions)
    verdict = check(run.expected, history)
    result = Result(case, seed, actions, history, replace(verdict, other=verdict.other + tuple(run.problems)))
    (folder / "history.txt").write_text(result.report() + "\n" + history.arrivals(), encoding="utf-8")
    return result
