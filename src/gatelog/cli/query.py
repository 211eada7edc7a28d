"""`gatelog query`: a KQL question, asked of a hub or of a data directory."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from itertools import chain
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
            metavar="KQL",
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
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write there instead of standard output.")
    ] = None,
) -> None:
    """Answer a KQL query, or open a shell for many."""
    from gatelog.app import HubClient  # loaded here: --help stays quick

    if json:
        format = _json_instead_of(format)
    if kql is None and sys.stdin.isatty():
        _shell(_directory(data, hub) or HubClient.find(hub, config, data), timespan, format, output)
        return
    if format in BINARY and output is None and sys.stdout.isatty():
        raise typer.BadParameter(f"{format} is not for a terminal: name a file", param_hint="--output")
    text = _piped() if kql is None or kql == "-" else kql
    if text.lstrip().startswith("."):
        if data is not None and hub is None and config is None:
            raise typer.BadParameter(
                "a management command needs a hub: start one on this directory and name it with --hub",
                param_hint="--data",
            )
        _command(text, HubClient.find(hub, config, data), format, output)
        return
    kind = "json" if format == "table" else format
    directory = _directory(data, hub)
    if directory is not None:
        _answer(_from_data(directory, text, timespan, kind), format, output)
    else:
        _answer(_from_hub(HubClient.find(hub, config, data), text, timespan, kind), format, output)


def _piped() -> str:
    """Standard input, which is UTF-8 wherever it comes from; a byte order mark is none of the query."""
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise typer.BadParameter(
            f"standard input is not UTF-8 (byte {error.start + 1}): save the query as UTF-8", param_hint="KQL"
        ) from None


def _shell(target: Path | HubClient, timespan: str | None, format: OutputFormat, output: Path | None) -> None:
    from gatelog.cli.shell import run_shell  # as above

    if format in BINARY or output is not None:
        raise typer.BadParameter("a shell prints table, csv or json", param_hint="--format, --output")
    run_shell(target, timespan=timespan, form=format)


def _answer(
    opened: AbstractContextManager[Iterator[bytes]], format: OutputFormat, output: Path | None
) -> None:
    """Print an answer, or write it to a file."""
    from gatelog.app import decode_exactly, print_table, standard_output  # as above

    shown = output is None and format == "table"
    with _watched(opened, through=shown or output is not None) as pieces:
        if not shown:
            _write(pieces, output, end=b"\n" if format == "json" else b"")
            return
        answer = b"".join(pieces)
    print_table(decode_exactly(answer), standard_output())


def _json_instead_of(format: OutputFormat) -> OutputFormat:
    if format not in ("table", "json"):
        raise typer.BadParameter(f"--format says {format}", param_hint="--json")
    return "json"


@contextmanager
def _watched(opened: AbstractContextManager[Iterator[bytes]], *, through: bool) -> Iterator[Iterator[bytes]]:
    """The pieces of an answer, with a line that tells how long it takes: all `through`, or, where the pieces
    themselves go to the screen, until the first one.
    """
    from gatelog.cli.waiting import counted, waiting  # as above

    with ExitStack() as stack:
        with waiting("waiting for the answer") as line:
            pieces = stack.enter_context(opened)
            if through:
                yield counted(pieces, line)
                return
            first = next(pieces, b"")
        yield chain([first], pieces)


def _command(text: str, client: HubClient, format: OutputFormat, output: Path | None) -> None:
    """A management command of Kusto, `.show tables`: a hub carries it out."""
    from gatelog.app import print_table, standard_output  # as above
    from gatelog.cli.shell.commands import COMMANDS
    from gatelog.cli.shell.connection import HubConnection
    from gatelog.cli.waiting import waiting

    word = text.split()[0]
    if word in COMMANDS:
        raise typer.BadParameter(
            f"{word} is a command of the shell: run `gatelog query` without a query", param_hint="KQL"
        )
    if format not in ("table", "json"):
        raise typer.BadParameter("a management command answers as table or json", param_hint="--format")
    if output is not None:
        raise typer.BadParameter("a management command prints its answer", param_hint="--output")
    with waiting("waiting for the hub"):
        answer = HubConnection(client).command(text)
    if format == "table":
        print_table(answer, standard_output())
    else:
        _write(iter([msgspec.json.encode(answer)]), None, end=b"\n")


def _write(pieces: Iterator[bytes], output: Path | None, *, end: bytes) -> None:
    """To the file, which appears only when it is whole, or to standard output: as it is, but that a terminal
    obeys nothing of it.
    """
    from gatelog.app import printable_pieces  # as above

    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.writelines(printable_pieces(pieces) if sys.stdout.isatty() else pieces)
        sys.stdout.buffer.write(end)
        sys.stdout.buffer.flush()
        return
    draft = output.with_name(f".{output.name}.draft")
    try:
        with draft.open("wb") as file:
            file.writelines(pieces)
        draft.replace(output)
    except OSError as error:
        raise typer.BadParameter(
            f"{output} cannot be written: {error.strerror}", param_hint="--output"
        ) from None
    finally:
        with suppress(OSError):  # there may be no directory that could hold it
            draft.unlink()


def _directory(data: Path | None, hub: str | None) -> Path | None:
    """The data directory that is to be asked itself, if one is."""
    if data is None or hub is not None:
        return None
    inside = data / "data"
    try:
        if (data / "store").is_dir():
            return data
        named = inside if (inside / "store").is_dir() else "the `data` of a configuration"
    except OSError as error:
        raise typer.BadParameter(f"{data} cannot be read: {error.strerror}", param_hint="--data") from None
    raise typer.BadParameter(f"{data} holds no store: name {named}", param_hint="--data")


@contextmanager
def _from_data(data: Path, text: str, timespan: str | None, kind: Any) -> Iterator[Iterator[bytes]]:
    from gatelog.cli.directory import Directory  # chDB: a second that only this path pays

    with closing(Directory(data)) as directory, directory.document(text, timespan, kind) as pieces:
        yield pieces


def _from_hub(
    client: HubClient, text: str, timespan: str | None, kind: str
) -> AbstractContextManager[Iterator[bytes]]:
    question = {"query": text, "format": kind}
    if timespan is not None:
        question["timespan"] = timespan
    return client.stream("/query", question)
