"""Plain-text articles in, a real RSS feed over HTTP out: for local replay, tests, demos and faults on demand."""
