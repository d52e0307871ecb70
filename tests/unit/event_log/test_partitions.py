"""Partitions of keys: Kafka's own test vectors."""

import pytest

from services.common.errors import UsageError
from services.common.event_log.partitions import partition_of, refuse_unequal


# From UtilsTest.testMurmur2 of Apache Kafka, whose partitioner then clears the sign bit.
@pytest.mark.parametrize(
    ("key", "murmur2"),
    [
        ("21", -973932308),
        ("foobar", -790332482),
        ("a-little-bit-long-string", -985981536),
        ("a-little-bit-longer-string", -1486304829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        ("abc", 479470107),
    ],
)
@pytest.mark.parametrize("partitions", [1, 3, 12])
def test_partition_is_where_kafka_puts_the_key(key: str, murmur2: int, partitions: int) -> None:
    assert partition_of(key, partitions) == (murmur2 & 0x7FFFFFFF) % partitions


def test_key_that_is_not_utf8_is_placed_by_its_bytes() -> None:
    key = b"\x80\xff".decode("utf-8", "surrogateescape")
    assert 0 <= partition_of(key, 12) < 12


def test_topics_with_unequal_partitions_are_refused_by_name() -> None:
    refuse_unequal({"source": 3, "table": 3})
    with pytest.raises(UsageError, match="source has 3, table has 2"):
        refuse_unequal({"source": 3, "table": 2})
