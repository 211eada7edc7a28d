"""`gatelog query`: a KQL question, asked of a hub or of a data directory."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import typer

OutputFormat = Literal["table", "json", "csv"]


def query(
    kql: Annotated[str, typer.Argument(metavar="KQL", help="The query; `-` reads it from standard input.")],
    hub: Annotated[
        str | None,
        typer.Option(metavar="URL", help="A running hub. Default: that of --config, or port 8081 here."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A data directory that no hub has open.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the hub and its local token are.")
    ] = None,
    timespan: Annotated[
        str | None,
        typer.Option(metavar="ISO8601", help="Only records of this time: `P1D`, `PT1H`, `start/end`."),
    ] = None,
    format: Annotated[OutputFormat, typer.Option(help="How to print the answer.")] = "table",
) -> None:
    """Answer a KQL query."""
    from gatelog.app import HubClient, print_table, standard_output  # loaded here: --help stays quick

    text = sys.stdin.read() if kql == "-" else kql
    kind = "csv" if format == "csv" else "json"
    if data is not None and hub is None:
        answer = _from_data(data, text, timespan, kind)
    else:
        question: dict[str, Any] = {"query": text, "format": kind}
        if timespan is not None:
            question["timespan"] = timespan
        answer = HubClient.find(hub, config, data).post("/query", question)
    if format == "table":
        print_table(msgspec.json.decode(answer), standard_output())
    else:
        sys.stdout.write(answer.decode().rstrip("\r\n") + "\n")


def _from_data(data: Path, text: str, timespan: str | None, kind: str) -> bytes:
    if not (data / "store").is_dir():
        raise typer.BadParameter(
            f"{data} holds no store: name the `data` of a configuration", param_hint="--data"
        )
    from gatelog.api import answer_query, open_store  # chDB: a second that only this path pays

    with open_store(data) as store:
        answer = answer_query(store, text, now=datetime.now(UTC), timespan=timespan)
    return answer.to_csv() if kind == "csv" else answer.to_json()
