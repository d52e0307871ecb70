"""The images that docker-compose.yml and deploy/Dockerfile name, made locally from Debian's packages.

Each has the user, folders and start of the image it stands in for. What they prove of the official images ends there.
"""

import hashlib
import os
import shutil
import ssl
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from deploy.kafka.install import MissingToolError, install_kafka
from tests.containers.engine import DEBIAN_PATH, ContainersError, Engine

TOOLS = ("mmdebstrap", "apt-get", "dpkg-deb")
_RECIPES = Path(__file__).with_name("images")
_DEBIAN = "newsflow-standin-debian"
_RELEASE = "bookworm"  # its Python is 3.11
_PACKAGES = ("ca-certificates", "openjdk-17-jre-headless", "python3", "python3-pip", "python3-venv", "wget")
_BUILD_SECONDS = 600


def why_no_standins() -> str | None:
    """Why the stand-ins cannot be made here, in one line. Fetches Kafka's jars to find out."""
    missing = [tool for tool in TOOLS if shutil.which(tool, path=DEBIAN_PATH) is None]
    if missing:
        return f"the images need Debian's mmdebstrap: no {', '.join(missing)}"
    if _mirror() is None:
        return "the images need Debian's packages, and apt has no list of them yet: apt-get update"
    try:
        install_kafka()
    except MissingToolError as error:
        return str(error)
    return None


def make_standins(engine: Engine, cache: Path, *, python: str, kafka: str, prometheus: str) -> None:
    """Make the images of these names; what has not changed since the last time is there already.

    Raises ContainersError, and what `install_kafka` raises.
    """
    _make_debian(engine)
    certificates = ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"
    _build(engine, python, {"Dockerfile": _RECIPES / "python.Dockerfile", "ca-certificates.crt": Path(certificates)})
    jars = [Path(jar) for jar in install_kafka().class_path.split(os.pathsep)]
    _build(
        engine,
        kafka,
        {"Dockerfile": _RECIPES / "kafka.Dockerfile", "kafka": _RECIPES / "kafka"}
        | {f"jars/{jar.name}": jar for jar in jars},
    )
    programs = _fetch_prometheus(cache)
    _build(
        engine,
        prometheus,
        {"Dockerfile": _RECIPES / "prometheus.Dockerfile"}
        | {name: programs / name for name in ("prometheus", "promtool")},
    )


def _make_debian(engine: Engine) -> None:
    """A minimal Debian, with all that the others are made of."""
    key = hashlib.sha256(f"{_RELEASE} {_PACKAGES}".encode()).hexdigest()[:12]
    kept = f"{_DEBIAN}:{key}"
    if not engine.docker("images", "--quiet", kept).strip():
        with tempfile.TemporaryDirectory(prefix="newsflow-debian-") as folder:
            archive = Path(folder) / "debian.tar"
            _make_archive(archive)
            with archive.open("rb") as content:
                engine.docker("import", "-", kept, context=content, timeout_seconds=_BUILD_SECONDS)
    engine.docker("tag", kept, _DEBIAN)


def _make_archive(archive: Path) -> None:
    options = ["--quiet", "--variant=minbase", "--dpkgopt=force-unsafe-io", f"--include={','.join(_PACKAGES)}"]
    answer = subprocess.run(
        ["mmdebstrap", *options, _RELEASE, str(archive), *filter(None, [_mirror()])],
        capture_output=True,
        text=True,
        timeout=_BUILD_SECONDS,
        check=False,
    )
    if answer.returncode != 0:
        raise ContainersError(f"mmdebstrap failed:\n{answer.stderr[-2000:]}")


def _mirror() -> str | None:
    """Where this machine's apt gets Debian's packages from."""
    wanted = ("Created-By: Packages", "Origin: Debian", "Component: main")
    return next(iter(_apt("indextargets", "--format", "$(REPO_URI)", *wanted).split()), None)


def _fetch_prometheus(cache: Path) -> Path:
    """The folder with Debian's `prometheus` and `promtool`, taken out of the package without installing it."""
    final = cache / "prometheus"
    if not final.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix="partial-") as partial:
            # As root: apt's own user may not write into this folder.
            _apt("download", "--option=APT::Sandbox::User=root", "prometheus", folder=partial)
            package = next(Path(partial).glob("*.deb"))
            subprocess.run(["dpkg-deb", "--extract", package, partial], check=True, timeout=_BUILD_SECONDS)
            (Path(partial) / "usr" / "bin").rename(final)
    return final


def _apt(*arguments: str, folder: str | None = None) -> str:
    answer = subprocess.run(
        ["apt-get", *arguments], cwd=folder, capture_output=True, text=True, timeout=_BUILD_SECONDS, check=False
    )
    if answer.returncode != 0:
        raise ContainersError(f"apt-get {arguments[0]} failed:\n{answer.stderr[-2000:]}")
    return answer.stdout


def _build(engine: Engine, tag: str, files: Mapping[str, Path]) -> None:
    """Build an image from files by their names in the build; the engine keeps the layers of unchanged ones."""
    with tempfile.TemporaryFile() as context:
        with tarfile.open(fileobj=context, mode="w", format=tarfile.GNU_FORMAT) as archive:
            for name, path in files.items():
                archive.add(path, name)
        context.seek(0)
        engine.docker("build", "--network=none", "--tag", tag, "-", context=context, timeout_seconds=_BUILD_SECONDS)
