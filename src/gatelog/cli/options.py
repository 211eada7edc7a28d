"""Options that several commands share: one spelling, one help text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigFile = Annotated[Path, typer.Option("--config", metavar="FILE", help="The configuration.")]
DataDirectory = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Takes the place of `data` in the configuration.")
]
ReadyPipe = Annotated[int | None, typer.Option("--ready-fd", hidden=True)]
ParentPipe = Annotated[int | None, typer.Option("--parent-fd", hidden=True)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
