"""Operators on the rows and columns of one table.

`hints` holds the parameters without a field of their own: they may change how a query runs, not its answer.
"""

from __future__ import annotations

from gatelog.kql.ast.expressions import (
    ColumnDeclaration,
    Name,
    NamedExpression,
    Ordering,
    Parameter,
    Star,
    WildcardName,
)
from gatelog.kql.ast.nodes import Expression, Node, Operator, Span


class Where(Operator, frozen=True):
    """`where predicate`, also spelled `filter`; `equals` is the sign in `where name = predicate`, where the
    name has no meaning."""

    predicate: Expression
    hints: tuple[Parameter, ...] = ()
    equals: Span | None = None


class Extend(Operator, frozen=True):
    """`extend a = x, y`."""

    columns: tuple[NamedExpression, ...]


class Project(Operator, frozen=True):
    """`project a = x, y`; `smart` for `project-smart`."""

    columns: tuple[NamedExpression, ...]
    smart: bool = False


class ProjectAway(Operator, frozen=True):
    """`project-away a, b*`."""

    columns: tuple[Name | WildcardName | Star, ...]


class ProjectKeep(Operator, frozen=True):
    """`project-keep a, b*`."""

    columns: tuple[Name | WildcardName | Star, ...]


class ProjectByNames(Operator, frozen=True):
    """`project-by-names "a", "b*", names`: columns named by constant strings or arrays of strings."""

    names: tuple[Expression, ...]


class ProjectRename(Operator, frozen=True):
    """`project-rename new = old`; each value is a `Name`, names are never empty."""

    columns: tuple[NamedExpression, ...]


class ReorderedColumn(Node, frozen=True):
    """An item of project-reorder; order is None (as they stand), asc, desc, granny-asc or granny-desc."""

    column: Name | WildcardName | Star
    order: str | None


class ProjectReorder(Operator, frozen=True):
    """`project-reorder a, b* asc`."""

    columns: tuple[ReorderedColumn, ...]


class Summarize(Operator, frozen=True):
    """`summarize aggregates by keys`; either may be empty, not both. `bin` is the legacy `by x bin = 1h`."""

    aggregates: tuple[NamedExpression, ...]
    by: tuple[NamedExpression, ...]
    bin: Expression | None = None
    hints: tuple[Parameter, ...] = ()


class Count(Operator, frozen=True):
    """`count`, with `as name`."""

    name: Name | None = None


class Take(Operator, frozen=True):
    """`take n`, also spelled `limit`."""

    count: Expression
    hints: tuple[Parameter, ...] = ()


class Sort(Operator, frozen=True):
    """`sort by keys`, also spelled `order`."""

    keys: tuple[Ordering, ...]
    hints: tuple[Parameter, ...] = ()


class Top(Operator, frozen=True):
    """`top n by keys`."""

    count: Expression
    keys: tuple[Ordering, ...]
    hints: tuple[Parameter, ...] = ()


class TopHitters(Operator, frozen=True):
    """`top-hitters n of expression by weight`."""

    count: Expression
    of: NamedExpression
    by: NamedExpression | None


class TopNestedLevel(Node, frozen=True):
    """One level: `top-nested n of x with others = y by aggregate desc`; without n all values are kept."""

    count: Expression | None
    of: NamedExpression
    others: Expression | None
    by: NamedExpression
    descending: bool


class TopNested(Operator, frozen=True):
    """`top-nested ..., top-nested ...`."""

    levels: tuple[TopNestedLevel, ...]


class Distinct(Operator, frozen=True):
    """`distinct columns`; a single `Star` value for all."""

    columns: tuple[NamedExpression, ...]
    hints: tuple[Parameter, ...] = ()


class SeriesAggregate(Node, frozen=True):
    """`aggregate default = value` of make-series; without a default, absent points are 0."""

    column: NamedExpression
    default: Expression | None


class MakeSeries(Operator, frozen=True):
    """`make-series aggregates on axis from start to stop step width by keys`.

    `inclusive` for the older `in range(start, stop, step)`, whose stop belongs to the series.
    """

    aggregates: tuple[SeriesAggregate, ...]
    axis: NamedExpression
    start: Expression | None
    stop: Expression | None
    step: Expression | None
    by: tuple[NamedExpression, ...]
    inclusive: bool = False
    hints: tuple[Parameter, ...] = ()


class Sample(Operator, frozen=True):
    """`sample n`."""

    count: Expression


class SampleDistinct(Operator, frozen=True):
    """`sample-distinct n of x`."""

    count: Expression
    of: NamedExpression


class GetSchema(Operator, frozen=True):
    """`getschema`."""


class AssertSchema(Operator, frozen=True):
    """`assert-schema (columns)`."""

    columns: tuple[ColumnDeclaration, ...]


class Serialize(Operator, frozen=True):
    """`serialize columns`."""

    columns: tuple[NamedExpression, ...]
    hints: tuple[Parameter, ...] = ()


class As(Operator, frozen=True):
    """`as name`."""

    name: Name
    hints: tuple[Parameter, ...] = ()

    @property
    def materialized(self) -> bool:
        """Whether the rows are to come out once for all uses of the name."""
        return any(hint.name == "hint.materialized" and hint.value == "true" for hint in self.hints)


class Consume(Operator, frozen=True):
    """`consume`."""

    hints: tuple[Parameter, ...] = ()


class ExecuteAndCache(Operator, frozen=True):
    """`execute-and-cache`."""
