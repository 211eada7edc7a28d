"""A shell's questions to a data directory that no hub has open."""

from __future__ import annotations

from pathlib import Path

from gatelog.app import decode_exactly
from gatelog.cli.directory import Directory
from gatelog.cli.shell.connection import AnswerTable, CommandError
from gatelog.kql import Catalog


class DirectoryConnection:
    """Questions to the store in a data directory."""

    managed = False

    def __init__(self, data: Path, dsn: str = "") -> None:
        """`dsn` names a store that is not in the directory, as for `Directory`."""
        self.name = str(data)
        self._directory = Directory(data, dsn)

    def ask(self, query: str, timespan: str | None) -> list[AnswerTable]:
        """As in Connection; giving up ends the query."""
        answers = self._directory.ask(query, timespan)
        return [{"name": answer.name, **decode_exactly(answer.to_json())} for answer in answers]

    def command(self, text: str) -> AnswerTable:
        """As in Connection: only a hub has them."""
        word = text.split()[0]
        raise CommandError(
            f"{word} is a command of a hub, and none has {self.name} open: connect to one with --hub,"
            " or use .tables, .schema, .functions"
        )

    def catalog(self) -> Catalog:
        """As in Connection: the functions and tables that users made are known too."""
        return self._directory.catalog()

    def close(self) -> None:
        """Wait for what runs, and close the store."""
        self._directory.close()
