"""Writes the JSON Schema and example file of each record beside the models: `python -m schemas.generate`.

Schemas are those of what newsflow writes; `additionalProperties` is left open, as readers ignore unknown fields.
"""

import json
from pathlib import Path

from pydantic.json_schema import GenerateJsonSchema

from schemas.samples import SAMPLES

FOLDER = Path(__file__).parent


def generated_files() -> dict[Path, str]:
    """Path below this folder → content, for every file that is generated."""
    files: dict[Path, str] = {}
    for sample in SAMPLES:
        model = type(sample)
        schema = {
            "$schema": GenerateJsonSchema.schema_dialect,
            **model.model_json_schema(mode="serialization"),
        }
        files[Path("json", f"{model.__name__}.v1.schema.json")] = _pretty(schema)
        files[Path("examples", f"{model.__name__}.v1.json")] = _pretty(json.loads(sample.to_json()))
    return files


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    for path, content in generated_files().items():
        target = FOLDER / path
        target.parent.mkdir(exist_ok=True)
        target.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
