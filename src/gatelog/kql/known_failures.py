"""Published cases that are answered differently or not at all, with reasons: for the reference page."""

from __future__ import annotations

from typing import Final, NamedTuple


class Failure(NamedTuple):
    """A case by the page or collection that has it, and why it fails."""

    case: str
    reason: str


KNOWN_FAILURES: Final = (
    Failure("inline-external-table-operator (3)", "data in storage elsewhere is not read: refused"),
    Failure("hash-combine-function", "how Kusto combines hashes is not documented: refused"),
    Failure(
        "union-operator",
        "columns `x_long1, x_int, x_long`, as on the page; the parser of Kusto orders otherwise",
    ),
    Failure(
        "range-function, series-acos-function",
        "the page shows a row, or an input, that its query does not have",
    ),
    Failure("url-encode-component-function", "the page leaves out the last slash"),
    Failure("geo-geohash-neighbors-function", "the same polygon, with other points on its straight sides"),
    Failure("geospatial-joins", "the page shows fewer rows than its cells hold"),
    Failure("time-window-rolling-avg-fl", "the answer depends on the day on which it is asked"),
    Failure("recorded: a path with a computed key", "the name of the column holds a random id"),
    Failure(
        "recorded: tostring(0.1 + 0.2)", "Kusto prints 0.30000000000000007, a digit that the number has not"
    ),
    Failure(
        "kusto-loco: row_cumsum over a datatable", "Kusto refuses rows without an order, and so does gatelog"
    ),
    Failure("ClickHouse: the empty side of an outer join", "ClickHouse gives 0, Kusto null"),
)
"""What fails of 1,088 cases: documentation, answers recorded from a Kusto engine, other engines' tests."""
