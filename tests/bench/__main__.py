"""`make bench`: prints the tables that `docs/performance.md` keeps."""

import os
import platform

from tests.bench.measure import table
from tests.bench.steps import ingest_rows
from tests.bench.tagging import tagging_rows


def main() -> None:
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores\n")
    print(table(ingest_rows() + tagging_rows()))


if __name__ == "__main__":
    main()
