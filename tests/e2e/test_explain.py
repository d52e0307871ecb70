"""`newsflow explain` as a user runs it."""

import json
from pathlib import Path

from tests.e2e.commands import ROOT, newsflow

[SEED] = (ROOT / "seeds").glob("*.txt")


def test_a_file_and_the_same_article_on_the_log_are_explained_alike(tmp_path: Path) -> None:
    log = f"sqlite:///{tmp_path}/log.sqlite"
    replayed = newsflow("replay", SEED, "--log", log, "--json")
    article_id = json.loads(replayed.stdout)["article_id"]
    of_file, of_log = newsflow("explain", SEED), newsflow("explain", article_id, "--log", log)
    assert of_file.returncode == of_log.returncode == 0, of_file.stderr + of_log.stderr
    for shown in (of_file.stdout, of_log.stdout):
        lines = [line.strip() for line in shown.splitlines()]
        for kind, names in (
            ("person", ("Donald Trump", "Nayib Bukele", "Marco Rubio", "Stephen Miller", "Zelenskyy")),
            ("place", ("El Salvador", "Venezuela", "Maryland", "San Salvador", "Ukraine", "Russia")),
        ):
            for name in names:
                assert any(kind in line and f"  {name}" in line for line in lines), name
        assert any(line.startswith("García ×") and line.endswith("ends Kilmar Abrego García") for line in lines)
        assert any("politics" in line and "white house" in line for line in lines)


def test_what_is_neither_file_nor_article_is_told_in_one_line(tmp_path: Path) -> None:
    newsflow("topics", "ensure", "--log", f"sqlite:///{tmp_path}/log.sqlite")
    told = newsflow("explain", "a1_nothing", "--log", f"sqlite:///{tmp_path}/log.sqlite")
    assert told.returncode == 2
    assert told.stderr == "newsflow: a1_nothing is no file, nor the id of a raw article on the log\n"
