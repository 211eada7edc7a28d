"""Window functions: values over the order of the rows."""

from __future__ import annotations

from sqlglot import exp

from gatelog.kql import sql
from gatelog.kql.scope import Scope
from gatelog.kql.sql import Sql

WINDOW_FUNCTIONS = frozenset(
    {"next", "prev", "row_cumsum", "row_number", "row_rank_dense", "row_rank_min", "row_window_session"}
)
"""The functions of KQL that speak of other rows than their own."""


def window(scope: Scope, function: Sql, frame: str = "whole", partition: list[Sql] | None = None) -> Sql:
    """`function OVER (...)` in the order of the rows; frame whole (all rows) or running (up to this row)."""
    order = exp.Order(expressions=[key.sql for key in scope.order]) if scope.order else None
    end, side = ("UNBOUNDED", "FOLLOWING") if frame == "whole" else ("CURRENT ROW", None)
    spec = exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end=end, end_side=side)
    within = [*(partition or []), *([sql.column(scope.part.sql_name)] if scope.part is not None else [])]
    return exp.Window(this=function, partition_by=within, order=order, spec=spec)
