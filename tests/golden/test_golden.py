"""Feeds of many dialects read as recorded: one folder a case, `feed.xml` in and `expected.json` out.

Run with GOLDEN_UPDATE=1 to write the expectations anew, then read the difference.
"""

import dataclasses
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import to_jsonable_python

from services.ingest.normalise import FeedContext
from services.ingest.read import read_document

FOLDER = Path(__file__).parent
CASES = sorted(path.parent.name for path in FOLDER.glob("*/feed.xml"))
FETCHED_AT = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
CONTEXT = FeedContext("f1_golden", "golden.example", "https://golden.example/feed.xml")


def read_case(name: str) -> dict[str, Any]:
    body = (FOLDER / name / "feed.xml").read_bytes()
    document = read_document(body, {"content-type": "text/xml"}, CONTEXT.base_url, CONTEXT, FETCHED_AT)
    return {
        "feed": to_jsonable_python(dataclasses.asdict(document.feed)),
        "entries": [
            {
                "draft": to_jsonable_python(
                    {field.name: getattr(entry.draft, field.name) for field in dataclasses.fields(entry.draft)}
                ),
                "entry": json.loads(entry.entry_json),
            }
            for entry in document.entries
        ],
        "refused": [{"reason": refused.reason.value, "detail": refused.detail} for refused in document.refused],
    }


@pytest.mark.parametrize("name", CASES)
def test_feed_reads_as_recorded(name: str) -> None:
    expectation = FOLDER / name / "expected.json"
    read = read_case(name)
    if os.environ.get("GOLDEN_UPDATE") == "1":
        expectation.write_text(json.dumps(read, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    assert expectation.exists(), "no expectation: run with GOLDEN_UPDATE=1 and read what it writes"
    assert read == json.loads(expectation.read_text(encoding="utf-8"))


def test_every_folder_is_a_case() -> None:
    folders = {path.name for path in FOLDER.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(CASES)
    assert len(CASES) >= 10
