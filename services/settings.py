"""All settings in one tree: what every service has, and a branch for each."""

import difflib
from collections.abc import Iterable

from pydantic import ValidationError
from pydantic_settings.exceptions import SettingsError

from services.common.errors import UsageError
from services.common.settings import RuntimeSettings
from services.enrich.settings import EnrichSettings
from services.ingest.settings import IngestSettings
from services.publish.settings import PublishSettings


class Settings(RuntimeSettings):
    """Built once by the command and handed down in branches."""

    ingest: IngestSettings = IngestSettings()
    enrich: EnrichSettings = EnrichSettings()
    publish: PublishSettings = PublishSettings()


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment; `overrides` (from flags) win unless None. Raises UsageError in one line."""
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except SettingsError as error:
        raise UsageError(f"settings: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        variable = "NEWSFLOW_" + "__".join(str(part).upper() for part in first["loc"])
        said = "there is no such setting" if first["type"] == "extra_forbidden" else first["msg"]
        raise UsageError(f"setting {variable}: {said}") from None


def misspelt_variables(names: Iterable[str]) -> dict[str, str]:
    """Of these environment variables, those that look like a setting and are none → the setting that may be meant.

    Others with the prefix pass: a platform adds its own for a service of that name (`NEWSFLOW_PORT_9100_TCP`).
    """
    first_parts = [f"NEWSFLOW_{field.upper()}" for field in Settings.model_fields]
    found: dict[str, str] = {}
    for name in names:
        first, separator, rest = name.upper().partition("__")
        if not first.startswith("NEWSFLOW_") or first in first_parts:
            continue
        for meant in difflib.get_close_matches(first, first_parts, n=1, cutoff=0.85):
            found[name] = meant + separator + rest
    return found
