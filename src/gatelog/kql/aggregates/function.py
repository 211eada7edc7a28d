"""An aggregate function: what it takes, and how it is built."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlglot import exp

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.terms import Term
from gatelog.kql.values.comparisons import condition

Build: TypeAlias = "Callable[[Sequence[Term], Term | None], Term]"
"""From the arguments, and for the `...if` forms the predicate."""


@dataclass(frozen=True, slots=True)
class AggregateFunction:
    """An aggregate: between `least` and `most` arguments, the predicate at place `predicate` for `...if`
    forms.

    `prefix` names the column: `prefix_firstargument`; empty for the first argument's own name.
    """

    name: str
    least: int
    most: int
    build: Build
    prefix: str
    predicate: int | None = None
    ordered: bool = False

    def apply(self, arguments: Sequence[Term]) -> Term:
        """The aggregate of some arguments, in order as written."""
        if self.predicate is None:
            return self.build(arguments, None)
        rest = [*arguments[: self.predicate], *arguments[self.predicate + 1 :]]
        return self.build(rest, condition(arguments[self.predicate]))


def aggregate(function: str, predicate: Term | None, *arguments: Sql) -> Sql:
    """`function(arguments)`, over the rows for which the predicate is true."""
    if predicate is None:
        return sql.call(function, *map(_row_by_row, arguments))
    return sql.call(f"{function}If", *arguments, predicate.condition)


def _row_by_row(value: Sql) -> Sql:
    """A product is made of each row. The engine would multiply the sum instead, and fails where the factor
    is a constant that turns out to be NULL."""
    return sql.call("identity", value) if isinstance(value, exp.Mul | exp.Div) else value
