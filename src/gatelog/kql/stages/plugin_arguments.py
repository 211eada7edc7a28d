"""What the plugins of evaluate share: how they take their arguments, and how they ask the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.writer import written
from gatelog.kql.lowering.lower import select_of
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Filter, Relation
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.terms import Field
from gatelog.kql.text.diagnostics import did_you_mean
from gatelog.kql.types import NUMBERS, KqlType

MOST_COLUMNS = 1_000
"""Columns that a plugin makes of data at most: more are no table that anyone can read."""

MOST_WINDOWS = 10_000
"""Bins that a look-back window spans at most: each row is counted in each of them."""


def arguments_of(call: ast.Call, names: Sequence[str], scope: Scope) -> dict[str, ast.Expression]:
    """The arguments by the names of their parameters, written in order or with names."""
    found: dict[str, ast.Expression] = {}
    for place, argument in enumerate(call.arguments):
        if isinstance(argument, ast.NamedArgument):
            if argument.name not in names:
                hint = did_you_mean(argument.name, names)
                raise scope.context.error(
                    argument, f"{call.function} has no parameter '{argument.name}'", hint
                )
            found[argument.name] = argument.value
        elif place < len(names):
            found[names[place]] = argument
        else:
            raise scope.context.error(argument, f"{call.function} takes at most {len(names)} arguments")
    return found


def constant_text(node: ast.Expression | None, scope: Scope, default: str = "") -> str:
    """The value of an argument that must be a constant string."""
    if node is None:
        return default
    constant = bind(node, scope).constant
    if constant is None or not isinstance(constant.value, str):
        raise scope.context.error(node, "expected a constant string")
    return constant.value


def named_column(node: ast.Expression | None, call: ast.Call, relation: Relation, scope: Scope) -> Field:
    """The column that an argument names."""
    if not isinstance(node, ast.Name):
        raise scope.context.error(node or call, f"{call.function} expects the name of a column here")
    found = scope.over(relation).column(node.value)
    if found is None:
        hint = did_you_mean(node.value, [field.name for field in relation.fields])
        raise scope.context.error(node, f"there is no column '{node.value}'", hint)
    return found


def datetime_column(
    node: ast.Expression, parameter: str, call: ast.Call, relation: Relation, scope: Scope
) -> Field:
    """The column of moments that an argument names."""
    found = named_column(node, call, relation, scope)
    if found.type is not KqlType.DATETIME:
        raise scope.context.error(node, f"{parameter} must be a datetime, '{found.name}' is {found.type}")
    return found


def check_timeline(
    given: Mapping[str, ast.Expression],
    bins: Sequence[str],
    spans: Sequence[str],
    call: ast.Call,
    relation: Relation,
    scope: Scope,
) -> None:
    """Refuses a Start and End, if they are given, that are no moments of the Timeline, and `bins` and `spans`
    that are no differences between its moments. What is called a bin is above zero."""
    time = named_column(given["Timeline"], call, relation, scope)
    moments = NUMBERS if time.type in NUMBERS else (time.type,)
    if time.type not in (*NUMBERS, KqlType.DATETIME, KqlType.TIMESPAN):
        message = f"the timeline must be a datetime, a timespan or a number, '{time.name}' is {time.type}"
        raise scope.context.error(given["Timeline"], message)
    limits = [name for name in ("Start", "End") if name in given]
    for name in (*limits, *bins, *spans):
        _check_no_column(given[name], name, relation, scope)
    for name in limits:
        _check_kind(given[name], name, moments, scope)
    for name in (*bins, *spans):
        _check_kind(given[name], name, moments if moments is NUMBERS else (KqlType.TIMESPAN,), scope)
    for name in bins:
        constant = bind(given[name], scope).constant
        if constant is not None and isinstance(constant.value, int | float) and constant.value <= 0:
            raise scope.context.error(given[name], f"{name} must be above zero")


def _check_no_column(node: ast.Expression, name: str, relation: Relation, scope: Scope) -> None:
    if isinstance(node, ast.Name) and scope.over(relation).column(node.value) is not None:
        raise scope.context.error(node, f"{name} must be a constant, '{node.value}' is a column")


def _check_kind(node: ast.Expression, name: str, kinds: Sequence[KqlType], scope: Scope) -> None:
    term = bind(node, scope)
    if term.type not in kinds:
        wanted = "number" if kinds is NUMBERS else kinds[0]
        raise scope.context.error(node, f"{name} must be a {wanted}, this is {term.type}")
    if term.constant is not None and term.constant.value is None:
        raise scope.context.error(node, f"{name} is null")


def with_few_windows(
    given: Mapping[str, ast.Expression], lookback: str, width: str, relation: Relation, scope: Scope
) -> Relation:
    """The rows; refuses a look-back of too many bins, at its place or, of values that only the engine knows,
    when the query runs."""
    message = f"{lookback} must be at most {MOST_WINDOWS} times {width}"
    whole, part = bind(given[lookback], scope), bind(given[width], scope)
    values = [term.constant.value for term in (whole, part) if term.constant is not None]
    sizes = [value for value in values if isinstance(value, int | float)]
    if len(sizes) == 2 and sizes[0] > sizes[1] * MOST_WINDOWS > 0:
        raise scope.context.error(given[lookback], message, "take a wider bin or a shorter look-back")
    too_many = formula(
        "ifNull(toFloat64(whole) > most * toFloat64(part), 0)",
        whole=whole.sql,
        part=part.sql,
        most=MOST_WINDOWS,
    )
    return Filter(relation.fields, relation, sql.eq(sql.fails_beyond(too_many, message), 0))


def asked(
    relation: Relation, names: Sequence[str], stage: ast.Evaluate, scope: Scope
) -> list[Sequence[object]]:
    """What the data answer to a question about the columns that a plugin is to make."""
    if scope.context.ask is None:
        raise scope.context.unsupported(
            stage, "a plugin whose columns depend on the data", "name them: evaluate plugin(...) : (a: long)"
        )
    select = select_of(relation, names)
    rows = list(scope.context.ask(written(select)))
    if len(rows) > MOST_COLUMNS:
        raise scope.context.error(stage, f"the plugin would make more than {MOST_COLUMNS} columns")
    return rows
