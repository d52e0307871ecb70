"""Records the classes that a broker loads, so that every later start finds them parsed: in half the time.

One start and clean stop of a throw-away broker, about five seconds, once for each pom and Java.
"""

import tempfile
from pathlib import Path

from deploy.kafka.install import Installation, install_kafka
from deploy.kafka.local_kafka import LocalKafka


def prepare_kafka() -> Installation:
    """Fetch the jars and record the class archive, whatever of the two is missing.

    Raises what `install_kafka` and `LocalKafka.start` raise.
    """
    installation = install_kafka()
    if not installation.class_archive.exists():
        _record(installation.class_archive)
    return installation


def _record(archive: Path) -> None:
    """Write beside the final place and rename at the end: a file of the final name is always complete."""
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix="partial-") as partial:
        recorded = Path(partial) / archive.name
        with LocalKafka(jvm_options=[f"-XX:ArchiveClassesAtExit={recorded}"]) as kafka:
            kafka.stop(1)
        if recorded.exists():  # a Java without this feature starts brokers at its own speed
            recorded.replace(archive)
