"""`gatelog demo`: the whole thing, on this machine, in one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gatelog.cli.options import Json
from gatelog.config import parse_duration


def demo(
    duration: Annotated[
        str | None,
        typer.Option("--for", metavar="DURATION", help="How long (`20s`, `2m`); default: until Ctrl-C."),
    ] = None,
    data: Annotated[
        Path,
        typer.Option("--data", metavar="DIR", help="Where everything is kept; another demo goes on with it."),
    ] = Path("demo-data"),
    json: Json = False,
) -> None:
    """Run the whole thing on this machine, with traffic.

    Simulators, gateway and hub, called by the real openai SDK; then the usual questions are asked.
    """
    from gatelog.app import run_demo  # loaded here: --help stays quick

    run_demo(data, seconds=_seconds(duration), as_json=json)


def _seconds(duration: str | None) -> float | None:
    if duration is None:
        return None
    try:
        return parse_duration(float(duration) if duration.isascii() and duration.isdecimal() else duration)
    except ValueError:
        raise typer.BadParameter(f"{duration} is not a duration such as 20s", param_hint="--for") from None
