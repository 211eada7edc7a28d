"""Functions that need more than the values of their arguments: the clock of the query, the columns of the
row, the order of the rows, a type literal or a table."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace
from sqlglot import exp

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql, ticks
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions import FUNCTIONS, bag_of, parse_json, read_as
from gatelog.kql.functions.row import Anything, accept, cast, constant_string, fixed_integer
from gatelog.kql.functions.row_paths import value_at
from gatelog.kql.lowering.lower import select_of
from gatelog.kql.misfit import Misfit
from gatelog.kql.names.context import DrawnOnce
from gatelog.kql.names.scope import Bind, Scope
from gatelog.kql.names.tabular import is_table
from gatelog.kql.relations import Limit
from gatelog.kql.special.sessions import window_session
from gatelog.kql.special.setting_functions import SETTING_FUNCTIONS, Special, with_type
from gatelog.kql.special.windows import window
from gatelog.kql.terms import Term, null_of, reference
from gatelog.kql.types import NUMBERS, KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.arithmetic import arithmetic
from gatelog.kql.values.comparisons import condition
from gatelog.kql.values.conversions import convert
from gatelog.kql.values.json_access import element_of, member_of
from gatelog.kql.values.json_paths import json_path
from gatelog.kql.values.literals import bool_term, literal_term, long_term, string_term

DATETIME, LONG, STRING = KqlType.DATETIME, KqlType.LONG, KqlType.STRING

MOST_DRAWS = 1_000
"""Calls of rand() and new_guid() in one query: names made of each other may double them line by line."""


def _arguments(node: ast.Call, scope: Scope, bind: Bind, least: int, most: int) -> list[Term]:
    if not least <= len(node.arguments) <= most:
        raise Misfit(f"{node.function}() takes {least} to {most} arguments, here are {len(node.arguments)}")
    return [bind(argument, scope) for argument in node.arguments]


def _now(node: ast.Call, scope: Scope, bind: Bind) -> Term:
    moment = literal_term(DATETIME, scope.context.now)
    arguments = _arguments(node, scope, bind, 0, 1)
    return _moved("+", moment, arguments[0]) if arguments else moment


def _ago(node: ast.Call, scope: Scope, bind: Bind) -> Term:
    (span,) = _arguments(node, scope, bind, 1, 1)
    return _moved("-", literal_term(DATETIME, scope.context.now), span)


def _moved(operator: str, moment: Term, span: Term) -> Term:
    """A constant datetime moved; by a constant timespan it stays a constant."""
    span = accept(span, KqlType.TIMESPAN)
    start = moment.constant.value if moment.constant is not None else None
    distance = span.constant.value if span.constant is not None else None
    if isinstance(start, int) and isinstance(distance, int):
        moved = start + distance if operator == "+" else start - distance
        if not 0 <= moved <= ticks.LAST:
            raise Misfit("the time is before the year 1 or after the year 9999")
        return literal_term(DATETIME, moved)
    return arithmetic(operator, moment, span)


def _column_if_exists(node: ast.Call, scope: Scope, bind: Bind) -> Term:
    name, default = _arguments(node, scope, bind, 2, 2)
    value = name.constant.value if name.constant is not None else None
    if not isinstance(value, str):
        raise Misfit("the name of the column must be a constant string")
    column = scope.column(value)
    return default if column is None else reference(column)


def _pack_all(node: ast.Call, scope: Scope, bind: Bind) -> Term:
    """`pack_all([ignore_null_empty])`: all columns, or those that hold something."""
    (filled,) = _arguments(node, scope, bind, 0, 1) or [bool_term(False)]
    if filled.constant is None or not isinstance(filled.constant.value, bool):
        raise Misfit("the argument of pack_all() must be true or false")
    names = [string_term(column.name) for column in scope.shown]
    return bag_of(names, [reference(column) for column in scope.shown], filled=filled.constant.value)


def _extract(node: ast.Call, scope: Scope, bind: Bind) -> Term:
    values, kind = with_type(node)
    if len(values) != 3:
        raise Misfit("extract() takes a pattern, a group, a text and perhaps a type")
    found = FUNCTIONS["extract"].build([bind(value, scope) for value in values])
    return found if kind is None else read_as(found, kind)


def _extract_json(node: ast.Call, scope: Scope, bind: Bind) -> Term:
    """`extract_json("$.a[0].b", text [, typeof(type)])`."""
    values, kind = with_type(node)
    target = STRING if kind is None else kind
    if len(values) != 2:
        raise Misfit(f"{node.function}() takes a path, a text and perhaps a type")
    path, text = (bind(value, scope) for value in values)
    found = parse_json([text])
    if path.constant is None:
        below = value_at(sql.if_null(found.sql, ""), accept(path, STRING).sql)
        return convert(Term(KqlType.DYNAMIC, json_values.present(below)), target)
    for key in json_path(constant_string(path, "the JSON path")):
        found = (
            element_of(found, long_term(key)) if isinstance(key, int) else member_of(found, string_term(key))
        )
    return convert(found, target)


def _to_scalar(node: ast.Call, scope: Scope, bind: Bind) -> Term:
    """`toscalar(table)` or `toscalar(value)`; what is drawn in it is drawn once for all its uses."""
    if len(node.arguments) != 1:
        raise Misfit("toscalar() takes one table")
    context, place = scope.context, (id(node), id(scope.names))
    if place in context.once:
        return context.once[place].term
    before = context.draws, context.row_draws
    made = _scalar_of_table if is_table(node.arguments[0], scope) else _scalar
    term = made(node.arguments[0], scope, bind)
    if (context.draws, context.row_draws) != before:
        context.once[place] = DrawnOnce(node, scope.names, term)
        context.row_draws = before[1]
    return term


def _scalar_of_table(node: ast.Expression, scope: Scope, _: Bind) -> Term:
    table, first = scope.table_of_values(node)
    value = sql.subquery(select_of(Limit(table.fields, table, sql.literal(1)), [first.sql_name]))
    return Term(first.type, sql.if_null(value, "") if first.type is STRING else value)


def _scalar(node: ast.Expression, scope: Scope, bind: Bind) -> Term:
    """The value, the same in all rows; one that is drawn is drawn before there are any, so of no column."""
    before = scope.context.row_draws
    term = bind(node, scope)
    if scope.context.row_draws == before:
        return term
    term = bind(node, replace(scope, fields=(), keys=None))
    select = exp.Select(expressions=[term.sql])
    return Term(term.type, sql.subquery(select), term.nullable)


def _restarts(scope: Scope, restart: Term | None) -> list[Sql]:
    """The partition that begins anew wherever `restart` is true."""
    if restart is None or (restart.constant is not None and restart.constant.value is False):
        return []
    count = sql.call("countIf", condition(restart).condition)
    group = scope.window("restart", LONG, window(scope, count, "running"), nullable=False)
    return [group.sql]


def _row_number(node: ast.Call, scope: Scope, bind: Bind) -> Term:
    start, restart, *_ = [*_arguments(node, scope, bind, 0, 2), None, None]
    number = sql.call("toInt64", window(scope, sql.call("row_number"), "running", _restarts(scope, restart)))
    if start is not None:
        number = sql.minus(sql.plus(number, accept(start, LONG).sql), 1)
    return scope.window("row_number", LONG, number, nullable=False)


def _row_cumsum(node: ast.Call, scope: Scope, bind: Bind) -> Term:
    """The sum so far, in the type of the value; null where an int can no longer hold it."""
    value, restart, *_ = [*_arguments(node, scope, bind, 1, 2), None]
    if value.type not in (*NUMBERS, KqlType.TIMESPAN):
        raise Misfit(f"a {value.type} cannot be added up")
    known = sql.if_null(value.sql, literal_term(value.type, 0).sql) if value.nullable else value.sql
    total = window(scope, sql.call("sum", known), "running", _restarts(scope, restart))
    if value.type is KqlType.INT:
        return scope.window("row_cumsum", value.type, sql.call("accurateCastOrNull", total, "Int32"))
    return scope.window("row_cumsum", value.type, total, nullable=False)


def _neighbour(function: str) -> Special:
    """`prev` and `next`: the value some rows away, or the default beyond the ends."""

    def build(node: ast.Call, scope: Scope, bind: Bind) -> Term:
        value, *rest = _arguments(node, scope, bind, 1, 3)
        other = "next" if function == "lagInFrame" else "prev"
        what, hint = f"the offset of {node.function}()", f"use {other}()"
        offset = fixed_integer(rest[0], what, hint) if rest else sql.literal(1)
        default = cast(node.function, rest[1], value.type) if len(rest) == 2 else null_of(value.type)
        if sql.columns_read(default.sql):
            raise Misfit(f"the default of {node.function}() must be a constant", "use coalesce() around it")
        filled = sql.call(function, _maybe(value), offset, _maybe(default))
        return scope.window(node.function, value.type, window(scope, filled))

    return build


def _maybe(term: Term) -> Sql:
    """The value in a type that has a null, so that the default of the window function is one."""
    return term.sql if term.type is STRING else sql.call("toNullable", term.sql)


def _rank(function: str) -> Special:
    """`row_rank_dense` and `row_rank_min`: equal values that follow each other share a rank."""

    name = f"row_rank_{function}"

    def build(node: ast.Call, scope: Scope, bind: Bind) -> Term:
        value, restart, *_ = [*_arguments(node, scope, bind, 1, 2), None]
        partition = _restarts(scope, restart)
        before = scope.window(name, value.type, window(scope, sql.call("lagInFrame", _maybe(value), 1)))
        first = sql.call("row_number")
        place = scope.window(
            name, LONG, sql.call("toInt64", window(scope, first, "running", partition)), nullable=False
        )
        changed = sql.any_of(
            [sql.eq(place.sql, 1), sql.not_(sql.call("isNotDistinctFrom", value.sql, before.sql))]
        )
        if function == "dense":
            count = window(scope, sql.call("countIf", changed), "running", partition)
            return scope.window(name, LONG, sql.call("toInt64", count), nullable=False)
        start = sql.if_(changed, place.sql, 0)
        return scope.window(
            name, LONG, window(scope, sql.call("max", start), "running", partition), nullable=False
        )

    return build


def _window_session(node: ast.Call, scope: Scope, bind: Bind) -> Term:
    return window_session(_arguments(node, scope, bind, 3, 4), scope)


def _column_names_of(node: ast.Call, scope: Scope, _: Bind) -> Term:
    if len(node.arguments) != 1:
        raise Misfit("column_names_of() takes one table")
    table = scope.bind_table(node.arguments[0], scope)
    return literal_term(KqlType.DYNAMIC, [field.name for field in table.fields])


def _new_guid(node: ast.Call, scope: Scope, bind: Bind) -> Term:
    _arguments(node, scope, bind, 0, 0)
    return Term(KqlType.GUID, _drawn("generateUUIDv4", scope), nullable=False)


def _rand(node: ast.Call, scope: Scope, bind: Bind) -> Term:
    """`rand()` in [0, 1), `rand(n)` one of 0, 1, ... n - 1; a real."""
    below = _arguments(node, scope, bind, 0, 1)
    drawn = _drawn("randCanonical", scope)
    if not below:
        return Term(KqlType.REAL, drawn, nullable=False)
    size = accept(below[0], Anything.NUMBER)
    return Term(KqlType.REAL, sql.call("floor", sql.times(drawn, convert(size, LONG).sql)), size.nullable)


def _drawn(function: str, scope: Scope) -> Sql:
    """A value that each call draws for itself: the engine computes equal calls once, so each gets a name."""
    scope.context.draws += 1
    scope.context.row_draws += 1
    if scope.context.draws > MOST_DRAWS:
        raise Misfit(
            f"the query draws more than {MOST_DRAWS} values, those of a name at each use",
            "draw once: toscalar()",
        )
    return sql.call(function, sql.literal(scope.context.fresh("draw")))


SPECIAL_FUNCTIONS: Mapping[str, Special] = {
    "now": _now,
    "ago": _ago,
    "column_ifexists": _column_if_exists,
    "columnifexists": _column_if_exists,
    "pack_all": _pack_all,
    "extract": _extract,
    "extract_json": _extract_json,
    "extractjson": _extract_json,
    "toscalar": _to_scalar,
    "row_number": _row_number,
    "row_cumsum": _row_cumsum,
    "row_window_session": _window_session,
    "row_rank_dense": _rank("dense"),
    "row_rank_min": _rank("min"),
    "prev": _neighbour("lagInFrame"),
    "next": _neighbour("leadInFrame"),
    "new_guid": _new_guid,
    "rand": _rand,
    "column_names_of": _column_names_of,
    **SETTING_FUNCTIONS,
}
"""By name; each gets the call, its scope and the binder of expressions."""
