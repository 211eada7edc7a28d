"""The fold of a scan: its state goes from row to row, and collects the output.

The engine copies the state at each row. That of many rows is long, so only the output of a portion goes from
row to row, and that of all from portion to portion:

    rows      r r r r │ r r r r │ r r r r
    output    a b     │ c       │ d e f
    all                a b       a b c     a b c d e f
"""

from __future__ import annotations

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql

MOST_ROWS = 100_000
"""Rows of one partition: some seconds a step of the scan."""

PORTION = 256
"""Rows."""

_TOO_MANY = f"scan of more than {MOST_ROWS:,} rows in one partition: filter before, or partition by"


def folded(rows: Sql, each: Sql, start: Sql, kind: str, size: int) -> Sql:
    """The state after all rows. `each` is the lambda that makes it of the one before and a row.

    A state is a tuple of the type `kind` with `size` parts: the last is its output, an array that grows.
    """
    before = sql.variable("scan_before")
    silent = sql.cast(_with_output(before, size, sql.array([])), kind)

    def joined(after: Sql) -> Sql:
        output = sql.call(
            "arrayConcat", *(sql.call("tupleElement", state, size) for state in (before, after))
        )
        return sql.cast(_with_output(after, size, output), kind)

    after = sql.call("arrayFold", each, sql.variable("scan_rows"), silent)
    moved = sql.lambda_pair("scan_before", "scan_rows", sql.with_value(after, "scan_after", joined))
    return sql.call("arrayFold", moved, _portions(rows), start)


def _portions(rows: Sql) -> Sql:
    """The rows in arrays, or an error if they are too many: the engine would hold all of them."""
    too_many = sql.greater(sql.call("length", rows), MOST_ROWS)
    few = sql.call("arraySlice", rows, sql.plus(sql.fails_beyond(too_many, _TOO_MANY), 1))
    text = "arraySplit((row, place) -> place % size = 1, few, arrayEnumerate(few))"
    return formula(text, few=few, size=sql.literal(PORTION))


def _with_output(state: Sql, size: int, output: Sql) -> Sql:
    return sql.tuple_([*(sql.call("tupleElement", state, place) for place in range(1, size)), output])
