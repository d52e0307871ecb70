"""Who of a group gets which partition: as even as can be, and everybody keeps what he has."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import orjson
from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata


def divide(partitions: int, held: Mapping[str, Collection[int]]) -> dict[str, list[int]]:
    """Partitions by member, for members that now hold some: nobody gets two more than another, few move."""
    each, extra = divmod(partitions, len(held))
    ranked = sorted(held, key=lambda member: (-len(held[member]), member))
    quotas = {member: each + (rank < extra) for rank, member in enumerate(ranked)}
    free = set(range(partitions))
    divided: dict[str, list[int]] = {}
    for member, quota in quotas.items():
        divided[member] = sorted(free.intersection(held[member]))[:quota]
        free.difference_update(divided[member])
    left = sorted(free, reverse=True)
    for member, quota in quotas.items():
        divided[member] += [left.pop() for _ in range(quota - len(divided[member]))]
    return divided


@dataclass(frozen=True, slots=True)
class Claim:
    """What a member says when it joins: the partitions it holds, and the number of the division that gave them."""

    division: int = 0
    partitions: tuple[int, ...] = ()

    def dump(self) -> bytes:
        return orjson.dumps([self.division, self.partitions])

    @classmethod
    def load(cls, user_data: bytes | None) -> "Claim":
        if not user_data:
            return cls()
        division, partitions = orjson.loads(user_data)
        return cls(division, tuple(partitions))


def valid_claims(claims: Mapping[str, Claim]) -> dict[str, list[int]]:
    """Each partition with one holder. A member that missed a division holds nothing any more, though it thinks so."""
    newest = max(claim.division for claim in claims.values())
    return {member: list(claim.partitions) if claim.division == newest else [] for member, claim in claims.items()}


class KeepingAssignor(AbstractPartitionAssignor):  # type: ignore[misc]
    """aiokafka takes a class or an object. Its own sticky assignor keeps one state for all groups of a process."""

    name = "newsflow-keeping"

    def __init__(self, held: Callable[[], Collection[int]]) -> None:
        self._held = held
        self._division = 0

    def metadata(self, topics: Collection[str]) -> ConsumerProtocolMemberMetadata:
        claim = Claim(self._division, tuple(sorted(self._held())))
        return ConsumerProtocolMemberMetadata(0, list(topics), claim.dump())

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        (topic,) = {topic for member in members.values() for topic in member.subscription}
        claims = {member: Claim.load(metadata.user_data) for member, metadata in members.items()}
        # The time, because a group of new members alone does not know how far its former ones had counted.
        number = max(time.time_ns() // 1_000_000, 1 + max(claim.division for claim in claims.values()))
        divided = divide(len(cluster.partitions_for_topic(topic) or ()), valid_claims(claims))
        return {
            member: ConsumerProtocolMemberAssignment(
                0, [(topic, sorted(partitions))] if partitions else [], Claim(number).dump()
            )
            for member, partitions in divided.items()
        }

    def on_assignment(self, assignment: ConsumerProtocolMemberAssignment) -> None:
        self._division = Claim.load(assignment.user_data).division
