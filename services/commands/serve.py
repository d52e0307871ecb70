"""`newsflow run`, `ingest`, `enrich` and `publish`: services by name in this process, until a signal."""

import asyncio
import os
from collections.abc import Container, Iterable
from functools import partial

import structlog

from services.common.logs import set_up_logs
from services.common.runtime import Service, serve
from services.settings import Settings, load_settings, misspelt_variables


def run_services_until_signal(names: tuple[str, ...], log: str | None, http_port: int | None) -> None:
    """Raises UsageError for a wrong setting, else what a service raised."""
    settings = load_settings(log=log, http_port=http_port)
    set_up_logs(settings.log_level, settings.log_format)
    for variable, meant in misspelt_variables(os.environ).items():
        structlog.get_logger().warning("settings.unknown_variable", variable=variable, did_you_mean=meant)
    asyncio.run(serve(settings, services_of(names, settings)))


def services_of(
    names: Iterable[str], settings: Settings, *, only_feeds: Container[str] | None = None
) -> dict[str, Service]:
    """The services, each with its branch of the settings. A process imports only what it runs.

    With `only_feeds`, ingest leaves all other feeds of the log alone.
    """
    services: dict[str, Service] = {}
    for name in names:
        if name == "ingest":
            from services.ingest.service import run_ingest

            services[name] = partial(run_ingest, settings=settings.ingest, only_feeds=only_feeds)
        elif name == "enrich":
            from services.enrich.service import run_enrich

            services[name] = partial(run_enrich, settings=settings.enrich)
        else:
            from services.publish.service import run_publish

            services[name] = partial(run_publish, settings=settings.publish)
    return services
