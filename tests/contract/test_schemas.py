"""Models, JSON Schema files, example files and the registry of topics agree, with no orphans."""

from pathlib import Path

import jsonschema
import pytest
from pydantic import ValidationError

from schemas.contract import Contract, hash_id
from schemas.generate import FOLDER, generated_files
from schemas.samples import SAMPLES
from schemas.topics import LOG_TOPICS, ROUTES

GENERATED = generated_files()
MODELS = [type(sample) for sample in SAMPLES]


def test_checked_in_files_are_what_the_models_generate() -> None:
    found = {path.relative_to(FOLDER) for folder in ("json", "examples") for path in (FOLDER / folder).iterdir()}
    assert found == set(GENERATED), "run: python -m schemas.generate"
    for path, content in GENERATED.items():
        assert (FOLDER / path).read_text("utf-8") == content, f"{path} is out of date; run: python -m schemas.generate"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_example_satisfies_its_schema_and_its_model(model: type[Contract]) -> None:
    import json

    schema = json.loads((FOLDER / Path("json", f"{model.__name__}.v1.schema.json")).read_text("utf-8"))
    text = (FOLDER / Path("examples", f"{model.__name__}.v1.json")).read_text("utf-8")
    checker = jsonschema.Draft202012Validator
    checker.check_schema(schema)
    checker(schema).validate(json.loads(text))
    assert model.model_validate_json(text).to_json() == next(s for s in SAMPLES if type(s) is model).to_json()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_readers_ignore_fields_they_do_not_know(model: type[Contract]) -> None:
    sample = next(sample for sample in SAMPLES if type(sample) is model)
    assert model.model_validate({**sample.model_dump(), "from_the_future": 1}) == sample


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_records_are_frozen(model: type[Contract]) -> None:
    sample = next(sample for sample in SAMPLES if type(sample) is model)
    with pytest.raises(ValidationError):
        setattr(sample, next(iter(model.model_fields)), "changed")


def test_every_topic_has_a_sampled_schema_and_every_sample_a_topic() -> None:
    assert {schema for topic in LOG_TOPICS.values() for schema in (topic.schema, *topic.beside)} == set(MODELS)


def test_every_topic_is_registered_under_its_name_and_routes_cover_the_seventeen_media_topics() -> None:
    assert all(name == topic.name for name, topic in LOG_TOPICS.items())
    assert len(ROUTES) == len({topic.name for topic in ROUTES.values()}) == 17


def test_a_hashed_id_is_128_bits_of_lower_case_base32_and_keeps_its_parts_apart() -> None:
    minted = hash_id("a1", "home.example", "url", "https://home.example/")
    prefix, _, digest = minted.partition("_")
    assert prefix == "a1"
    assert len(digest) == 26
    assert set(digest) <= set("abcdefghijklmnopqrstuvwxyz234567")
    assert hash_id("a1", "ab", "c") != hash_id("a1", "a", "bc")
