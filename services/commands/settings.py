"""`newsflow settings`: every setting with its default and meaning."""

import json
from collections.abc import Iterator

from pydantic import BaseModel

from services.settings import Settings


def settings_table() -> str:
    """All settings as a Markdown table: variable, default, meaning."""
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    rows += [f"| `NEWSFLOW_{name}` | {default} | {about} |" for name, default, about in _rows(Settings, "")]
    return "\n".join(rows)


def _rows(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str]]:
    for name, field in model.model_fields.items():
        default = field.default
        if isinstance(default, BaseModel):
            yield from _rows(type(default), f"{prefix}{name.upper()}__")
        else:
            yield f"{prefix}{name.upper()}", _shown(default), field.description or ""


def _shown(default: object) -> str:
    if default is None:
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, tuple):
        return f"`{json.dumps(list(default))}`"
    return f"`{default}`"
