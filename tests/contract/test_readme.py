"""What the README says of settings and commands is so."""

import re
from pathlib import Path

import typer

from services.cli import app
from services.commands.settings import settings_table

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def test_the_settings_table_is_what_the_command_prints() -> None:
    found = re.search(r"<!-- settings:.*?-->\n(.*?)\n<!-- /settings -->", README, re.DOTALL)
    assert found is not None
    assert found[1].strip() == settings_table(), "put the output of `newsflow settings` into the README"


def test_every_command_the_readme_names_exists() -> None:
    group = typer.main.get_command(app)
    code = re.findall(r"```\n(.*?)```|`([^`\n]+)`", README, re.DOTALL)
    named = {match[1] for part in code for match in re.finditer(r"\bnewsflow ([a-z][a-z-]+)", "".join(part))}
    assert {"replay", "run", "tail"} <= named <= set(group.commands)  # type: ignore[attr-defined]


def test_every_file_the_readme_links_to_exists() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (Path(__file__).parents[2] / target).exists(), target
