"""Expressions, scalar and tabular.

Type names are canonical: bool, datetime, decimal, dynamic, guid, int, long, real, string, timespan
(`double`, `date`, `time`, `uuid`, ... are mapped by the parser; an unknown type name is a syntax error).
"""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

from gatelog.kql.ast.nodes import Expression, Node, Operator

DynamicValue: TypeAlias = (
    "bool | int | float | str | Literal | list[DynamicValue] | dict[str, DynamicValue] | None"
)
"""JSON, plus typed literals that JSON lacks: `dynamic([datetime(2024-01-01), 1d])` holds two `Literal`s."""

LiteralValue: TypeAlias = "DynamicValue | Decimal | UUID"


class Name(Expression, frozen=True):
    """A reference to (or declaration of) a column, table, variable; `$left` and `$right` inside a join."""

    value: str


class WildcardName(Expression, frozen=True):
    """A name pattern such as `Security*`, where `*` stands for any run of characters."""

    pattern: str


class Star(Expression, frozen=True):
    """`*`: all columns."""


class Literal(Expression, frozen=True):
    """A constant. `value` is None for a typed null such as `long(null)`, and by `type`:

    bool: bool · int, long: int · real: float (nan and inf included) · decimal: Decimal · string: str
    datetime: int, ticks of 100 ns since 0001-01-01 UTC · timespan: int, ticks of 100 ns
    guid: uuid.UUID · dynamic: a DynamicValue
    """

    type: str
    value: LiteralValue


class Unary(Expression, frozen=True):
    """`-x` or `+x`."""

    op: str
    operand: Expression


class Binary(Expression, frozen=True):
    """Two operands and one of: + - * / % == != < <= > >= =~ !~ and or, `matches regex`, `:` (search),
    and the string operators has, contains, startswith, endswith, hasprefix, hassuffix with `!` and `_cs`,
    like, notlike, likecs, notlikecs. `<>` arrives as `!=`.
    """

    op: str
    left: Expression
    right: Expression


class InList(Expression, frozen=True):
    """`operand op (items)`, op of: in !in in~ !in~ has_any has_all. An item may be a table or a dynamic."""

    op: str
    operand: Expression
    items: tuple[Expression, ...]


class Between(Expression, frozen=True):
    """`operand between (low .. high)`, both ends included; `negated` for `!between`."""

    negated: bool
    operand: Expression
    low: Expression
    high: Expression


class NamedArgument(Expression, frozen=True):
    """`name = value` in the arguments of a call."""

    name: str
    value: Expression


class Call(Expression, frozen=True):
    """`function(arguments)`; with a qualifier, `database("x").function(arguments)`.

    Arguments may be `Star`, `TypeOf`, `NamedArgument`, `WildcardName` and tables (`Pipeline`).
    """

    function: str
    arguments: tuple[Expression, ...]
    qualifier: Expression | None = None


class Member(Expression, frozen=True):
    """`base.name`, also written `base.['name']`."""

    base: Expression
    name: str


class Index(Expression, frozen=True):
    """`base[index]`."""

    base: Expression
    index: Expression


class WildcardMember(Expression, frozen=True):
    """`base.pattern*`: tables of another database by pattern, `database("x").Sec*`."""

    base: Expression
    pattern: str


class ColumnDeclaration(Node, frozen=True):
    """`name: type`, in datatable, typeof, parameters; `default` where a default may be given."""

    name: str
    type: str
    default: Expression | None = None


class TypeOf(Expression, frozen=True):
    """`typeof(long)`, `typeof(long, string)`, or a row schema, `typeof(*, a: long)`, then no `types`."""

    types: tuple[str, ...]
    columns: tuple[ColumnDeclaration, ...] = ()
    star: bool = False


class NamedExpression(Node, frozen=True):
    """An item of a list of columns: `value`, `name = value`, or `(name, name) = value`."""

    names: tuple[Name, ...]
    value: Expression


class Ordering(Node, frozen=True):
    """A sort key with its defaults resolved: desc, and nulls first when ascending, last when descending."""

    key: NamedExpression
    descending: bool
    nulls_first: bool


class Parameter(Node, frozen=True):
    """`name = value` of an operator, where it has no field; value as written, a string without quotes."""

    name: str
    value: str


class Pipeline(Expression, frozen=True):
    """`source | operator | operator`.

    `source` is a tabular expression, an operator that needs no input (union, print, range, search, find,
    evaluate), or None where the input is implied: the body of mv-apply, partition, fork, facet.
    """

    source: Expression | Operator | None
    operators: tuple[Operator, ...]


class DataTable(Expression, frozen=True):
    """`datatable(columns)[values]`; values row after row."""

    columns: tuple[ColumnDeclaration, ...]
    values: tuple[Expression, ...]
    parameters: tuple[Parameter, ...] = ()


class ExternalData(Expression, frozen=True):
    """`externaldata(columns)[uris] with (properties)`.

    `parameters` are those of `inline_external_table(columns) kind=k dataformat=f (uris) with (...)`.
    """

    columns: tuple[ColumnDeclaration, ...]
    uris: tuple[Expression, ...]
    properties: tuple[NamedExpression, ...] = ()
    parameters: tuple[Parameter, ...] = ()
