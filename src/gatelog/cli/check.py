"""`gatelog check`: is the configuration good?"""

from __future__ import annotations

import os
import sys
import time

import msgspec
import typer

from gatelog.cli.options import ConfigFile, Json
from gatelog.config import load, notices
from gatelog.errors import ConfigError, ConfigProblem


def check(config: ConfigFile, json: Json = False) -> None:
    """Validate the configuration.

    Exit 0, or 2 with one problem a line (`path: what: hint`).
    """
    problems: list[ConfigProblem] = []
    noticed: list[ConfigProblem] = []
    try:
        noticed = list(notices(load(config, environ=os.environ), time.time()))
    except ConfigError as error:
        problems = error.problems
    if json:
        listed = {"problems": [*map(_listed, problems)], "notices": [*map(_listed, noticed)]}
        print(msgspec.json.encode({"valid": not problems, **listed}).decode())
    else:
        for line in (*problems, *(f"notice: {one}" for one in noticed)):
            print(line, file=sys.stderr)
        if not problems:
            print(f"{config}: valid")
    raise typer.Exit(2 if problems else 0)


def _listed(problem: ConfigProblem) -> dict[str, str]:
    return problem._asdict()
