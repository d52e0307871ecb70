"""The layers are intact: who may import whom, held by reading the imports of every module."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path
    for folder in ("schemas", "services")
    for path in sorted((ROOT / folder).rglob("*.py"))
}
SERVICES = ("ingest", "enrich", "publish", "fixture_feed")

PURE_INGEST = (
    *(
        "parse",
        "parsed",
        "elements",
        "fast_xml",
        "fast_entry",
        "fast_extras",
        "fast_nodes",
        "json_feed",
        "json_salvage",
        "sitemap",
    ),
    *("mend", "refusals", "discover", "markup", "text", "dates", "urls", "normalise", "read"),
    *("match", "likeness", "edits", "sightings", "settle", "next_state", "status", "conditional", "hints"),
    *("agenda", "schedule", "rhythm", "roster", "pace", "cool_down", "redirects", "hosts", "cookies"),
)
# Pure modules: values in, values out. They may not reach the world, the clock, logs or metrics.
PURE = [
    *(name for name in MODULES if name.startswith("schemas.") and name != "schemas.generate"),
    *(f"services.ingest.{name}" for name in PURE_INGEST),
    *(f"services.enrich.{name}" for name in ("document_pass", "entities", "explain", "known_names", "language")),
    *(f"services.enrich.{name}" for name in ("linking", "names", "near_duplicates", "place_ids", "repeats", "retag")),
    *(f"services.enrich.crf.{name}" for name in ("decoder", "encoder", "features", "lexicon", "places", "tokeniser")),
    "services.publish.route",
    *(f"services.fixture_feed.{name}" for name in ("feed", "rss", "prose")),
]
WORLD = {
    "aiohttp",
    "asyncio",
    "httpx",
    "os",
    "prometheus_client",
    "random",
    "socket",
    "sqlite3",
    "structlog",
    "subprocess",
    "time",
}


@cache
def imports_of(path: Path) -> frozenset[str]:
    return frozenset(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


def importers_of(package: str) -> set[str]:
    return {name for name, path in MODULES.items() if any(found.split(".")[0] == package for found in imports_of(path))}


def test_the_contract_imports_no_service() -> None:
    for name, path in MODULES.items():
        if name.startswith("schemas"):
            assert not [found for found in imports_of(path) if found.startswith("services")], name


def test_what_trains_the_models_is_in_no_service() -> None:
    assert not importers_of("training")


def test_common_imports_no_service() -> None:
    for name, path in MODULES.items():
        if name.startswith("services.common"):
            found = {found for found in imports_of(path) if found.startswith("services.")}
            assert all(one.startswith("services.common") for one in found), (name, found)


@pytest.mark.parametrize("service", SERVICES)
def test_services_import_no_sibling(service: str) -> None:
    allowed = ("services.common", f"services.{service}")
    for name, path in MODULES.items():
        if name.startswith(f"services.{service}"):
            found = {found for found in imports_of(path) if found.startswith("services.")}
            assert all(one.startswith(allowed) for one in found), (name, found)


@pytest.mark.parametrize(
    ("package", "place"),
    [
        ("aiokafka", "services.common.event_log.kafka"),
        ("sqlite3", "services.common.event_log.sqlite"),
        ("feedparser", "services.ingest.elements"),
        ("spacy", "services.enrich.spacy_tagger"),
        ("pebble", "services.common.workers"),
        ("lxml", "services.ingest.fast_xml"),
        ("nh3", "services.ingest.markup"),
        ("brotli", "services.ingest.codings"),
        ("protego", "services.ingest.robots"),
        ("prometheus_client", ("services.common", "services.commands")),
        ("typer", "services.cli"),
    ],
)
def test_a_library_is_known_in_one_place_only(package: str, place: str | tuple[str, ...]) -> None:
    assert importers_of(package) == {name for name in importers_of(package) if name.startswith(place)}


@pytest.mark.parametrize("name", PURE)
def test_pure_modules_do_not_reach_the_world(name: str) -> None:
    reached = {found.split(".")[0] for found in imports_of(MODULES[name])} & WORLD
    assert not reached


def test_files_can_be_read_in_one_sitting() -> None:
    too_long = {name: length for name, path in MODULES.items() if (length := path.read_text("utf-8").count("\n")) > 310}
    assert not too_long
