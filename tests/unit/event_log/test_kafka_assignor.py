"""Who gets which partition of a group: even, complete, and with few moves."""

from hypothesis import given
from hypothesis import strategies as st

from services.common.event_log.kafka.assignor import Claim, divide, valid_claims

PARTITIONS = 12
claims_of_members = st.dictionaries(
    st.text(min_size=1, max_size=5),
    st.builds(
        Claim, st.integers(0, 2), st.lists(st.integers(0, PARTITIONS + 2), unique=True).map(lambda held: tuple(held))
    ),
    min_size=1,
    max_size=15,
)


@given(claims_of_members)
def test_every_partition_has_one_member_and_nobody_two_more_than_another(claims: dict[str, Claim]) -> None:
    divided = divide(PARTITIONS, valid_claims(claims))
    assert divided.keys() == claims.keys()
    assert sorted(partition for given_to in divided.values() for partition in given_to) == list(range(PARTITIONS))
    sizes = [len(partitions) for partitions in divided.values()]
    assert max(sizes) - min(sizes) <= 1


@given(st.integers(1, 6), st.integers(1, 6))
def test_nothing_moves_between_those_who_stay(before: int, after: int) -> None:
    """With more members each only gives some away; with fewer each keeps what it has."""
    first = divide(PARTITIONS, {f"member-{number}": () for number in range(before)})
    second = divide(PARTITIONS, {f"member-{number}": first.get(f"member-{number}", ()) for number in range(after)})
    for member in first.keys() & second.keys():
        fewer, more = sorted((set(first[member]), set(second[member])), key=len)
        assert fewer <= more


def test_member_that_missed_a_division_holds_nothing() -> None:
    claims = {"stale": Claim(3, (0, 1)), "owner": Claim(4, (0, 1)), "new": Claim()}
    assert valid_claims(claims) == {"stale": [], "owner": [0, 1], "new": []}


def test_claim_survives_the_wire() -> None:
    assert Claim.load(Claim(5, (1, 3)).dump()) == Claim(5, (1, 3))
    assert Claim.load(b"") == Claim.load(None) == Claim()
