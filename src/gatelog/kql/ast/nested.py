"""Operators with queries or steps inside, and mv-expand, the plain sister of mv-apply."""

from __future__ import annotations

from gatelog.kql.ast.expressions import (
    ColumnDeclaration,
    Name,
    NamedExpression,
    Ordering,
    Parameter,
    Pipeline,
    TypeOf,
)
from gatelog.kql.ast.nodes import Expression, Node, Operator, Statement


class ExpandedColumn(Node, frozen=True):
    """`name = value to typeof(type)` of mv-expand and mv-apply."""

    column: NamedExpression
    type: TypeOf | None


class MvExpand(Operator, frozen=True):
    """`mv-expand columns limit n`; `bag_expansion` is bag or array."""

    columns: tuple[ExpandedColumn, ...]
    limit: Expression | None
    bag_expansion: str = "bag"
    item_index: str | None = None
    hints: tuple[Parameter, ...] = ()


class MvApply(Operator, frozen=True):
    """`mv-apply columns limit n on (subquery)`; `context_id` is the name given by the optional `id`."""

    columns: tuple[ExpandedColumn, ...]
    limit: Expression | None
    context_id: Expression | None
    subquery: Pipeline
    item_index: str | None = None
    hints: tuple[Parameter, ...] = ()


class Partition(Operator, frozen=True):
    """`partition by key (subquery)`; `explicit` for `{ query }`, which names its own source."""

    by: Expression
    subquery: Pipeline
    explicit: bool
    hints: tuple[Parameter, ...] = ()


class ForkBranch(Node, frozen=True):
    """`name = (subquery)`."""

    name: Name | None
    subquery: Pipeline


class Fork(Operator, frozen=True):
    """`fork (subquery) (subquery)`: several results."""

    branches: tuple[ForkBranch, ...]


class Facet(Operator, frozen=True):
    """`facet by columns with (subquery)`: several results."""

    columns: tuple[Name, ...]
    subquery: Pipeline | None


class ScanStep(Node, frozen=True):
    """`step name optional output = all : condition => assignments`; output is all, last, none or None."""

    name: Name
    optional: bool
    output: str | None
    condition: Expression
    assignments: tuple[NamedExpression, ...]


class Scan(Operator, frozen=True):
    """`scan with_match_id = id declare (columns) order by keys partition by keys with (steps)`."""

    match_id: str | None
    declarations: tuple[ColumnDeclaration, ...]
    order_by: tuple[Ordering, ...]
    partition_by: tuple[Expression, ...]
    steps: tuple[ScanStep, ...]
    hints: tuple[Parameter, ...] = ()


class MacroExpand(Operator, frozen=True):
    """`macro-expand group as name (statements)`; a source."""

    group: Expression
    name: Name
    body: tuple[Statement, ...]
    hints: tuple[Parameter, ...] = ()
