"""The commands that serve until they are told to stop: `run`, `gateway`, `hub`, `simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from gatelog.cli.options import ConfigFile, DataDirectory, ParentPipe, ReadyPipe
from gatelog.config import load
from gatelog.telemetry import configure_logging


def run(
    config: ConfigFile,
    data: DataDirectory = None,
    ready_fd: ReadyPipe = None,
    parent_fd: ParentPipe = None,
) -> None:
    """Run gateway and hub on this machine.

    Prints one line with `ready` once both serve; SIGTERM drains.
    """
    from gatelog.app import run_supervisor  # loaded by the commands that need it: --help stays quick

    configure_logging("supervisor")
    run_supervisor(config, data, ready=ready_fd, parent=parent_fd)


def gateway(
    config: ConfigFile,
    data: DataDirectory = None,
    index: Annotated[
        int, typer.Option(metavar="N", help="Which of the gateway's processes this is.", min=0)
    ] = 0,
    ready_fd: ReadyPipe = None,
    parent_fd: ParentPipe = None,
) -> None:
    """Run the gateway alone: what clients talk to.

    It needs no hub to serve and record.
    """
    from gatelog.app import run_gateway  # as above

    configure_logging(f"gateway-{index}")
    run_gateway(load(config, data=data), ready=ready_fd, index=index, parent=parent_fd)


def hub(
    config: ConfigFile,
    data: DataDirectory = None,
    ready_fd: ReadyPipe = None,
    parent_fd: ParentPipe = None,
) -> None:
    """Run the hub alone: what stores and answers queries.

    It stores what gateways recorded below the data directory.
    """
    from gatelog.app import run_hub  # as above

    configure_logging("hub")
    run_hub(load(config, data=data), ready=ready_fd, parent=parent_fd)


def simulate(
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where to listen.")] = "127.0.0.1:9001",
    name: Annotated[str, typer.Option(metavar="NAME", help="The instance's name.")] = "east",
    ledger: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write one JSON line for each request answered.")
    ] = None,
    script: Annotated[
        Path | None, typer.Option(metavar="FILE", help="YAML or JSON: latency, pace, faults.")
    ] = None,
    kind: Annotated[
        Literal["azure-openai", "openai"], typer.Option(help="Which path family it answers.")
    ] = "azure-openai",
    api_key: Annotated[
        str | None, typer.Option(metavar="KEY", envvar="GATELOG_SIMULATOR_KEY", help="Accept this key only.")
    ] = None,
    ready_fd: ReadyPipe = None,
    parent_fd: ParentPipe = None,
) -> None:
    """Run a simulated Azure OpenAI instance.

    For trying things out, tests and benchmarks.
    """
    from gatelog.app import announce, follow  # as above
    from gatelog.simulator import serve

    follow(parent_fd)
    serve(
        listen,
        name=name,
        ledger=ledger,
        script=script,
        kind=kind,
        api_key=api_key,
        ready=lambda url: announce(f"simulator {name} {url}", ready_fd),
    )
