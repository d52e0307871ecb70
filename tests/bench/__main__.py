"""`make bench`: prints the tables that `docs/performance.md` keeps."""

import os
import platform
import subprocess
import sys

from tests.bench.kafka import kafka_table
from tests.bench.measure import table
from tests.bench.polling import polling_rows, polling_table
from tests.bench.schedule_simulation import simulation_rows, simulation_table
from tests.bench.steps import ingest_rows


def main() -> None:
    # As in a worker process, and before numpy is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from tests.bench.tagging import tagging_table

    print(f"Python {platform.python_version()}, {os.cpu_count()} cores\n")
    print(table(ingest_rows()))
    print(f"\n{tagging_table()}\n", flush=True)
    subprocess.run([sys.executable, "-m", "tests.bench.worker"], check=True)
    print(f"\n{polling_table(polling_rows())}")
    print(f"\n{simulation_table(simulation_rows())}")
    print(f"\n{kafka_table()}")


if __name__ == "__main__":
    main()
