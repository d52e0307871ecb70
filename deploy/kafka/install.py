"""Fetches Apache Kafka's jars once, with Maven, into the ignored folder `.kafka/` → the command line that runs them."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

_POM = Path(__file__).with_name("pom.xml")
_INSTALL_FOLDER = Path(__file__).parents[2] / ".kafka"
_MINIMUM_JAVA = 17

_HEAP = "-Xmx384m"
# Tests run for seconds: a cheap collector and the quick compiler alone start sooner and leave the cores to the tests.
_JVM_OPTIONS = ("-Xms64m", _HEAP, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


class MissingToolError(Exception):
    """Java or Maven is not here; the text says which, in one line."""


class InstallError(Exception):
    """Maven could not fetch the jars; the text has its own reason, in one line."""


@dataclass(frozen=True)
class Installation:
    """A complete class path, the Java that runs it, and where that Java's class archive is (or will be)."""

    java: str
    class_path: str
    class_archive: Path

    def command(self, main_class: str, *arguments: str, jvm_options: tuple[str, ...] = ()) -> list[str]:
        archive = (f"-XX:SharedArchiveFile={self.class_archive}",) if self.class_archive.exists() else ()
        return [self.java, *_JVM_OPTIONS, *archive, *jvm_options, "-cp", self.class_path, main_class, *arguments]


def install_kafka() -> Installation:
    """The installation for this pom, fetched first if it is not there.

    Raises MissingToolError without Java 17 or (if jars must be fetched) Maven, and InstallError if fetching fails.
    """
    java, java_version = _find_java()
    pom_hash = hashlib.sha256(_POM.read_bytes()).hexdigest()[:12]
    folder = _INSTALL_FOLDER / pom_hash
    jars = folder / "jars"
    if not jars.exists():
        _fetch_jars(jars)
    # An archive is bound to one Java build and one class path; another Java gets a file of its own.
    java_hash = hashlib.sha256(java_version.encode()).hexdigest()[:12]
    return Installation(
        java=java,
        class_path=os.pathsep.join(str(jar) for jar in sorted(jars.glob("*.jar"))),
        class_archive=folder / f"classes-{java_hash}.jsa",
    )


def _find_java() -> tuple[str, str]:
    """The path of Java and the whole text of its version."""
    java = shutil.which("java")
    if java is None:
        raise MissingToolError(f"Java {_MINIMUM_JAVA} or newer is needed for a local Kafka: no `java` on the PATH")
    answer = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    version = answer.stderr.partition('"')[2].partition('"')[0]
    major = version.partition(".")[0].partition("-")[0]
    if answer.returncode != 0 or not major.isdigit() or int(major) < _MINIMUM_JAVA:
        raise MissingToolError(f"Java {_MINIMUM_JAVA} or newer is needed for a local Kafka: found {version or 'none'}")
    return java, answer.stderr


def _fetch_jars(jars: Path) -> None:
    """Download beside the final place and rename at the end: a folder of the final name is always complete."""
    maven = shutil.which("mvn")
    if maven is None:
        raise MissingToolError("Maven is needed to fetch the jars of a local Kafka: no `mvn` on the PATH")
    jars.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=jars.parent, prefix="partial-", ignore_cleanup_errors=True) as partial:
        fetched = Path(partial) / "jars"
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={fetched}"]
        answer = subprocess.run(
            [maven, "--batch-mode", "--quiet", "--strict-checksums", "-Dstyle.color=never", "--file", str(_POM), *goal],
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode != 0:
            reasons = [line for line in answer.stdout.splitlines() if "ERROR" in line]
            raise InstallError(
                f"Maven could not fetch Kafka's jars: {reasons[0] if reasons else answer.stderr.strip()}"
            )
        with contextlib.suppress(OSError):  # another process was first: its folder is as good
            fetched.rename(jars)
    if not jars.exists():
        raise InstallError(f"Maven copied no jars into {jars}")
