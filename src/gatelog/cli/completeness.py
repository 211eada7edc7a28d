"""`gatelog completeness`: is every accepted call in the record?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from gatelog.cli.options import Json

INCOMPLETE = 1


def completeness(
    hub: Annotated[str | None, typer.Option(metavar="URL", help="A running hub.")] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the hub and its local token are.")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="ISO 8601; default: the beginning.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="ISO 8601; default: now.")] = None,
    json: Json = False,
) -> None:
    """Prove that no call is missing from the record.

    Accepted = recorded + counted as unlogged, boot by boot. Exit 1 if calls are missing.
    """
    from gatelog.app import HubClient, print_completeness, standard_output  # loaded here: --help stays quick
    from gatelog.cli.waiting import waiting  # as above

    parameters = {name: value for name, value in (("from", start), ("to", end)) if value is not None}
    with waiting("waiting for the hub"):
        report = HubClient.find(hub, config).get("/completeness", parameters)
    if json:
        print(msgspec.json.encode(report).decode())
    else:
        print_completeness(report, standard_output())
    raise typer.Exit(0 if report["complete"] else INCOMPLETE)
