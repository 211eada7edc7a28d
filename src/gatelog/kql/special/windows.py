"""Window functions: values over the order of the rows.

The engine sorts again for each SELECT, and then rows with equal keys may change places. So the first window
of a stage also numbers the rows, in the same SELECT, and from there on their order is that of these numbers.
"""

from __future__ import annotations

from msgspec.structs import replace
from sqlglot import exp

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.names.scope import Pending, Scope
from gatelog.kql.relations import Computed, SortKey

WINDOW_FUNCTIONS = frozenset(
    {"next", "prev", "row_cumsum", "row_number", "row_rank_dense", "row_rank_min", "row_window_session"}
)
"""The functions of KQL that speak of other rows than their own."""


def window(scope: Scope, function: Sql, frame: str = "whole", partition: list[Sql] | None = None) -> Sql:
    """`function OVER (...)` in the order of the rows; frame whole (all rows) or running (up to this row)."""
    keys = order_after(scope) if scope.pending.windows else scope.order
    order = exp.Order(expressions=[key.sql for key in keys]) if keys else None
    end, side = ("UNBOUNDED", "FOLLOWING") if frame == "whole" else ("CURRENT ROW", None)
    spec = exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end=end, end_side=side)
    within = [*(partition or []), *([sql.column(scope.part.sql_name)] if scope.part is not None else [])]
    return exp.Window(this=function, partition_by=within, order=order, spec=spec)


def numbering(scope: Scope) -> Computed | None:
    """The number of each row that the first window of the stage gives, if their order is open without."""
    if scope.pending.place is None:
        return None
    first = replace(scope, pending=Pending())
    return Computed(
        scope.pending.place, sql.call("toInt64", window(first, sql.call("row_number"), "running"))
    )


def order_after(scope: Scope) -> tuple[SortKey, ...]:
    """The order of the rows after the first window of the stage."""
    if scope.pending.place is None:
        return scope.order
    place = SortKey(scope.pending.place.sql_name, descending=False, nulls_first=False, unique=True)
    if scope.part is None:
        return (place,)
    return (SortKey(scope.part.sql_name, descending=False, nulls_first=False), place)
