"""`gatelog check`: is the configuration good?"""

from __future__ import annotations

import os
import sys

import msgspec
import typer

from gatelog.cli.options import ConfigFile, Json
from gatelog.config import load
from gatelog.errors import ConfigError, ConfigProblem


def check(config: ConfigFile, json: Json = False) -> None:
    """Validate the configuration: exit 0, or 2 with one problem a line (`path: what: hint`)."""
    problems: list[ConfigProblem] = []
    try:
        load(config, environ=os.environ)
    except ConfigError as error:
        problems = error.problems
    if json:
        listed = [problem._asdict() for problem in problems]
        print(msgspec.json.encode({"valid": not problems, "problems": listed}).decode())
    elif problems:
        print("\n".join(map(str, problems)), file=sys.stderr)
    else:
        print(f"{config}: valid")
    raise typer.Exit(2 if problems else 0)
