"""The command `gatelog`: its subcommands, and how errors leave it.

exit 0  done
exit 1  our fault, or the machine's       `error: …` on stderr
exit 2  the user's fault (options, configuration, query)
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Annotated

import typer

from gatelog import __version__
from gatelog.cli.check import check
from gatelog.cli.completeness import completeness
from gatelog.cli.demo import demo
from gatelog.cli.query import query
from gatelog.cli.serve import gateway, hub, run, simulate
from gatelog.cli.size import size
from gatelog.cli.spool import spool
from gatelog.cli.token import token
from gatelog.errors import ConfigError, GatelogError, KqlError, SpoolLockedError

OURS = 1
USERS = 2
USAGE = "Usage: "
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""How a full disk is told to what writes, to standard output above all."""

app = typer.Typer(
    name="gatelog",
    help="A gateway for Azure OpenAI that records every model call, whole, and answers KQL over the record.",
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for command in (run, gateway, hub, check, query, completeness, size, simulate, demo):
    app.command()(command)
app.add_typer(spool)
app.add_typer(token)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"gatelog {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Options of the program as a whole."""


def main() -> None:
    """Run the command line and exit."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # where it takes no UTF-8, an answer is worth reading still
    try:
        code = app(prog_name="gatelog", standalone_mode=False)
        print(end="", flush=True)
    except typer.TyperException as error:
        code = _misused(error)
    except (typer.Abort, KeyboardInterrupt):
        code = 128 + 2  # as a shell reports SIGINT
    except ConfigError as error:
        code = _fail("\nerror: ".join(map(str, error.problems)), USERS)
    except (KqlError, SpoolLockedError) as error:
        code = _fail(str(error), USERS)
    except GatelogError as error:
        code = _fail(str(error), getattr(error, "exit_code", OURS))
    except OSError as error:
        if error.errno not in NO_ROOM | {errno.EPIPE}:
            raise
        code = OURS  # and not a word to a reader that wants no more
        if error.errno != errno.EPIPE:
            code = _fail(f"cannot write: {error.strerror}", OURS)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left of it would fail again
    sys.exit(code or 0)


def _misused(error: typer.TyperException) -> int:
    """A group without a command is answered with its help; everything else is told, and where help is.

    What a command itself finds wrong with a value (then no `param` is known) says already what to do.
    """
    message = error.format_message().replace("Value error, ", "").replace("\n\t", " ")
    if message.startswith(USAGE):
        print(message, file=sys.stderr)
        return error.exit_code
    context = getattr(error, "ctx", None)
    if context is None or (isinstance(error, typer.BadParameter) and error.param is None):
        return _fail(message, error.exit_code)
    return _fail(f"{message.removesuffix('.')} (see `{context.command_path} --help`)", error.exit_code)


def _fail(message: str, code: int) -> int:
    from gatelog.app import printable  # loaded here: --help stays quick

    print(f"error: {printable(message)}", file=sys.stderr)
    return code
