"""The names that a query's author and the catalogue gave, as suggestions at one place."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Final

from gatelog.kql import ast
from gatelog.kql.catalog import Catalog
from gatelog.kql.completion.place import Place, Stage
from gatelog.kql.completion.scope import NOWHERE, CursorBinder
from gatelog.kql.completion.suggestion import Suggestion, SuggestionKind
from gatelog.kql.names.bindings import DrawnBinding, FunctionBinding, TableBinding
from gatelog.kql.names.scope import Scope
from gatelog.kql.names.tabular import returns_table
from gatelog.kql.tables.schema import JsonPath, Table
from gatelog.kql.terms import Field, Term
from gatelog.kql.text.tokens import ASSIGNED_ONLY_WORDS, BRACKETED_WORDS
from gatelog.kql.types import KqlType

_PLAIN_NAME: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_SEARCHING: Final = frozenset(("find", "search"))
_COLUMNS_SHOWN: Final = 6
"""Columns of a table that its documentation names; more would not fit into a menu."""


def spelled(name: str) -> str:
    """A name as a query must spell it: keywords and names with odd characters stand in ['...']."""
    if _PLAIN_NAME.fullmatch(name) and name not in BRACKETED_WORDS and name not in ASSIGNED_ONLY_WORDS:
        return name
    escaped = name.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"['{escaped}']"


class Names:
    """Everything that has a name at `place`. Bound when first asked for: keywords need none of it."""

    def __init__(self, text: str, catalog: Catalog, place: Place) -> None:
        self._catalog = catalog
        self._place = place
        self._binder = CursorBinder(text, catalog)

    @cached_property
    def _scope(self) -> Scope:
        return self._binder.scope_at(self._place.frames)

    def columns(self) -> list[Suggestion]:
        """The columns of the input, or of the tables that are searched."""
        return [_column(field) for field in self._scope.fields or self._searched()]

    def join_keys(self, stage: Stage) -> list[Suggestion]:
        """The columns that both sides of a join have, and the two sides."""
        right = {field.name for field in self._right(stage)}
        both = [_column(field) for field in self._scope.fields if field.name in right]
        sides = (
            ("$left", "The row of the table before."),
            ("$right", "The row of the table in parentheses."),
        )
        return both + [Suggestion(SuggestionKind.KEYWORD, name, name, "", text) for name, text in sides]

    def values(self) -> list[Suggestion]:
        """Names bound to values, and functions that give values."""
        found = []
        for name, binding in self._scope.names.items():
            if isinstance(binding, Term | DrawnBinding):
                found.append(Suggestion(SuggestionKind.VARIABLE, name, spelled(name), binding.type.value))
            elif isinstance(binding, FunctionBinding) and not returns_table(binding, self._scope):
                found.append(self._function(name, binding))
        return found

    def tables(self) -> list[Suggestion]:
        """Tables bound by the query, then those of the catalogue."""
        bound = [
            Suggestion(SuggestionKind.TABLE, name, spelled(name), "", "A table of this query.")
            for name, binding in self._scope.names.items()
            if isinstance(binding, TableBinding) and not binding.denied
        ]
        known = (self._catalog.find(name) for name in self._catalog.names if not self._scope.hides(name))
        return bound + self.table_functions() + [_table(table) for table in known if table is not None]

    def table_functions(self) -> list[Suggestion]:
        """Functions that give tables."""
        return [
            self._function(name, binding)
            for name, binding in self._scope.names.items()
            if isinstance(binding, FunctionBinding) and returns_table(binding, self._scope)
        ]

    def members(self, base: ast.Expression | str | None) -> list[Suggestion]:
        """What may follow the dot behind `base`: columns of a side of a join, known members of JSON."""
        stage = self._place.stage
        match base:
            case ast.Name(value="$left"):
                return self.columns()
            case ast.Name(value="$right") if stage is not None:
                return [_column(field) for field in self._right(stage)]
            case ast.Expression():
                return self._json_members(base)
        return []

    def type_of(self, value: ast.Expression) -> KqlType | None:
        """The type of a value; None where it does not bind."""
        return self._binder.type_of(value, self._scope)

    def _function(self, name: str, binding: FunctionBinding) -> Suggestion:
        parameters = ", ".join(
            f"{one.name}: {one.type}" if isinstance(one, ast.ColumnDeclaration) else f"{one.name}: (...)"
            for one in binding.function.parameters
        )
        saved = self._catalog.saved.get(name) if binding.saved else None
        text = saved.docstring if saved is not None else "A function of this query."
        return Suggestion(SuggestionKind.FUNCTION, name, f"{spelled(name)}(", f"{name}({parameters})", text)

    def _searched(self) -> tuple[Field, ...]:
        """The columns that `find` and `search` look into, each once: of the tables named, else of all."""
        stage = self._place.stage
        if stage is None or stage.name not in _SEARCHING:
            return ()
        tables = stage.tables or [ast.Name(NOWHERE, name) for name in self._catalog.wildcard_names]
        fields = (field for table in tables for field in self._binder.columns_of(table, self._scope))
        return tuple({field.name: field for field in fields}.values())

    def _right(self, stage: Stage) -> tuple[Field, ...]:
        return self._binder.columns_of(stage.tables[-1], self._scope) if stage.tables else ()

    def _json_members(self, base: ast.Expression) -> list[Suggestion]:
        known: dict[str, KqlType | None] = {}
        column, path = _json_path(base)
        for table in filter(None, map(self._catalog.find, self._catalog.names)):
            for (body, whole), target in table.paths.items():
                key = whole[len(path)] if len(whole) > len(path) else None
                if body == column and whole[: len(path)] == path and isinstance(key, str):
                    known[key] = target.type if len(whole) == len(path) + 1 else KqlType.DYNAMIC
        return [_column_named(name, kind) for name, kind in known.items()]


def _json_path(node: ast.Expression) -> tuple[str, JsonPath]:
    """The column and the path that an expression reads: ("", ()) where it is something else."""
    match node:
        case ast.Name(value=name):
            return name, ()
        case ast.Call(function="parse_json" | "todynamic", arguments=(inner,)):
            return _json_path(inner)
        case ast.Member(base=base, name=name):
            column, path = _json_path(base)
            return column, (*path, name)
        case ast.Index(base=base, index=ast.Literal(value=str() | int() as key)):
            column, path = _json_path(base)
            return column, (*path, key)
    return "", ()


def _column(field: Field) -> Suggestion:
    return _column_named(field.name, field.type)


def _column_named(name: str, kind: KqlType | None) -> Suggestion:
    return Suggestion(SuggestionKind.COLUMN, name, spelled(name), kind.value if kind else "")


def _table(table: Table) -> Suggestion:
    names = [column.name for column in table.columns]
    more = f", … ({len(names)} columns)" if len(names) > _COLUMNS_SHOWN else ""
    documentation = f"Columns: {', '.join(names[:_COLUMNS_SHOWN])}{more}"
    return Suggestion(SuggestionKind.TABLE, table.name, spelled(table.name), "", documentation)
