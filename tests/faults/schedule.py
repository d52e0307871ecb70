"""What happens to a run, and when: a seed in, actions in order of time out. Pure, so a seed repeats a run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

ALL = 0  # as a target: every broker's connections


class Act(StrEnum):
    """Targets are numbers from 1: of a worker process, of a broker, or of a broker's connections (0: of all)."""

    START = "start"
    KILL = "kill"
    TERM = "term"
    STOP = "stop"
    CONT = "cont"
    BLOCK = "block the event loop of"
    KILL_BROKER = "kill broker"
    STOP_BROKER = "stop broker"
    RESTART_BROKER = "restart broker"
    REFUSE = "cut and refuse connections of broker"
    LOSE_REQUESTS = "hold back requests to broker"
    LOSE_ANSWERS = "hold back answers of broker"
    DELAY = "delay connections of broker"
    RECONNECT = "let through connections of broker"
    HOLD_END_ANSWER = "hold back the answer to an end of transaction"
    CUT_END_ANSWER = "cut off the answer to an end of transaction"
    LATE_END = "let an end of transaction come late, then kill its worker"
    FILL_DISK = "fill the disk of broker"
    FREE_DISK = "free the disk of broker"
    REFUSE_RECORDS = "let brokers refuse records"
    ACCEPT_RECORDS = "let brokers accept records"
    OPEN_FOREIGN = "leave somebody else's transaction open on the tables"


@dataclass(frozen=True, slots=True)
class Action:
    """Not before `at_seconds` from the start of the run. `seconds` says how long it lasts where it ends by itself."""

    at_seconds: float
    act: Act
    target: int = ALL
    seconds: float = 0.0

    def __str__(self) -> str:
        target = f" {self.target}" if self.target else ""
        lasting = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.at_seconds:6.1f} s  {self.act}{target}{lasting}"


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a schedule plays: how many workers and brokers, how long, and how soon a dead member is missed."""

    workers: int
    brokers: int
    seconds: float
    session_seconds: float


Plan = Callable[[Random, Stage], list[Action]]


def schedule(plans: Sequence[Plan], seed: int, stage: Stage) -> tuple[Action, ...]:
    """The actions of all plans in order of time; the same for the same arguments."""
    actions = [action for number, plan in enumerate(plans) for action in plan(Random(f"{seed}/{number}"), stage)]
    return tuple(sorted(actions, key=lambda action: action.at_seconds))


def describe(actions: Sequence[Action]) -> str:
    return "\n".join(map(str, actions))


def nothing(chance: Random, stage: Stage) -> list[Action]:
    """A run in which nothing fails."""
    return []


def workers_killed(chance: Random, stage: Stage) -> list[Action]:
    """SIGKILL of a worker at random every few seconds; it is started again like by a supervisor.

    Every 1.5 to 4 s at a session of 2 s, and longer for longer ones: with nobody noticing deaths in between, a group
    would spend all its time on dividing partitions among the dead.
    """
    actions: list[Action] = []
    pace = stage.session_seconds / 2
    at = 1.5
    while at < stage.seconds - 1:
        victim = chance.randint(1, stage.workers)
        actions += [Action(at, Act.KILL, victim), Action(at + 0.5, Act.START, victim)]
        at += pace * chance.uniform(1.5, 4.0)
    return actions


def workers_killed_apart(chance: Random, stage: Stage) -> list[Action]:
    """SIGKILL of a worker, started again at once, and the next only when all partitions have found an owner."""
    actions: list[Action] = []
    for at in _every(2.0, 2.5 * stage.session_seconds + 3.0, stage.seconds - 1.5 * stage.session_seconds):
        victim = chance.randint(1, stage.workers)
        actions += [Action(at, Act.KILL, victim), Action(at + 0.5, Act.START, victim)]
    return actions


def brokers_bounced(chance: Random, stage: Stage) -> list[Action]:
    """Each broker in turn, killed and stopped cleanly by turns, so that every coordinator and controller is hit."""
    order = chance.sample(range(1, stage.brokers + 1), stage.brokers)
    hard = chance.random() < 0.5
    actions: list[Action] = []
    at = 2.0
    while at < stage.seconds - 6:
        broker = order[len(actions) // 2 % stage.brokers]
        down_seconds = chance.uniform(2.0, 4.0)
        actions.append(Action(at, Act.KILL_BROKER if hard else Act.STOP_BROKER, broker))
        actions.append(Action(at + down_seconds, Act.RESTART_BROKER, broker))
        at += down_seconds + chance.uniform(4.0, 6.0)
        hard = not hard
    return actions


def zombies(chance: Random, stage: Stage) -> list[Action]:
    """SIGSTOP of a worker for more than twice the session timeout: it wakes up in the middle of its batch."""
    actions: list[Action] = []
    asleep_seconds = 2.2 * stage.session_seconds
    at = 2.0
    while at + asleep_seconds < stage.seconds:
        victim = chance.randint(1, stage.workers)
        actions += [Action(at, Act.STOP, victim), Action(at + asleep_seconds, Act.CONT, victim)]
        at += asleep_seconds + chance.uniform(3.0, 4.0)
    return actions


def loops_blocked(chance: Random, stage: Stage) -> list[Action]:
    """The event loop of a worker stands still for more than twice the session timeout."""
    asleep_seconds = 2.2 * stage.session_seconds
    starts = _every(2.0, asleep_seconds + 3.0, stage.seconds - asleep_seconds)
    return [Action(at, Act.BLOCK, chance.randint(1, stage.workers), asleep_seconds) for at in starts]


def connections_cut(chance: Random, stage: Stage) -> list[Action]:
    """Refused, silent one way, silent the other way, delayed: for five seconds and more, to one broker or all."""
    kinds = [Act.REFUSE, Act.LOSE_ANSWERS, Act.LOSE_REQUESTS, Act.DELAY]
    chance.shuffle(kinds)
    actions: list[Action] = []
    at = 2.0
    while at + 5.0 < stage.seconds:
        lasting = chance.uniform(5.0, min(60.0, max(6.0, stage.seconds / 4)))
        target = chance.choice((ALL, chance.randint(1, stage.brokers)))
        actions.append(Action(at, kinds[len(actions) // 2 % len(kinds)], target))
        actions.append(Action(at + lasting, Act.RECONNECT, target))
        at += lasting + 4.0
    return actions


def ends_held(chance: Random, stage: Stage) -> list[Action]:
    """The answer to a commit comes after its time limit: the commit is done and its owner cannot know."""
    return [Action(at, Act.HOLD_END_ANSWER, ALL, chance.uniform(5.0, 6.0)) for at in _every(2.0, 7.0, stage.seconds)]


def ends_sent_again(chance: Random, stage: Stage) -> list[Action]:
    """The answer to a commit is lost with its connection, so aiokafka sends the commit again."""
    return [Action(at, Act.CUT_END_ANSWER) for at in _every(1.5, chance.uniform(1.0, 2.0), stage.seconds)]


def ends_late(chance: Random, stage: Stage) -> list[Action]:
    """A commit was sent again, and its first sending reaches the broker during the next transaction."""
    return [Action(at, Act.LATE_END) for at in _every(2.0, chance.uniform(5.0, 6.0), stage.seconds)]


def membership_churned(chance: Random, stage: Stage) -> list[Action]:
    """A worker leaves, by turns cleanly and not, and comes back after a while: a change every three seconds."""
    actions: list[Action] = []
    gone: list[int] = []
    for at in _every(2.0, 3.0, stage.seconds - 2):
        if gone:
            actions.append(Action(at, Act.START, gone.pop()))
        else:
            gone.append(chance.randint(1, stage.workers))
            actions.append(Action(at, chance.choice((Act.TERM, Act.TERM, Act.KILL)), gone[0]))
    return actions


def records_refused(chance: Random, stage: Stage) -> list[Action]:
    """Brokers refuse records for a while, as after an operator's mistake."""
    actions: list[Action] = []
    for at in _every(2.0, 6.0, stage.seconds - 2):
        actions += [Action(at, Act.REFUSE_RECORDS), Action(at + chance.uniform(1.5, 2.5), Act.ACCEPT_RECORDS)]
    return actions


