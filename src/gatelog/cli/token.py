"""`gatelog token`: tokens for callers of the hub."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer

from gatelog.cli.options import Json
from gatelog.config import TokenDigest, new_token, parse

Role = Literal["metrics", "log", "log-with-bodies"]

token = typer.Typer(name="token", help="Tokens for callers of the hub.", no_args_is_help=True)


@token.callback()
def _group() -> None:
    """Tokens for callers of the hub."""


@token.command()
def new(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Who it is for, as the hub's log will name them.")
    ],
    role: Annotated[
        Role,
        typer.Option(
            help="metrics: numbers only; log: every call without what was said; log-with-bodies: everything."
        ),
    ],
    may_write: Annotated[
        bool, typer.Option("--may-write", help="May make tables and functions of the users' own.")
    ] = False,
    json: Json = False,
) -> None:
    """Print a new token, and the lines that let the hub know it."""
    text = new_token()
    digest = TokenDigest.of(text).text
    write = ", may_write: true" if may_write else ""
    key = dumps(name, ensure_ascii=not name.isprintable())  # YAML knows no pairs of surrogates
    lines = f'hub:\n  tokens:\n    {key}: {{role: {role}, hash: "{digest}"{write}}}'
    parse(lines, {}, Path())  # a name that a configuration may not have is refused before it is in one
    if json:
        entry = {"role": role, "hash": digest, "may_write": may_write}
        print(msgspec.json.encode({"token": text, "hub": {"tokens": {name: entry}}}).decode())
        return
    print(text)
    print("\n# The token is shown this once; the configuration holds its hash:")
    print(lines)
