"""The interactive shell of `gatelog query`.

shell        reads, asks, prints
connection   a hub                                       directory   a data directory
editing      the prompt: colours, completion, keys          history   what was asked before
commands     what begins with a dot
output       tables, errors with their place                charts    what `render` asks for
"""

from __future__ import annotations

from pathlib import Path

from prompt_toolkit.history import History, InMemoryHistory

from gatelog.app import HubClient, standard_output
from gatelog.cli.shell.commands import suggestions
from gatelog.cli.shell.connection import Connection, HubConnection
from gatelog.cli.shell.editing import QueryCompleter, editor
from gatelog.cli.shell.history import HISTORY_VARIABLE, history_file, open_history
from gatelog.cli.shell.shell import Shell
from gatelog.cli.waiting import waiting


def run_shell(target: HubClient | Path, *, timespan: str | None, form: str) -> None:
    """Read queries from the terminal until the user leaves; `target` is a hub or a data directory."""
    connection = _connected(target)
    shell = Shell(connection, standard_output(), timespan=timespan, form=form)
    completer = QueryCompleter(lambda: shell.catalog, lambda text: suggestions(shell, text))
    try:
        shell.run(editor(completer, shell.toolbar, history=_history(shell)))
    finally:
        connection.close()


def _history(shell: Shell) -> History:
    """What was asked before; where it cannot be kept the shell says so, and does without."""
    file = history_file()
    try:
        return InMemoryHistory() if file is None else open_history(file)
    except OSError as error:
        shell.say(f"history is not kept, {file}: {error.strerror}; {HISTORY_VARIABLE} names another file")
        return InMemoryHistory()


def _connected(target: HubClient | Path) -> Connection:
    if not isinstance(target, Path):
        return HubConnection(target)
    with waiting(f"opening {target}"):
        from gatelog.cli.shell.directory import DirectoryConnection  # loads the engine: only this path pays

        return DirectoryConnection(target)


__all__ = ["run_shell"]
