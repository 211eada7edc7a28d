"""Functions whose answer depends on the names of columns, on the settings of the query or on who asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from sqlglot import exp

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions import FUNCTIONS, bag_of, bin_at
from gatelog.kql.functions.row import constant_string
from gatelog.kql.misfit import Misfit
from gatelog.kql.names.scope import Bind, Scope
from gatelog.kql.search.text_search import search
from gatelog.kql.terms import Term, null_of, reference
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.conversions import convert
from gatelog.kql.values.literals import bool_term, literal_term, string_term

Special: TypeAlias = "Callable[[ast.Call, Scope, Bind], Term]"

DYNAMIC, LONG, STRING = KqlType.DYNAMIC, KqlType.LONG, KqlType.STRING

_SIZES = {KqlType.BOOL: 1, KqlType.INT: 4, KqlType.GUID: 16, KqlType.DECIMAL: 16}
"""Bytes of a value in Kusto; of the types not here 8, of strings their length."""

_FIRST_PLACE = """
toInt64(arrayFold(
    (place, needle, json, at) -> if(place = 0 AND json != 'null' AND found, at, place),
    items, jsons, arrayEnumerate(items), toUInt32(0)
)) - 1
"""
"""Of the functions that go through an array only arrayFold ends with the budget's time."""


def _values(node: ast.Call, scope: Scope, bind: Bind, least: int, most: int) -> list[Term]:
    if not least <= len(node.arguments) <= most:
        raise Misfit(f"{node.function}() takes {least} to {most} arguments, here are {len(node.arguments)}")
    return [bind(argument, scope) for argument in node.arguments]


def _bag_of_columns(node: ast.Call, scope: Scope, bind: Bind) -> Term:
    """`bag_pack_columns(a, b)`: the columns under their names."""
    names = []
    for argument in node.arguments:
        if not isinstance(argument, ast.Name):
            raise Misfit("bag_pack_columns() takes columns")
        names.append(string_term(argument.value))
    return bag_of(names, [bind(argument, scope) for argument in node.arguments])


def _bin_auto(node: ast.Call, scope: Scope, bind: Bind) -> Term:
    """In bins as wide as `set query_bin_auto_size`, one of which begins at `query_bin_auto_at`."""
    (value,) = _values(node, scope, bind, 1, 1)
    size = scope.context.settings.get("query_bin_auto_size")
    if size is None:
        raise Misfit("bin_auto() needs the width of its bins", "write: set query_bin_auto_size = 1h;")
    start = scope.context.settings.get("query_bin_auto_at")
    zero = literal_term(value.type, 0) if value.type is not KqlType.REAL else literal_term(value.type, 0.0)
    return bin_at([value, bind(size, scope), zero if start is None else bind(start, scope)])


def _estimated_size(node: ast.Call, scope: Scope, bind: Bind) -> Term:
    """`estimate_data_size(a, b)` or `(*)`: bytes of the values of a row."""
    total: Sql = sql.literal(0)
    for argument in node.arguments:
        is_star = isinstance(argument, ast.Star)
        columns = map(reference, scope.shown) if is_star else [bind(argument, scope)]
        for column in columns:
            total = sql.plus(total, _size(column))
    return Term(LONG, sql.call("toInt64", total), nullable=False)


def _size(column: Term) -> Sql:
    if column.type in (STRING, DYNAMIC):
        return sql.if_null(sql.call("length", column.sql), 0)
    return sql.literal(_SIZES.get(column.type, 8))


def _first_found(node: ast.Call, scope: Scope, bind: Bind) -> Term:
    """`has_any_index(text, array)`: the place of the first element that is a term of the text, or -1."""
    text, wanted = _values(node, scope, bind, 2, 2)
    needle = Term(STRING, sql.variable("needle"), nullable=False)
    found = search("has", convert(text, STRING), needle).sql
    if wanted.type is not DYNAMIC:
        raise Misfit(f"has_any_index() looks for the elements of an array, this is {wanted.type}")
    items, jsons = json_values.strings(wanted.sql), json_values.elements(wanted.sql)
    return Term(LONG, formula(_FIRST_PLACE, items=items, jsons=jsons, found=found), nullable=False)


