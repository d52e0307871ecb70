"""The matrix: each case with what happens in it, and how large it is. `letter` is that of the issue's list."""

from dataclasses import dataclass, replace

from tests.faults import schedule as plan
from tests.faults.schedule import Plan, Stage


class CannotRunHere(Exception):
    """The case needs what is not here; its text says what."""


@dataclass(frozen=True, slots=True)
class Case:
    """`poison_share` and `brake_run` are of dead letters; a case that has any runs the copier as a stage."""

    name: str
    letter: str
    about: str
    plans: tuple[Plan, ...]
    workers: int = 2
    brokers: int = 1
    seconds: float = 20.0
    records: int = 1000
    partitions: int = 4
    step_seconds: float = 0.15
    batch_records: int = 25
    session_seconds: float = 2.0
    aborted_in_source: int = 0
    poison_share: float = 0.0
    brake_run: int = 0
    is_stream: bool = False
    has_small_disk: bool = False
    is_mixed: bool = False
    homes: int = 6
    revise: float = 0.0

    @property
    def stage(self) -> Stage:
        return Stage(self.workers, self.brokers, self.seconds, self.session_seconds)

    @property
    def is_stage(self) -> bool:
        return bool(self.poison_share or self.brake_run)

    def sized(self, seconds: float, records: int) -> "Case":
        """Records come evenly over the seconds."""
        return replace(self, seconds=seconds, records=records)

    def longer(self) -> "Case":
        """As the long matrix has it: a hundred times Apache Kafka's own 1,000, with sessions as in production."""
        return replace(self, records=self.records * 10, seconds=self.seconds * 6, session_seconds=6.0, brokers=3)


_ALL = (
    Case(
        "nothing", "-", "nothing fails; the source holds aborted records", (plan.nothing,), aborted_in_source=30
    ).sized(4, 400),
    Case("killed", "a", "SIGKILL of workers at random", (plan.workers_killed,), workers=3).sized(14, 800),
    Case("takeover", "a", "SIGKILL of one worker at a time", (plan.workers_killed_apart,)).sized(14, 700),
    Case("brokers", "b", "brokers killed and stopped in turn", (plan.brokers_bounced,), brokers=3).sized(26, 1000),
    Case("both", "c", "workers and brokers, both", (plan.workers_killed, plan.brokers_bounced), brokers=3).sized(
        24, 1000
    ),
    Case("zombie", "d", "SIGSTOP beyond the session, then SIGCONT", (plan.zombies,)).sized(14, 700),
    Case("cut", "e", "connections refused, silent one way, delayed", (plan.connections_cut,)).sized(22, 800),
    Case("silence", "e", "brokers fall silent while a worker is told to stop", (plan.silence_at_stop,)).sized(16, 800),
    Case("held-end", "f", "the answer to a commit comes too late", (plan.ends_held,)).sized(10, 500),
    Case("cut-end", "f", "the answer to a commit is lost with its connection", (plan.ends_sent_again,)).sized(8, 400),
    Case("late-end", "f", "a commit comes again during the next transaction", (plan.ends_late,)).sized(10, 500),
    Case(
        "churn",
        "g",
        "one of four workers comes or goes every 3 s",
        (plan.membership_churned,),
        workers=4,
        partitions=8,
        step_seconds=0.3,
    ).sized(16, 800),
    Case("poison", "h", "poison and oversize records, workers killed", (plan.workers_killed,), poison_share=0.02).sized(
        8, 800
    ),
    Case("brake", "h", "a run of poison trips the brake", (plan.nothing,), brake_run=500).sized(6, 600),
    Case("blocked", "i", "an event loop stands still beyond the session", (plan.loops_blocked,)).sized(10, 500),
    Case("disk-full", "j", "the disk of a broker is full", (plan.disk_filled,), brokers=3, has_small_disk=True).sized(
        14, 600
    ),
    Case("refused", "-", "brokers refuse records for a while", (plan.records_refused,)).sized(8, 400),
    Case("foreign", "-", "somebody else's transaction hides the tables' ends", (plan.foreign_transactions,)).sized(
        12, 600
    ),
    Case(
        "stream",
        "a",
        "the whole stream, services killed",
        (plan.workers_killed,),
        workers=6,
        is_stream=True,
        revise=0.05,
    ).sized(16, 800),
    Case(
        "old-and-new",
        "l",
        "an old and a new version side by side, services killed",
        (plan.workers_killed,),
        workers=6,
        is_stream=True,
        is_mixed=True,
    ).sized(16, 800),
    Case(
        "stream-brokers",
        "c",
        "the whole stream, services and brokers",
        (plan.workers_killed, plan.brokers_bounced),
        workers=6,
        brokers=3,
        is_stream=True,
    ).sized(26, 1200),
)
CASES = {case.name: case for case in _ALL}
# Apache Kafka's own test of transactions has this shape: 100,000 messages, three brokers, transactions of 750.
APACHE = Case(
    "apache",
    "c",
    "100,000 records in transactions of 750, copiers and brokers bounced hard and clean",
    (plan.membership_churned, plan.workers_killed, plan.brokers_bounced),
    workers=4,
    brokers=3,
    step_seconds=5.0,
    session_seconds=6.0,
    batch_records=750,
).sized(240, 100_000)
