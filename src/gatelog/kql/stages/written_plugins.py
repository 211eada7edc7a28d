"""Plugins that the language itself can say: a text of KQL with names for the plugin's arguments.

`__T` is the input. Names of columns stand for those that the caller names, `Dims` for all dimensions, other
names for the expressions given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from gatelog.kql import ast, parser
from gatelog.kql.ast.rewriting import rewritten
from gatelog.kql.relations import Relation
from gatelog.kql.scope import Scope, TableBinding
from gatelog.kql.stages.computing import copied
from gatelog.kql.stages.plugin_arguments import named_column

_COUNTS = """
let __Seen = __T
    | where Timeline >= Start and Timeline <= End
    | project Id, Timeline = bin_at(Timeline, Window, Start), Dims
    | summarize __rows = count() by Id, Timeline, Dims;
__Seen
| join kind=inner (__Seen | summarize __first = min(Timeline) by Id, Dims) on Id, Dims
| summarize count = sum(__rows), dcount = count(), new_dcount = countif(Timeline == __first) by Timeline, Dims
| extend __key = tostring(pack_array('', Dims))
| sort by __key asc, Timeline asc
| extend aggregated_dcount = row_cumsum(new_dcount, __key != prev(__key))
| project Timeline, Dims, count, dcount, new_dcount, aggregated_dcount
"""

_METRICS = """
let __Seen = __T
    | where Timeline >= Start and Timeline <= End
    | project Id, Timeline = bin_at(Timeline, Window, Start), Dims
    | distinct Id, Timeline, Dims;
__Seen
| extend __bin = Timeline - Window
| join kind=leftouter (__Seen | project Id, Dims, __bin = Timeline, __same = true) on Id, Dims, __bin
| summarize dcount_values = count(), __back = countif(isnotnull(__same)) by Timeline, Dims, __bin
| join kind=leftouter (__Seen | summarize __before = count() by Dims, __bin = Timeline) on Dims, __bin
| extend retention_rate = todouble(__back) / coalesce(__before, 0)
| project Timeline, dcount_values, dcount_newvalues = dcount_values - __back, retention_rate,
    churn_rate = 1.0 - retention_rate, Dims
"""

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


_NEW_METRICS = """
let __Seen = __T
    | where Timeline >= Start and Timeline <= End
    | project Id, Timeline = bin_at(Timeline, Window, Start), Dims
    | distinct Id, Timeline, Dims;
let __Counts = __Seen
    | join kind=inner (__Seen | summarize __first = min(Timeline) by Id, Dims) on Id, Dims
    | summarize __seen = count() by Timeline, __first, Dims
    | extend __one = 1;
let __Cohorts = __Counts | where Timeline == __first and __first == Cohort;
__Cohorts
| project __from = __first, __size = __seen, Dims, __one
| join kind=inner (range __to from Start to End step Window | extend __one = 1) on __one
| where __to >= __from
| join kind=leftouter (
    __Counts | project __to = Timeline, __from = __first, __kept = __seen, Dims
) on __to, __from, Dims
| join kind=leftouter (
    __Cohorts
    | project __from = __first, __one, Dims
    | join kind=inner __Counts on __one, Dims
    | where __first > __from
    | summarize __new = sum(__seen) by __to = Timeline, __from, Dims
) on __to, __from, Dims
| extend __kept = coalesce(__kept, 0)
| project From = __from, To = __to, dcount_new_values = iff(__to == __from, __size, coalesce(__new, 0)),
    dcount_retained_values = __kept, dcount_churn_values = todouble(__size - __kept),
    retention_rate = todouble(__kept) / __size, churn_rate = todouble(__size - __kept) / __size, Dims
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


