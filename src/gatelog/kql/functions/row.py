"""The row of a function table: how a scalar function takes its arguments, names its column and becomes
SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

from sqlglot import exp

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.misfit import Misfit
from gatelog.kql.terms import Term
from gatelog.kql.types import INTEGERS, NUMBERS, KqlType
from gatelog.kql.values.comparisons import conversion_hint
from gatelog.kql.values.conversions import convert, convertible


class Naming(Enum):
    """The name of a column computed by a function and not named by the author (Kusto.Language,
    ResultNameKind)."""

    NONE = auto()  # Column1
    FIRST = auto()  # the name of the first argument
    ONLY = auto()  # the name of the first argument when there is no other
    PREFIXED = auto()  # prefix_firstargument
    FIXED = auto()  # prefix


class Anything(Enum):
    """Parameter kinds beside the types themselves."""

    SCALAR = auto()  # any type, as it comes
    NUMBER = auto()  # any numeric type, as it comes
    TEXT = auto()  # any type, as its text


ParameterKind: TypeAlias = KqlType | Anything
Build: TypeAlias = Callable[[Sequence[Term]], Term]


@dataclass(frozen=True, slots=True)
class Function:
    """A scalar function: between `least` and `most` arguments, `most` None for any number."""

    name: str
    least: int
    most: int | None
    build: Build
    naming: Naming = Naming.NONE
    prefix: str = ""


def accept(term: Term, kind: ParameterKind) -> Term:
    """An argument in the type of its parameter; raises Misfit where Kusto has no implicit conversion."""
    if kind is Anything.SCALAR or term.type is kind:
        return term
    if kind is Anything.NUMBER and term.type in NUMBERS:
        return term
    if kind is Anything.TEXT:
        return convert(term, KqlType.STRING)
    if not isinstance(kind, KqlType) or not _implicit(term.type, kind):
        raise Misfit(f"expected {_shown(kind)}, this is {term.type}", _conversion(term.type, kind))
    return convert(term, kind)


def _conversion(source: KqlType, kind: ParameterKind) -> str:
    if kind in (KqlType.TIMESPAN, KqlType.DATETIME):
        return conversion_hint(source, KqlType(kind))
    return f"convert it, for example with to{kind.value if isinstance(kind, KqlType) else 'long'}()"


def cast(name: str, term: Term, target: KqlType) -> Term:
    """The argument of the function `name`, converted as its author asks; Misfit where that cannot be."""
    if not convertible(term.type, target):
        raise Misfit(f"{name}() cannot take a {term.type}")
    return convert(term, target)


def _shown(kind: ParameterKind) -> str:
    return kind.value if isinstance(kind, KqlType) else "a number"


def _implicit(source: KqlType, target: KqlType) -> bool:
    """Numbers widen, and a dynamic may stand for a string."""
    if target in INTEGERS:
        return source in INTEGERS
    if target in NUMBERS:
        return source in NUMBERS
    return target is KqlType.STRING and source is KqlType.DYNAMIC


def simple(
    name: str,
    parameters: Sequence[ParameterKind],
    result: KqlType,
    build: Callable[..., Sql],
    *,
    optional: int = 0,
    may_fail: bool = False,
    naming: Naming = Naming.NONE,
    prefix: str = "",
) -> Function:
    """A function of SQL values: null when an argument is null (or, with `may_fail`, for other reasons).

    The last `optional` parameters may be left out; `build` then gets fewer arguments.
    """

    def build_term(arguments: Sequence[Term]) -> Term:
        accepted = [accept(argument, kind) for argument, kind in zip(arguments, parameters, strict=False)]
        return finished(result, build(*(term.sql for term in accepted)), accepted, may_fail=may_fail)

    return Function(name, len(parameters) - optional, len(parameters), build_term, naming, prefix)


def finished(result: KqlType, node: Sql, arguments: Sequence[Term], *, may_fail: bool = False) -> Term:
    """The term of a call: nullable when an argument is, a string never."""
    nullable = may_fail or any(argument.nullable for argument in arguments)
    if result is KqlType.STRING:
        return Term(result, sql.if_null(node, "") if nullable else node, nullable=False)
    return Term(result, node, nullable)


def constant_string(term: Term, what: str) -> str:
    """The text of an argument that must be a constant string."""
    value = term.constant.value if term.constant is not None else None
    if not isinstance(value, str):
        raise Misfit(f"{what} must be a constant string")
    return value


def fixed_integer(term: Term, what: str, hint: str = "") -> Sql:
    """A whole number, not below 0, that is the same for all rows: a constant, or what the engine computes
    before there are rows and refuses where it is null or below 0."""
    value = term.constant.value if term.constant is not None else None
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            raise Misfit(f"{what} is below 0", hint)
        return sql.literal(value)
    if term.constant is not None or term.type not in INTEGERS or sql.columns_read(term.sql):
        raise Misfit(f"{what} must be a constant integer")
    return computed_first("value >= 0", sql.if_null(term.sql, -1), f"{what} is null or below 0")


def computed_first(test: str, value: Sql, message: str) -> Sql:
    """What the engine computes before there are rows, where it wants a constant; an error with this message
    where the formula `test` is not true of the `value`."""
    checked = formula(f"[value][1 + throwIf(NOT ({test}), message)]", value=value, message=message)
    return sql.call("assumeNotNull", sql.subquery(exp.Select(expressions=[checked])))


def aliases(row: Function, *names: str) -> tuple[Function, ...]:
    """The row, and again under other names."""
    others = (Function(name, row.least, row.most, row.build, row.naming, row.prefix) for name in names)
    return (row, *others)
