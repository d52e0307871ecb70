"""Faults on a real broker: nothing lost, nothing repeated, nothing out of order, whatever dies. See `__main__.py`."""
