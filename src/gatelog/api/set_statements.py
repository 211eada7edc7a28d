"""`set` statements of a query that are request properties, whichever way it was asked.

    set notruncation;  set truncationmaxrecords = 10;  set query_take_max_records = 5;  T | …

What concerns the language itself (query_now, the scope) is the compiler's; the rest changes nothing here.
https://learn.microsoft.com/azure/data-explorer/kusto/query/set-statement
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

from gatelog.errors import KqlSemanticError
from gatelog.kql import Compiled, KqlType, ast, cell_from_text, parser
from gatelog.store import Budget

_FLAGS = {"notruncation": "complete", "deferpartialqueryfailures": "defer_failures"}
_COUNTS = {
    "truncationmaxrecords": "records",
    "truncation_max_records": "records",
    "truncationmaxsize": "bytes",
    "truncation_max_size": "bytes",
    "query_take_max_records": "take",
}
"""Names of properties, and the fields that they set."""

_SET = re.compile(r"\bset\s")
_LEAST = {"records": 1, "bytes": 1, "take": 0}


class SetByQuery(NamedTuple):
    """What a query sets; None for what it does not."""

    complete: bool | None = None
    records: int | None = None
    bytes: int | None = None
    take: int | None = None
    defer_failures: bool | None = None

    def within(self, budget: Budget) -> Budget:
        """The budget, narrowed to the records and bytes that the answer may have."""
        if self.complete:
            return budget
        if self.records is not None:
            budget = budget.with_rows(self.records, "set truncationmaxrecords")
        if self.bytes is not None:
            budget = budget.with_bytes(self.bytes, "set truncationmaxsize")
        return budget

    def first_rows(self, compiled: Compiled) -> Compiled:
        """The statement for as many of the answer's rows as the query takes."""
        if self.take is None:
            return compiled
        select = f"SELECT * FROM ({compiled.sql}) LIMIT {self.take}"  # noqa: S608 - from the compiler
        return replace(compiled, sql=select)


NOTHING_SET = SetByQuery()


def read_set_statements(query: str) -> SetByQuery:
    """What the `set` statements of a query say. KqlSyntaxError; KqlSemanticError for a value."""
    if not _SET.search(query):
        return NOTHING_SET
    given: dict[str, bool | int] = {}
    for statement in parser.parse(query).statements:
        if isinstance(statement, ast.SetOption):
            name = statement.name.lower()
            if name in _FLAGS:
                given[_FLAGS[name]] = _flag(statement, query)
            elif name in _COUNTS:
                given[_COUNTS[name]] = _count(statement, query)
    return SetByQuery(**given)  # type: ignore[arg-type]  # each of its own kind


def _flag(statement: ast.SetOption, query: str) -> bool:
    """A flag without a value is set to true."""
    value = True if statement.value is None else _literal(statement)
    if isinstance(value, str):
        value = cell_from_text(KqlType.BOOL, value)
    if not isinstance(value, int):
        raise _misfit(statement, query, "true or false", "true")
    return bool(value)


def _count(statement: ast.SetOption, query: str) -> int:
    value = _literal(statement)
    number = cell_from_text(KqlType.LONG, value) if isinstance(value, str) else value
    least = _LEAST[_COUNTS[statement.name.lower()]]
    if not isinstance(number, int) or isinstance(number, bool) or number < least:
        raise _misfit(statement, query, f"a number from {least}", "1000")
    return number


def _literal(statement: ast.SetOption) -> ast.LiteralValue:
    return statement.value.value if isinstance(statement.value, ast.Literal) else None


def _misfit(statement: ast.SetOption, query: str, expected: str, example: str) -> KqlSemanticError:
    name = statement.name
    return KqlSemanticError(
        f"{name} is set to {expected}", place=statement.span.place(query), hint=f"set {name} = {example};"
    )