def _time_zones(node: ast.Call, scope: Scope, bind: Bind) -> Term:
    """`datetime_list_timezones()`: the names that the functions on zones take."""
    _values(node, scope, bind, 0, 0)
    names = formula("arraySort(groupArray(time_zone))", time_zone=sql.column("time_zone"))
    text = json_values.array_text(
        sql.call("arrayMap", sql.lambda_("zone", json_values.quoted(sql.variable("zone"))), names)
    )
    table = exp.Table(this=sql.identifier("time_zones"), db=sql.identifier("system"))
    select = exp.Select(expressions=[text], from_=exp.From(this=table))
    return Term(DYNAMIC, sql.subquery(select), nullable=False)


def _is_member(node: ast.Call, scope: Scope, bind: Bind) -> Term:
    """Nobody who asks here is known as a member of a group of Microsoft Entra ID."""
    if not node.arguments:
        raise Misfit("current_principal_is_member_of() takes groups")
    for argument in node.arguments:
        bind(argument, scope)
    return bool_term(False)


def with_type(node: ast.Call) -> tuple[tuple[ast.Expression, ...], KqlType | None]:
    """The arguments of a call, and apart from them the type that the last may be: `typeof(long)`."""
    *values, last = node.arguments or (None,)
    if not isinstance(last, ast.TypeOf):
        return node.arguments, None
    if len(last.types) != 1:
        raise Misfit("typeof() takes one type here")
    return tuple(value for value in values if value is not None), KqlType(last.types[0])


def _percentile_of_digest(name: str) -> Special:
    """With `typeof(type)` at the end the result is of that type."""

    def build(node: ast.Call, scope: Scope, bind: Bind) -> Term:
        values, kind = with_type(node)
        row = FUNCTIONS[name]
        if len(values) < row.least or (row.most is not None and len(values) > row.most):
            raise Misfit(f"{name}() takes a digest, percentages and perhaps a type")
        found = row.build([bind(value, scope) for value in values])
        return convert(found, kind) if kind is not None and name == "percentile_tdigest" else found

    return build


def _ingestion_time(node: ast.Call, scope: Scope, bind: Bind) -> Term:
    """Null, as in Kusto, where the row is none of a table that keeps such times."""
    _values(node, scope, bind, 0, 0)
    came = scope.input.hidden.ingested if scope.input is not None else None
    return reference(came) if came is not None else null_of(KqlType.DATETIME)


def _current_database(node: ast.Call, scope: Scope, bind: Bind) -> Term:
    _values(node, scope, bind, 0, 0)
    return string_term(scope.context.catalog.database)


def _column_exists(node: ast.Call, scope: Scope, bind: Bind) -> Term:
    """`iscolumnexists("name")`, the forerunner of column_ifexists()."""
    (name,) = _values(node, scope, bind, 1, 1)
    wanted = constant_string(name, "the name of the column")
    return bool_term(any(field.name == wanted for field in scope.fields))


SETTING_FUNCTIONS: Mapping[str, Special] = {
    "bag_pack_columns": _bag_of_columns,
    "bin_auto": _bin_auto,
    "current_database": _current_database,
    "current_principal_is_member_of": _is_member,
    "datetime_list_timezones": _time_zones,
    "estimate_data_size": _estimated_size,
    "has_any_index": _first_found,
    "ingestion_time": _ingestion_time,
    "iscolumnexists": _column_exists,
    "percentile_tdigest": _percentile_of_digest("percentile_tdigest"),
    "percentile_array_tdigest": _percentile_of_digest("percentile_array_tdigest"),
    "percentiles_array_tdigest": _percentile_of_digest("percentiles_array_tdigest"),
}
"""By name; each gets the call, its scope and the binder of expressions."""
