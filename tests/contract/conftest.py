"""Fixtures of the contract suites."""

from tests.support.event_log import harness
from tests.support.kafka import kafka_broker

__all__ = ["harness", "kafka_broker"]
