"""Expressions, scalar and tabular.

Type names are canonical: bool, datetime, decimal, dynamic, guid, int, long, real, string, timespan
(`double`, `date`, `time`, `uuid`, ... are mapped by the parser; an unknown type name is a syntax error).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

from gatelog.kql.ast.nodes import Expression, Node, Operator

DynamicValue: TypeAlias = (
    "bool | int | float | str | Literal | list[DynamicValue] | dict[str, DynamicValue] | None"
)
"""JSON, plus typed literals that JSON lacks: `dynamic([datetime(2024-01-01), 1d])` holds two `Literal`s."""

LiteralValue: TypeAlias = "DynamicValue | Decimal | UUID"


@dataclass(frozen=True, slots=True)
class Name(Expression):
    """A reference to (or declaration of) a column, table, variable; `$left` and `$right` inside a join."""

    value: str


@dataclass(frozen=True, slots=True)
class WildcardName(Expression):
    """A name pattern such as `Security*`, where `*` stands for any run of characters."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Star(Expression):
    """`*`: all columns."""


@dataclass(frozen=True, slots=True)
class Literal(Expression):
    """A constant. `value` is None for a typed null such as `long(null)`, and by `type`:

    bool: bool · int, long: int · real: float (nan and inf included) · decimal: Decimal · string: str
    datetime: int, ticks of 100 ns since 0001-01-01 UTC · timespan: int, ticks of 100 ns
    guid: uuid.UUID · dynamic: a DynamicValue
    """

    type: str
    value: LiteralValue


@dataclass(frozen=True, slots=True)
class Unary(Expression):
    """`-x` or `+x`."""

    op: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary(Expression):
    """Two operands and one of: + - * / % == != < <= > >= =~ !~ and or, `matches regex`, `:` (search),
    and the string operators has, contains, startswith, endswith, hasprefix, hassuffix with `!` and `_cs`,
    like, notlike, likecs, notlikecs. `<>` arrives as `!=`.
    """

    op: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class InList(Expression):
    """`operand op (items)`, op of: in !in in~ !in~ has_any has_all. An item may be a table or a dynamic."""

    op: str
    operand: Expression
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Between(Expression):
    """`operand between (low .. high)`, both ends included; `negated` for `!between`."""

    negated: bool
    operand: Expression
    low: Expression
    high: Expression


@dataclass(frozen=True, slots=True)
class NamedArgument(Expression):
    """`name = value` in the arguments of a call."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """`function(arguments)`; with a qualifier, `database("x").function(arguments)`.

    Arguments may be `Star`, `TypeOf`, `NamedArgument`, `WildcardName` and tables (`Pipeline`).
    """

    function: str
    arguments: tuple[Expression, ...]
    qualifier: Expression | None = None


@dataclass(frozen=True, slots=True)
class Member(Expression):
    """`base.name`, also written `base.['name']`."""

    base: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Index(Expression):
    """`base[index]`."""

    base: Expression
    index: Expression


@dataclass(frozen=True, slots=True)
class WildcardMember(Expression):
    """`base.pattern*`: tables of another database by pattern, `database("x").Sec*`."""

    base: Expression
    pattern: str


@dataclass(frozen=True, slots=True)
class ColumnDeclaration(Node):
    """`name: type`, in datatable, typeof, parameters; `default` where a default may be given."""

    name: str
    type: str
    default: Expression | None = None


@dataclass(frozen=True, slots=True)
class TypeOf(Expression):
    """`typeof(long)`, `typeof(long, string)`, or a row schema, `typeof(*, a: long)`, then no `types`."""

    types: tuple[str, ...]
    columns: tuple[ColumnDeclaration, ...] = ()
    star: bool = False


@dataclass(frozen=True, slots=True)
class NamedExpression(Node):
    """An item of a list of columns: `value`, `name = value`, or `(name, name) = value`."""

    names: tuple[Name, ...]
    value: Expression


@dataclass(frozen=True, slots=True)
class Ordering(Node):
    """A sort key with its defaults resolved: desc, and nulls first when ascending, last when descending."""

    key: NamedExpression
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    """`name = value` of an operator, where it has no field; value as written, a string without quotes."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Pipeline(Expression):
    """`source | operator | operator`.

    `source` is a tabular expression, an operator that needs no input (union, print, range, search, find,
    evaluate), or None where the input is implied: the body of mv-apply, partition, fork, facet.
    """

    source: Expression | Operator | None
    operators: tuple[Operator, ...]


@dataclass(frozen=True, slots=True)
class DataTable(Expression):
    """`datatable(columns)[values]`; values row after row."""

    columns: tuple[ColumnDeclaration, ...]
    values: tuple[Expression, ...]
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class ExternalData(Expression):
    """`externaldata(columns)[uris] with (properties)`.

    `parameters` are those of `inline_external_table(columns) kind=k dataformat=f (uris) with (...)`.
    """

    columns: tuple[ColumnDeclaration, ...]
    uris: tuple[Expression, ...]
    properties: tuple[NamedExpression, ...] = ()
    parameters: tuple[Parameter, ...] = ()
