"""`newsflow reenrich` as a user runs it, on a log that the whole stream has filled."""

import json
from pathlib import Path

import pytest

from tests.e2e.commands import newsflow, running


def test_articles_are_published_again_when_what_the_taggers_say_has_changed(tmp_path: Path) -> None:
    seed = tmp_path / "bridge.txt"
    seed.write_text("The bridge at Mostar opens again on Monday. Parliament voted for it.\n", "utf-8")
    log = f"sqlite:///{tmp_path}/log.sqlite"
    assert newsflow("replay", seed, "--log", log).returncode == 0
    for variables, said in (
        ({}, "1 unchanged"),
        ({"NEWSFLOW_ENRICH__ENTITIES": "false"}, "1 retagged"),
        ({"NEWSFLOW_ENRICH__ENTITIES": "false"}, "1 unchanged"),
    ):
        done = newsflow("reenrich", "--from", "2020-01-01", "--log", log, **variables)
        assert done.returncode == 0, done.stderr
        assert said in done.stderr
    with running("publish", "--log", log, "--http-port", "0", log=tmp_path / "publish.log"):
        shown = newsflow("tail", "news.articles.v1", "--log", log, "--from-beginning", "-n", "2", "--json")
    first, second = map(json.loads, shown.stdout.splitlines())
    assert [(article["kind"], article["tagging"]) for article in (first, second)] == [("published", 0), ("retagged", 1)]
    assert first["entities"]
    assert second["entities"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "yesterday"], "--from 'yesterday' is no RFC 3339 time"),
        (["--from", "2026-02-01", "--to", "2026-01-01"], "--from is not before --to"),
        ([], "Missing option '--from'"),
    ],
)
def test_a_mistake_is_told_in_one_line(arguments: list[str], said: str, tmp_path: Path) -> None:
    told = newsflow("reenrich", *arguments, "--log", f"sqlite:///{tmp_path}/log.sqlite")
    assert told.returncode == 2
    assert said in told.stderr
    assert len(told.stderr.splitlines()) == 1
