"""The tables and saved functions that a query may name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cached_property

from gatelog.errors import KqlError
from gatelog.kql import ast
from gatelog.kql.function_text import parse_function
from gatelog.kql.tables.schema import SavedFunction, Table
from gatelog.kql.tables.unlisted import words_that_name

DEFAULT_DATABASE = "gatelog"
"""The name of a database that was given none."""


class Catalog:
    """Tables and functions by name; names are case-sensitive, as in Kusto.

    `database` and `workspace` are what `database("name").T` and `workspace("name").T` may call all of it.
    """

    def __init__(
        self,
        tables: Iterable[Table] = (),
        functions: Iterable[SavedFunction] = (),
        database: str = DEFAULT_DATABASE,
        workspace: str = "",
    ) -> None:
        self.database = database
        self.workspace = workspace
        self._tables = {table.name: table for table in tables}
        self._unlisted: dict[str, Table] = {}
        self._protected = {column.name for table in self._tables.values() for column in table.protected}
        self.saved = {function.name: function for function in functions}

    def find(self, name: str) -> Table | None:
        """The table called `name`, or None."""
        return self._tables.get(name) or self._unlisted.get(name)

    def protects(self, column: str) -> bool:
        """Whether a column of this name is protected in some table."""
        return column in self._protected

    @cached_property
    def stored_names(self) -> frozenset[str]:
        """Names below the views, and those of protected columns: no column of a query has one in the SQL.

        It would hide what a view stands for, or be taken for what its reader may not see.
        """
        below = (table.view.names for table in self._tables.values() if table.view is not None)
        return frozenset(self._protected).union(*below)

    @cached_property
    def unlisted_columns(self) -> Mapping[str, frozenset[str]]:
        """Columns that tables have only in queries that name them; each with the words that do."""
        views = (table.view for table in self._tables.values() if table.view is not None)
        names = {column.name for view in views for column in view.unlisted}
        return {name: words_that_name(name, self.saved.values()) for name in names}

    def unlisted_in(self, function: str) -> frozenset[str]:
        """Which of these columns a saved function names, or one that it calls."""
        return frozenset(name for name, words in self.unlisted_columns.items() if function in words)

    @property
    def names(self) -> tuple[str, ...]:
        """All table names, in the order given."""
        return tuple(self._tables)

    @property
    def wildcard_names(self) -> tuple[str, ...]:
        """What `union *` and `search` go through: tables, then views."""
        return (*self._tables, *(function.name for function in self.saved.values() if function.view))

    @cached_property
    def functions(self) -> Mapping[str, ast.Function]:
        """The saved functions' syntax trees. One that this version cannot read is left out."""
        trees: dict[str, ast.Function] = {}
        for function in self.saved.values():
            with suppress(KqlError):
                tree = parse_function(function).value
                assert isinstance(tree, ast.Function)
                trees[function.name] = tree
        return trees

    def why_unread(self, name: str) -> KqlError | None:
        """What is wrong with the saved function `name`: another version took it, this one cannot read it."""
        function = self.saved.get(name)
        if function is None or name in self.functions:
            return None
        try:
            parse_function(function)
        except KqlError as error:
            return error
        return None

    def with_unlisted(self, table: Table) -> Catalog:
        """The same with a table that is found by its name alone: what names all tables does not mean it."""
        other = Catalog(self._tables.values(), self.saved.values(), self.database, self.workspace)
        other._unlisted = {table.name: table}
        return other

    def with_functions(self, functions: Iterable[SavedFunction]) -> Catalog:
        """The same tables with other functions."""
        return Catalog(self._tables.values(), functions, self.database, self.workspace)

    def of_resource(self, resource: str, *, with_others: bool = False) -> Catalog:
        """The tables as one Azure resource sees them: its own rows; tables whose rows name no resource only
        `with_others`.
        """
        own = [replace(table, resource=resource) for table in self._tables.values() if _names_resource(table)]
        others = [table for table in self._tables.values() if with_others and not _names_resource(table)]
        return Catalog([*own, *others], self.saved.values(), self.database, self.workspace)

    def __repr__(self) -> str:
        return f"Catalog({', '.join((*self._tables, *self.saved))})"


def _names_resource(table: Table) -> bool:
    return any(column.name == "_ResourceId" for column in table.columns)
