"""Addresses of logs: what is understood, and what is said of the others."""

import pytest

from services.common.errors import UsageError
from services.common.event_log.kafka.log import KafkaLog
from services.common.event_log.open import open_log
from services.common.event_log.sqlite.log import SqliteLog


@pytest.mark.parametrize(
    "address",
    [
        "",
        "log.sqlite",
        "sqlite://",
        "sqlite:///",
        "sqlite://host/file",
        "http://x/y",
        "kafka://",
        "kafka://host",
        "kafka://host:port",
        "kafka://a:1,b",
        "kafka://a:1/topic",
    ],
)
def test_address_that_is_not_understood_is_refused_with_the_forms(address: str) -> None:
    with pytest.raises(UsageError, match="sqlite:///path/to/file or kafka://host:port"):
        open_log(address)


def test_embedded_log_needs_a_path() -> None:
    assert isinstance(open_log("sqlite:///newsflow.sqlite"), SqliteLog)


@pytest.mark.parametrize("brokers", ["localhost:9092", "kafka-1.example:9092,10.0.0.2:9093", "[::1]:9092"])
def test_kafka_needs_brokers(brokers: str) -> None:
    assert isinstance(open_log(f"kafka://{brokers}"), KafkaLog)
