"""rolling_percentile and schema_merge."""

from __future__ import annotations

from collections.abc import Mapping

from gatelog.kql import ast
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Relation
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.stages.plugin_arguments import MOST_WINDOWS, named_column
from gatelog.kql.stages.written import Arguments, Written
from gatelog.kql.terms import Constant
from gatelog.kql.types import NUMBERS, KqlType

_PERCENTILE = """
let __Binned = __T | project Value, Index = bin(Index, Width), Dims;
__Binned
| extend __step = range(0, Bins - 1)
| mv-expand __step to typeof(long)
| extend Index = Index + __step * Width
| summarize Result = percentile(Value, Percent) by Index, Dims
| join kind=leftsemi (__Binned | distinct Index, Dims) on Index, Dims
| project Index, Dims, Result
"""


_SCHEMA_MERGE = """
__T
| summarize __least = min(ColumnOrdinal), __most = max(ColumnOrdinal), __types = make_set(ColumnType),
    __shown = take_any(DataType), ColumnType = take_any(ColumnType) by ColumnName
| extend __problem = case(
    PreserveOrder and __least != __most, "columns are out of order",
    array_length(__types) > 1 and array_length(set_difference(__types, dynamic(["int", "long", "real"]))) > 0,
    "types have nothing in common", "")
| extend ColumnType = case(
    __problem != "", strcat("ERROR(", __problem, ")"), array_length(__types) == 1, ColumnType,
    set_has_element(__types, "real"), "real", "long")
| extend DataType = case(
    __problem != "", strcat("ERROR(unknown CSL type:", ColumnType, ")"), array_length(__types) == 1, __shown,
    ColumnType == "real", "System.Double", "System.Int64")
| sort by __most asc
| project ColumnName, ColumnOrdinal = iff(__problem != "", -1, __most), DataType, ColumnType
"""


def _check_rolling(given: Arguments, call: ast.Call, relation: Relation, scope: Scope) -> None:
    """Refuses values that have no percentile, bins of no width, and windows of none or too many of them."""
    value = named_column(given["Value"], call, relation, scope)
    if value.type not in (*NUMBERS, KqlType.DATETIME, KqlType.TIMESPAN):
        message = f"ValueColumn must be a number or a time, '{value.name}' is {value.type}"
        raise scope.context.error(given["Value"], message)
    width = bind(given["Width"], scope).constant
    if width is not None and isinstance(width.value, int | float) and width.value <= 0:
        raise scope.context.error(given["Width"], "BinSize must be above zero")
    bins = bind(given["Bins"], scope).constant
    if bins is None or not isinstance(bins.value, int) or not 0 < bins.value <= MOST_WINDOWS:
        message = f"BinsPerWindow must be a constant from 1 to {MOST_WINDOWS}"
        raise scope.context.error(given["Bins"], message)


def _rolling_name(given: Arguments, scope: Scope) -> Mapping[str, str]:
    """rolling_3_percentile_Value_50."""
    value = given["Value"]
    shown = value.value if isinstance(value, ast.Name) else ""
    bins, percent = (bind(given[name], scope).constant for name in ("Bins", "Percent"))
    name = f"rolling_{_written(bins)}_percentile_{shown}_{_written(percent)}"
    return {"Result": name.replace(".", "_")}


def _written(constant: Constant | None) -> str:
    return "" if constant is None else str(constant.value)


WRITTEN_PLUGINS: Mapping[str, Written] = {
    "rolling_percentile": Written(
        _PERCENTILE,
        ("Value", "Percent", "Index", "Width", "Bins"),
        frozenset({"Value", "Index"}),
        made=_rolling_name,
        check=_check_rolling,
    ),
    "schema_merge": Written(
        _SCHEMA_MERGE,
        (),
        frozenset(),
        optional={"PreserveOrder": lambda span: ast.Literal(span, "bool", True)},
    ),
}
"""The plugins of this table by name."""
