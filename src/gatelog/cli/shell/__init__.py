"""The interactive shell of `gatelog query`.

shell        reads, asks, prints
connection   a hub                                       directory   a data directory
editing      the prompt: colours, completion, keys          history   what was asked before
commands     what begins with a dot
output       tables, errors with their place                charts    what `render` asks for
"""

from __future__ import annotations

from pathlib import Path

from gatelog.app import HubClient, standard_output
from gatelog.cli.shell.commands import suggestions
from gatelog.cli.shell.connection import Connection, HubConnection
from gatelog.cli.shell.editing import QueryCompleter, editor
from gatelog.cli.shell.history import history_file
from gatelog.cli.shell.shell import Shell
from gatelog.cli.waiting import waiting


def run_shell(target: HubClient | Path, *, timespan: str | None, form: str) -> None:
    """Read queries from the terminal until the user leaves; `target` is a hub or a data directory."""
    connection = _connected(target)
    shell = Shell(connection, standard_output(), timespan=timespan, form=form)
    completer = QueryCompleter(lambda: shell.catalog, lambda text: suggestions(shell, text))
    try:
        shell.run(editor(completer, shell.toolbar, history_file=history_file()))
    finally:
        connection.close()


def _connected(target: HubClient | Path) -> Connection:
    if not isinstance(target, Path):
        return HubConnection(target)
    with waiting(f"opening {target}"):
        from gatelog.cli.shell.directory import DirectoryConnection  # loads the engine: only this path pays

        return DirectoryConnection(target)


__all__ = ["run_shell"]