def disk_filled(chance: Random, stage: Stage) -> list[Action]:
    """The disk of the last broker is full for a while, and it is started again when it is not."""
    broker = stage.brokers
    free_at = chance.uniform(0.5, 0.7) * stage.seconds
    return [
        Action(2.0, Act.FILL_DISK, broker),
        Action(free_at, Act.FREE_DISK, broker),
        Action(free_at + 0.1, Act.RESTART_BROKER, broker),
    ]


def foreign_transactions(chance: Random, stage: Stage) -> list[Action]:
    """Somebody else's open transaction hides the tables' newest changes while a worker is killed behind it."""
    actions: list[Action] = []
    for at in _every(2.0, 9.0, stage.seconds - 3):
        victim = chance.randint(1, stage.workers)
        actions += [Action(at, Act.OPEN_FOREIGN, ALL, 6.0), Action(at + 1.5, Act.KILL, victim)]
        actions.append(Action(at + 2.0, Act.START, victim))
    return actions


def silence_at_stop(chance: Random, stage: Stage) -> list[Action]:
    """Brokers fall silent, a worker is told to stop, and only then the line is healthy again."""
    at = chance.uniform(2.0, 3.0)
    return [
        Action(at, Act.LOSE_ANSWERS),
        Action(at + 0.5, Act.TERM, 1),
        Action(at + 1.0, Act.RECONNECT),
        Action(at + 2.0, Act.START, 1),
    ]


def _every(first: float, gap: float, end: float) -> list[float]:
    return [first + gap * number for number in range(1 + max(0, int((end - first) / gap)))]
