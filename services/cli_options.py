"""Options that several commands share."""

from typing import Annotated

import typer

Log = Annotated[
    str | None,
    typer.Option("--log", metavar="ADDRESS", help="Event log: sqlite:///path or kafka://host:port. [NEWSFLOW_LOG]"),
]
HttpPort = Annotated[
    int | None,
    typer.Option(
        help="Port for /livez, /readyz and /metrics; 0 takes any free one. [NEWSFLOW_HTTP_PORT]", min=0, max=65535
    ),
]
