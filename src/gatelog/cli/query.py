"""`gatelog query`: a KQL question, asked of a hub or of a data directory."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import typer

if TYPE_CHECKING:
    from gatelog.app import HubClient  # at run time it is loaded where it is needed

OutputFormat = Literal["table", "json", "csv", "arrow", "parquet"]
BINARY = frozenset({"arrow", "parquet"})


def query(
    kql: Annotated[
        str | None,
        typer.Argument(
            metavar="[KQL]",
            help="The query; without one a shell on a terminal, else standard input, as with `-`.",
        ),
    ] = None,
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
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write there instead of standard output.")
    ] = None,
) -> None:
    """Answer a KQL query, or open a shell for many."""
    from gatelog.app import HubClient, print_table, standard_output  # loaded here: --help stays quick

    shell = kql is None and sys.stdin.isatty()
    if format in BINARY and (shell or (output is None and sys.stdout.isatty())):
        raise typer.BadParameter(f"{format} is not for a terminal: name a file", param_hint="--output")
    if shell:
        from gatelog.cli.shell import run_shell  # as above

        if format in BINARY or output is not None:
            raise typer.BadParameter("a shell prints table, csv or json", param_hint="--format, --output")
        target = _checked(data) if data is not None and hub is None else HubClient.find(hub, config, data)
        run_shell(target, timespan=timespan, form=format)
        return
    text = sys.stdin.read() if kql is None or kql == "-" else kql
    if text.lstrip().startswith("."):
        _command(text, HubClient.find(hub, config, data), format)
        return
    kind = "json" if format == "table" else format
    if data is not None and hub is None:
        opened = _from_data(_checked(data), text, timespan, kind)
    else:
        question: dict[str, Any] = {"query": text, "format": kind}
        if timespan is not None:
            question["timespan"] = timespan
        opened = HubClient.find(hub, config, data).stream("/query", question)
    with opened as pieces:
        if format == "table" and output is None:
            print_table(msgspec.json.decode(b"".join(pieces)), standard_output())
        else:
            _write(pieces, output, end=b"\n" if format == "json" else b"")


def _command(text: str, client: HubClient, format: OutputFormat) -> None:
    """A management command of Kusto, `.show tables`: a hub carries it out."""
    from gatelog.app import print_table, standard_output  # as above
    from gatelog.cli.shell.connection import HubConnection

    if format not in ("table", "json"):
        raise typer.BadParameter("a management command answers as table or json", param_hint="--format")
    answer = HubConnection(client).command(text)
    if format == "table":
        print_table(answer, standard_output())
    else:
        sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")


def _write(pieces: Iterator[bytes], output: Path | None, *, end: bytes) -> None:
    """To the file, which appears only when it is whole, or to standard output."""
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.writelines(pieces)
        sys.stdout.buffer.write(end)
        sys.stdout.buffer.flush()
        return
    draft = output.with_name(f".{output.name}.draft")
    try:
        with draft.open("wb") as file:
            file.writelines(pieces)
        draft.replace(output)
    finally:
        draft.unlink(missing_ok=True)


def _checked(data: Path) -> Path:
    if not (data / "store").is_dir():
        raise typer.BadParameter(
            f"{data} holds no store: name the `data` of a configuration", param_hint="--data"
        )
    return data


@contextmanager
def _from_data(data: Path, text: str, timespan: str | None, kind: Any) -> Iterator[Iterator[bytes]]:
    from gatelog.api import open_document  # chDB: a second that only this path pays

    with open_document(data, text, timespan, kind) as pieces:
        yield pieces
