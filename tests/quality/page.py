"""`docs/quality.md`: the figures between its marks are written here, the words around them by people."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[2] / "docs" / "quality.md"
BEGIN: Final = "<!-- begin: written by `make quality ARGS=--write` -->"
END: Final = "<!-- end: written by `make quality ARGS=--write` -->"


def write(sections: Mapping[str, str], page: Path = PAGE) -> None:
    """Replaces what is between the marks with the date and the sections. Raises ValueError if there are none."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{page.name} has no marks to write between")
    parts = [f"{datetime.now(UTC):%Y-%m-%d}.", *(f"### {head}\n\n{text}" for head, text in sections.items())]
    page.write_text("\n\n".join((before + BEGIN, *parts, END + after)), encoding="utf-8")
