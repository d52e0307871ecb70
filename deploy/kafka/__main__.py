"""`python -m deploy.kafka`: a local Apache Kafka in the foreground, until Ctrl-C."""

import argparse
import signal
import sys
import time
from pathlib import Path

from deploy.kafka.broker import LocalKafkaError
from deploy.kafka.class_archive import prepare_kafka
from deploy.kafka.install import InstallError, MissingToolError
from deploy.kafka.local_kafka import LocalKafka

_FAILED = 1
_CANNOT_START = 2


def main() -> int:
    """Exit code 0 after Ctrl-C or SIGTERM, 1 if a broker fails, 2 without Java or Maven."""
    options = _parse_options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        prepare_kafka()
        ports = range(options.port, options.port + options.brokers)
        with LocalKafka(client_ports=ports, folder=options.folder) as kafka:
            print(f"Kafka is ready: {kafka.bootstrap} (Ctrl-C stops it)", flush=True)
            while kafka.running() == kafka.node_ids:
                time.sleep(0.5)
            print(f"broker {min(kafka.node_ids - kafka.running())} has ended by itself", file=sys.stderr)
            return _FAILED
    except KeyboardInterrupt:
        return 0
    except MissingToolError as error:
        print(error, file=sys.stderr)
        return _CANNOT_START
    except (InstallError, LocalKafkaError) as error:
        print(error, file=sys.stderr)
        return _FAILED


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.kafka", description=__doc__)
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=1)
    parser.add_argument("--port", type=int, default=9092, help="of the first broker; the others follow (default 9092)")
    parser.add_argument("--folder", type=Path, help="keep the data here (default: a temporary folder)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
