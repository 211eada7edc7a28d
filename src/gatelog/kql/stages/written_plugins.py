"""rolling_percentile and schema_merge."""

from __future__ import annotations

from collections.abc import Mapping

from gatelog.kql import ast
from gatelog.kql.stages.written import Arguments, Written

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


def _rolling_name(given: Arguments) -> Mapping[str, str]:
    """rolling_3_percentile_Value_50."""
    bins, value, percent = (_shown(given[name]) for name in ("Bins", "Value", "Percent"))
    return {"Result": f"rolling_{bins}_percentile_{value}_{percent}".replace(".", "_")}


def _shown(node: ast.Expression) -> str:
    match node:
        case ast.Name(value=name):
            return name
        case ast.Literal(value=value):
            return str(value)
        case _:
            return ""


WRITTEN_PLUGINS: Mapping[str, Written] = {
    "rolling_percentile": Written(
        _PERCENTILE,
        ("Value", "Percent", "Index", "Width", "Bins"),
        frozenset({"Value", "Index"}),
        made=_rolling_name,
    ),
    "schema_merge": Written(
        _SCHEMA_MERGE,
        (),
        frozenset(),
        optional={"PreserveOrder": lambda span: ast.Literal(span, "bool", True)},
    ),
}
"""The plugins of this table by name."""
