"""Fixtures that several folders use: the event logs under test, and a real Kafka for the session."""

from tests.support.event_log import harness, kafka
from tests.support.kafka import kafka_broker, kafka_cluster

__all__ = ["harness", "kafka", "kafka_broker", "kafka_cluster"]
