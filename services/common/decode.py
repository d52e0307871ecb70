"""A record's value to its model, or the reason why it is a dead letter."""

from typing import TypeVar

from pydantic import ValidationError

from schemas.contract import Contract
from schemas.reasons import Reason
from services.common.event_log.port import StoredRecord
from services.common.event_log.transform import Dead

Model = TypeVar("Model", bound=Contract)


def decode(record: StoredRecord, model: type[Model]) -> Model | Dead:
    """The model, or Dead with the first thing wrong with the record."""
    if record.value is None:
        return Dead(Reason.RECORD_INVALID, "record has no value")
    try:
        return model.model_validate_json(record.value)
    except ValidationError as error:
        return dead_record(error)


def dead_record(error: ValidationError) -> Dead:
    """What the first finding of pydantic says, without the record's content."""
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return Dead(Reason.RECORD_UNDECODABLE, first["msg"])
    return Dead(Reason.RECORD_INVALID, f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
