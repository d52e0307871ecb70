"""Fixtures of the contract suites."""

from tests.support.event_log import harness as harness
