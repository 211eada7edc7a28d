"""Operators on the rows and columns of one table.

`hints` holds the parameters without a field of their own: they may change how a query runs, not its answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True)
class Where(Operator):
    """`where predicate`, also spelled `filter`; `equals` is the sign in `where name = predicate`, where the
    name has no meaning."""

    predicate: Expression
    hints: tuple[Parameter, ...] = ()
    equals: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Extend(Operator):
    """`extend a = x, y`."""

    columns: tuple[NamedExpression, ...]


@dataclass(frozen=True, slots=True)
class Project(Operator):
    """`project a = x, y`; `smart` for `project-smart`."""

    columns: tuple[NamedExpression, ...]
    smart: bool = False


@dataclass(frozen=True, slots=True)
class ProjectAway(Operator):
    """`project-away a, b*`."""

    columns: tuple[Name | WildcardName | Star, ...]


@dataclass(frozen=True, slots=True)
class ProjectKeep(Operator):
    """`project-keep a, b*`."""

    columns: tuple[Name | WildcardName | Star, ...]


@dataclass(frozen=True, slots=True)
class ProjectByNames(Operator):
    """`project-by-names "a", "b*", names`: columns named by constant strings or arrays of strings."""

    names: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class ProjectRename(Operator):
    """`project-rename new = old`; each value is a `Name`, names are never empty."""

    columns: tuple[NamedExpression, ...]


@dataclass(frozen=True, slots=True)
class ReorderedColumn(Node):
    """An item of project-reorder; order is None (as they stand), asc, desc, granny-asc or granny-desc."""

    column: Name | WildcardName | Star
    order: str | None


@dataclass(frozen=True, slots=True)
class ProjectReorder(Operator):
    """`project-reorder a, b* asc`."""

    columns: tuple[ReorderedColumn, ...]


@dataclass(frozen=True, slots=True)
class Summarize(Operator):
    """`summarize aggregates by keys`; either may be empty, not both. `bin` is the legacy `by x bin = 1h`."""

    aggregates: tuple[NamedExpression, ...]
    by: tuple[NamedExpression, ...]
    bin: Expression | None = None
    hints: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Count(Operator):
    """`count`, with `as name`."""

    name: Name | None = None


@dataclass(frozen=True, slots=True)
class Take(Operator):
    """`take n`, also spelled `limit`."""

    count: Expression
    hints: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Sort(Operator):
    """`sort by keys`, also spelled `order`."""

    keys: tuple[Ordering, ...]
    hints: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Top(Operator):
    """`top n by keys`."""

    count: Expression
    keys: tuple[Ordering, ...]
    hints: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class TopHitters(Operator):
    """`top-hitters n of expression by weight`."""

    count: Expression
    of: NamedExpression
    by: NamedExpression | None


@dataclass(frozen=True, slots=True)
class TopNestedLevel(Node):
    """One level: `top-nested n of x with others = y by aggregate desc`; without n all values are kept."""

    count: Expression | None
    of: NamedExpression
    others: Expression | None
    by: NamedExpression
    descending: bool


@dataclass(frozen=True, slots=True)
class TopNested(Operator):
    """`top-nested ..., top-nested ...`."""

    levels: tuple[TopNestedLevel, ...]


@dataclass(frozen=True, slots=True)
class Distinct(Operator):
    """`distinct columns`; a single `Star` value for all."""

    columns: tuple[NamedExpression, ...]
    hints: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class SeriesAggregate(Node):
    """`aggregate default = value` of make-series; without a default, absent points are 0."""

    column: NamedExpression
    default: Expression | None


@dataclass(frozen=True, slots=True)
class MakeSeries(Operator):
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


@dataclass(frozen=True, slots=True)
class Sample(Operator):
    """`sample n`."""

    count: Expression


@dataclass(frozen=True, slots=True)
class SampleDistinct(Operator):
    """`sample-distinct n of x`."""

    count: Expression
    of: NamedExpression


@dataclass(frozen=True, slots=True)
class GetSchema(Operator):
    """`getschema`."""


@dataclass(frozen=True, slots=True)
class AssertSchema(Operator):
    """`assert-schema (columns)`."""

    columns: tuple[ColumnDeclaration, ...]


@dataclass(frozen=True, slots=True)
class Serialize(Operator):
    """`serialize columns`."""

    columns: tuple[NamedExpression, ...]
    hints: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class As(Operator):
    """`as name`."""

    name: Name
    hints: tuple[Parameter, ...] = ()

    @property
    def materialized(self) -> bool:
        """Whether the rows are to come out once for all uses of the name."""
        return any(hint.name == "hint.materialized" and hint.value == "true" for hint in self.hints)


@dataclass(frozen=True, slots=True)
class Consume(Operator):
    """`consume`."""

    hints: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class ExecuteAndCache(Operator):
    """`execute-and-cache`."""