@dataclass(frozen=True, slots=True)
class Written:
    """A plugin by its text and its parameters in order, of which `columns` name columns of the input.

    `optional` are further parameters with their defaults; what is given beyond are dimensions. `made` gives
    the names of the columns that the text calls otherwise.
    """

    text: str
    parameters: Sequence[str]
    columns: frozenset[str]
    made: Callable[[Mapping[str, ast.Expression]], Mapping[str, str]] | None = None
    optional: Mapping[str, Callable[[ast.Span], ast.Expression]] = field(default_factory=dict)

    def __call__(self, stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope) -> Relation:
        """The table of the plugin's text, over the input."""
        given, dimensions = self._arguments(stage, call, relation, scope)
        for name in self.columns:
            named_column(given[name], call, relation, scope)
        for dimension in dimensions:
            named_column(dimension, call, relation, scope)
        if self.made is not None:
            given |= {name: ast.Name(stage.span, made) for name, made in self.made(given).items()}
        *lets, query = _statements(self.text)
        inner = scope.with_name("__T", TableBinding(lambda: copied(relation, scope.context)))
        for let in lets:
            inner = _with_table(let.name.value, _filled(let.value, given, dimensions, stage.span), inner)
        return scope.bind_table(_filled(query.pipeline, given, dimensions, stage.span), inner)

    def _arguments(
        self, stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope
    ) -> tuple[dict[str, ast.Expression], list[ast.Expression]]:
        count = len(self.parameters)
        if len(call.arguments) < count:
            raise scope.context.error(stage, f"{call.function} takes at least {count} arguments")
        given = dict(zip(self.parameters, call.arguments, strict=False))
        rest = list(call.arguments[count:])
        columns = {column.name for column in relation.fields}
        for name, default in self.optional.items():
            taken = bool(rest) and not (isinstance(rest[0], ast.Name) and rest[0].value in columns)
            given[name] = _value(rest.pop(0)) if taken else default(stage.span)
        return given, rest


def _value(argument: ast.Expression) -> ast.Expression:
    return argument.value if isinstance(argument, ast.NamedArgument) else argument


def _with_table(name: str, node: ast.Expression, scope: Scope) -> Scope:
    return scope.with_name(name, TableBinding(lambda: scope.bind_table(node, scope)))


@cache
def _statements(text: str) -> tuple[Any, ...]:
    return parser.parse(text).statements


def _filled(
    node: ast.Expression,
    given: Mapping[str, ast.Expression],
    dimensions: Sequence[ast.Expression],
    span: ast.Span,
) -> ast.Expression:
    """The syntax tree with the arguments in the place of their names; all of it stands where the call
    does."""

    def argument(part: ast.Node) -> ast.Node | tuple[ast.Node, ...] | None:
        match part:
            case ast.Name(value=name):
                return tuple(dimensions) if name == "Dims" else given.get(name)
            case ast.NamedExpression(value=ast.Name(value="Dims")):
                return tuple(ast.NamedExpression(span, (), dimension) for dimension in dimensions)
            case _:
                return None

    return rewritten(node, argument, span)


def _rolling_name(given: Mapping[str, ast.Expression]) -> Mapping[str, str]:
    """rolling_3_percentile_Value_50."""
    bins, value, percent = (_shown(given[name]) for name in ("Bins", "Value", "Percent"))
    return {"Result": f"rolling_{bins}_percentile_{value}_{percent}".replace(".", "_")}


def _from_and_to(given: Mapping[str, ast.Expression]) -> Mapping[str, str]:
    """from_Timestamp, to_Timestamp."""
    timeline = _shown(given["Timeline"])
    return {"From": f"from_{timeline}", "To": f"to_{timeline}"}


def _shown(node: ast.Expression) -> str:
    match node:
        case ast.Name(value=name):
            return name
        case ast.Literal(value=value):
            return str(value)
        case _:
            return ""


_IN_TIME = ("Id", "Timeline", "Start", "End", "Window")

WRITTEN_PLUGINS: Mapping[str, Written] = {
    "activity_counts_metrics": Written(_COUNTS, _IN_TIME, frozenset({"Id", "Timeline"})),
    "activity_metrics": Written(_METRICS, _IN_TIME, frozenset({"Id", "Timeline"})),
    "rolling_percentile": Written(
        _PERCENTILE,
        ("Value", "Percent", "Index", "Width", "Bins"),
        frozenset({"Value", "Index"}),
        made=_rolling_name,
    ),
    "new_activity_metrics": Written(
        _NEW_METRICS,
        _IN_TIME,
        frozenset({"Id", "Timeline"}),
        made=_from_and_to,
        optional={"Cohort": lambda span: ast.Name(span, "__first")},
    ),
    "schema_merge": Written(
        _SCHEMA_MERGE,
        (),
        frozenset(),
        optional={"PreserveOrder": lambda span: ast.Literal(span, "bool", True)},
    ),
}
"""The plugins of this table by name."""
