"""All paths of some lengths from one node, in SQL: each step makes the paths found so far one edge longer.

frontier    [([(edge, node), ...],), ...]     the paths of the length in hand; a tuple each, so that
found       the same, of all lengths wanted   flattening joins the lists of paths and not the paths
"""

from __future__ import annotations

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql

MOST_PATHS = 100_000
"""Paths from one node: they are held in memory at once."""

_TOO_MANY = (
    f"{sql.LIMIT}more than {MOST_PATHS} paths leave a node: allow fewer edges, or filter the graph before"
)

_LONGER = """
arrayFlatten(arrayMap(
    path -> arrayMap(
        way -> tuple(arrayPushBack(path.1, way)),
        arrayFilter(way -> {passes}, ways[if(empty(path.1), start, path.1[-1].2)])
    ),
    frontier
))
"""
_PASSES = {
    "all": "1",
    "unique_edges": "NOT arrayExists(step -> step.1 = way.1, path.1)",
    "none": "way.2 <> start AND NOT arrayExists(step -> step.2 = way.2, path.1)",
}
_PATHS_TYPE = "Array(Tuple(Array(Tuple(UInt64, UInt64))))"


def paths(start: Sql, ways: Sql, low: int, high: int, cycles: str) -> Sql:
    """The paths of `low` to `high` edges from the node at the place `start`."""
    longer = formula(
        _LONGER.format(passes=_PASSES[cycles]),
        start=start,
        ways=ways,
        frontier=formula("tupleElement(state, 1)", state=sql.variable("state")),
    )

    def moved(frontier: Sql) -> Sql:
        text = """
        tuple(
            if(throwIf(length(frontier) > most, too_many) = 0, frontier, frontier),
            if(step >= low, arrayConcat(tupleElement(state, 2), frontier), tupleElement(state, 2))
        )
        """
        names = {name: sql.variable(name) for name in ("state", "step")}
        return formula(text, frontier=frontier, most=MOST_PATHS, too_many=_TOO_MANY, low=low, **names)

    none, here = f"CAST([] AS {_PATHS_TYPE})", f"CAST([tuple([])] AS {_PATHS_TYPE})"
    folded = sql.call(
        "arrayFold",
        sql.lambda_pair("state", "step", sql.with_value(longer, "frontier", moved)),
        sql.call("range", 1, high + 1),
        formula(f"tuple({here}, {here if low == 0 else none})"),
    )
    return sql.call("tupleElement", folded, 2)
