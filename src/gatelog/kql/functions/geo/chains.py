"""The edges of lines, as pairs of positions: which two lines share, where they meet, and lines made of edges.

A position that a computation leaves alone stays as it was written: edges meet at the end that they share, not
beside it by a rounding error. So they are kept as (vector, vector, position, position) where they are cut.
"""

from __future__ import annotations

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.geo.lines import meeting_point
from gatelog.kql.functions.geo.sphere import angle, crossing, over, part, vector

_PAIRS = """
arrayFlatten(arrayMap(line -> arrayMap(
    (start, end) -> (start, end), arrayPopBack(line), arrayPopFront(line)
), lines))
"""
_CHAINED = """
multiIf(
    ending > 0, arrayMap(
        (line, place) -> if(place = ending, arrayPushBack(line, end), line), lines, arrayEnumerate(lines)
    ),
    beginning > 0, arrayMap(
        (line, place) -> if(place = beginning, arrayPushFront(line, start), line),
        lines, arrayEnumerate(lines)
    ),
    arrayPushBack(lines, [start, end])
)
"""
"""An edge goes to the end of a line that ends where it begins, or to the beginning of one, or begins one."""
_NO_LINES = "CAST([] AS Array(Array(Tuple(Float64, Float64))))"
_ONCE = """
arrayFilter(
    (pair, time) -> time = 1,
    pairs,
    arrayEnumerateUniq(arrayMap(pair -> if(pair.1 <= pair.2, pair, (pair.2, pair.1)), pairs))
)
"""
_TURNED = "arrayMap(pair -> (pair.2, pair.1), pairs)"
_SHARED = "arrayFilter(pair -> has(others, pair) OR has(turned, pair), ones)"


def pairs(lines: Sql) -> Sql:
    """The edges of lines, each a pair of positions."""
    return formula(_PAIRS, lines=lines)


def shared(ones: Sql, others: Sql) -> Sql:
    """The edges that are among others too, in either direction."""
    return sql.with_value(
        formula(_TURNED, pairs=others),
        "turned",
        lambda turned: formula(_SHARED, ones=ones, others=others, turned=turned),
    )


def chained(edges: Sql) -> Sql:
    """Edges, each once whichever way it leads, joined to as few lines as their order allows."""
    lines, edge = sql.variable("lines"), sql.variable("edge")
    ends = {"start": part(edge, 1), "end": part(edge, 2)}
    ending = formula("arrayFirstIndex(one -> one[-1] = start, lines)", start=ends["start"], lines=lines)
    beginning = formula("arrayFirstIndex(one -> one[1] = end, lines)", end=ends["end"], lines=lines)
    step = formula(_CHAINED, lines=lines, ending=ending, beginning=beginning, **ends)
    return sql.call(
        "arrayFold",
        sql.lambda_pair("lines", "edge", step),
        sql.with_value(edges, "pairs", lambda found: formula(_ONCE, pairs=found)),
        formula(_NO_LINES),
    )


def with_vectors(edges: Sql) -> Sql:
    """The edges as (vector, vector, position, position)."""

    def whole(edge: Sql) -> Sql:
        start, end = part(edge, 1), part(edge, 2)
        return sql.tuple_([vector(start), vector(end), start, end])

    return over(edges, "pair", whole)


def joints(edge: Sql, others: Sql) -> Sql:
    """The positions where an edge meets others that are not the same edge, all made by `with_vectors`."""
    met = over(
        others,
        "other",
        lambda other: sql.all_of([_differ(edge, other), crossing(edge, other)]),
        "arrayFilter",
    )
    return sql.call("arrayDistinct", over(met, "other", lambda other: _joint(edge, other)))


def _differ(edge: Sql, other: Sql) -> Sql:
    start, end = part(edge, 3), part(edge, 4)
    same, turned = ([part(other, place) for place in places] for places in ((3, 4), (4, 3)))
    return sql.all_of(
        [sql.any_of([sql.ne(start, first), sql.ne(end, last)]) for first, last in (same, turned)]
    )


def _joint(edge: Sql, other: Sql) -> Sql:
    a, b, c, d = part(edge, 3), part(edge, 4), part(other, 3), part(other, 4)
    return sql.call(
        "multiIf",
        sql.any_of([sql.eq(a, c), sql.eq(a, d)]), a,
        sql.any_of([sql.eq(b, c), sql.eq(b, d)]), b,
        meeting_point(edge, other),
    )  # fmt: skip  # pairs of condition and value


def cut(edge: Sql, others: Sql) -> Sql:
    """An edge in pieces, cut where it meets others: [(position, position), ...]."""

    def pieces(stops: Sql) -> Sql:
        pair = sql.tuple_([sql.variable("from"), sql.variable("to")])
        ends = [sql.call(function, stops) for function in ("arrayPopBack", "arrayPopFront")]
        return sql.call("arrayMap", sql.lambda_pair("from", "to", pair), *ends)

    far = sql.lambda_("place", angle(part(edge, 1), vector(sql.variable("place"))))
    between = sql.call("arraySort", far, joints(edge, others))
    ends = [sql.array([part(edge, place)]) for place in (3, 4)]
    stops = sql.call("arrayCompact", sql.call("arrayConcat", ends[0], between, ends[1]))
    return sql.with_value(stops, "stops", pieces)
