"""What a command works with: who gives it, on which services, with which properties."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from gatelog.api.activity import UNNAMED, Origin
from gatelog.api.kusto.changes import Changes
from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.api.kusto.commands.shown_rows import ShownRows, Source
from gatelog.api.kusto.faults import bad_request, conflict, forbidden, not_found
from gatelog.api.kusto.requests import KustoRequest
from gatelog.api.kusto.result import CommandTable
from gatelog.api.principal import Principal, Role
from gatelog.api.questions import Questions
from gatelog.control import Functions
from gatelog.errors import UserTableChangedError
from gatelog.kql import Catalog
from gatelog.store import CATALOG, Retention, UserTable, UserTables

INSERTS_MAX = 3
"""Attempts to add rows to a table that somebody changes at the same time."""


class Session(NamedTuple):
    """One command: its text is the request's, which came from `origin`."""

    principal: Principal
    request: KustoRequest
    origin: Origin = UNNAMED


class Scene(NamedTuple):
    """A session with all that its command may touch. `run` runs another command of the same session;
    `query_of` makes a query of a command that shows something (as it shows it to a principal), and leaves a
    query as it is. `changes` are the commands before this one, which is called `operation`; `rows`
    keeps what `query_of` needs. `retention` is how long the record keeps calls.
    """

    session: Session
    database: str
    questions: Questions
    functions: Functions
    user_tables: UserTables
    run: Callable[[str], CommandTable]
    query_of: Callable[[Principal, str], Source]
    changes: Changes
    operation: UUID
    rows: ShownRows
    retention: Retention

    @property
    def catalog(self) -> Catalog:
        """What the caller's queries may name."""
        return self.questions.catalog(self.session.principal)

    @property
    def now(self) -> datetime:
        """The hub's clock."""
        return self.questions.now()

    def user_table(self, name: str) -> UserTable:
        """A table of the users' own that the caller may see; KustoError 400 if there is none."""
        if CATALOG.find(name) is not None:
            raise bad_request(f"Table '{name}' is a table of the record: it is not the users' to change")
        table = self.user_tables.find(name)
        if table is None or self.catalog.find(name) is None:
            raise not_found("Table", name)
        return table

    def existing(self, name: str) -> UserTable | None:
        """The table that a command would make, if there is one; KustoError 400 if it is hidden from them."""
        table = self.user_tables.find(name)
        if table is not None and self.catalog.find(name) is None:
            raise conflict(f"'{name}' is a table that needs another role: choose another name")
        return table

    def insert(self, name: str, cells: Callable[[UserTable], Sequence[Sequence[Any]]]) -> int:
        """Add rows to a table of the users' own; `cells` gives them for the table as it is then. How many."""
        for _ in range(INSERTS_MAX - 1):
            with suppress(UserTableChangedError):
                return self._insert(name, cells)
            self.user_tables.settle()
        return self._insert(name, cells)

    def _insert(self, name: str, cells: Callable[[UserTable], Sequence[Sequence[Any]]]) -> int:
        table = self.user_table(name)
        return self.user_tables.rows.insert(table, cells(table))

    def check_may_write(self) -> None:
        """KustoError 403 if the caller, or the request itself, does not let anything be changed."""
        principal, options = self.session.principal, self.session.request.options
        if not principal.may_write or principal.role is Role.METRICS:
            who = f"Principal '{principal.name}'"
            needs = "a role that sees calls" if principal.may_write else "may_write"
            raise forbidden(f"{who} is not authorized to change anything: its token needs {needs}")
        if options.read_only:
            raise forbidden("the request property request_readonly forbids commands that change something")


Command = Callable[[CommandText, Scene], CommandTable]
