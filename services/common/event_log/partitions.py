"""Which partition a key belongs to: Kafka's own rule, in both adapters."""

from collections.abc import Mapping
from functools import lru_cache

from services.common.errors import UsageError

_MASK = 0xFFFFFFFF
_SEED = 0x9747B28C
_MULTIPLIER = 0x5BD1E995


@lru_cache(maxsize=4096)  # an article goes to several topics, and on from stage to stage
def partition_of(partition_key: str, partitions: int) -> int:
    """murmur2(key) mod partitions, as Kafka's default partitioner computes it."""
    return (_murmur2(partition_key.encode("utf-8", "surrogateescape")) & 0x7FFFFFFF) % partitions


def refuse_unequal(partitions: Mapping[str, int]) -> None:
    """Raises UsageError unless these topics have equally many partitions."""
    if len(set(partitions.values())) > 1:
        counts = ", ".join(f"{topic} has {count}" for topic, count in partitions.items())
        raise UsageError(f"a table needs as many partitions as the topic it goes with: {counts}")


def _murmur2(data: bytes) -> int:
    """MurmurHash 2 (32 bits, little endian, Kafka's seed)."""
    value = _SEED ^ len(data)
    whole = len(data) & ~3
    for start in range(0, whole, 4):
        chunk = int.from_bytes(data[start : start + 4], "little") * _MULTIPLIER & _MASK
        chunk = (chunk ^ (chunk >> 24)) * _MULTIPLIER & _MASK
        value = (value * _MULTIPLIER & _MASK) ^ chunk
    if whole < len(data):
        value = (value ^ int.from_bytes(data[whole:], "little")) * _MULTIPLIER & _MASK
    value = (value ^ (value >> 13)) * _MULTIPLIER & _MASK
    return value ^ (value >> 15)
