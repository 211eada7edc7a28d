"""Functions on the intermediate results of percentiles and distinct counts: tdigest() and hll() make them,
they can be stored and merged, and the answers are read from them later.

    tdigest    [["long"], [value, ...], [weight, ...]]    every distinct value, in order, and how often
    hll        "0102..."                                  ClickHouse's state of uniqCombined64, hexadecimal

A digest keeps datetimes and timespans in ticks; like `percentile` it is exact, Kusto's is an estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gatelog.kql.clickhouse import sql, ticks
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Function, Naming, accept, aliases, finished
from gatelog.kql.misfit import Misfit
from gatelog.kql.terms import Term
from gatelog.kql.types import INTEGERS, NUMBERS, KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.conversions import convert

DYNAMIC, LONG, REAL, STRING = KqlType.DYNAMIC, KqlType.LONG, KqlType.REAL, KqlType.STRING
DATETIME, TIMESPAN = KqlType.DATETIME, KqlType.TIMESPAN

_STATE = "AggregateFunction(uniqCombined64, String)"
_COUNTED = "Tuple(Array(Float64), Array(Float64))"
_FIRST = "JSONExtractString(digest, 1, 1)"
_TYPE = f"if(match({_FIRST}, '^(long|real|datetime|timespan)$'), {_FIRST}, '')"


def measured(value: Term) -> tuple[KqlType, Sql]:
    """The kind of digest that a value goes into, and the value as a Float64."""
    if value.type in INTEGERS:
        return LONG, sql.call("toFloat64", value.sql)
    if value.type in NUMBERS:
        return REAL, sql.call("toFloat64", value.sql)
    if value.type is DATETIME:
        return DATETIME, sql.call("toFloat64", ticks.since_1970(value.sql))
    if value.type is TIMESPAN:
        return TIMESPAN, sql.call("toFloat64", value.sql)
    raise Misfit(f"a {value.type} has no percentiles", "convert it, for example with toreal()")


def counted(digest: Sql) -> Sql:
    """The values of a digest and their weights, as many: Tuple(Array(Float64), Array(Float64)). Of what is no
    digest there are none."""
    values, weights = (f"JSONExtract(digest, {place}, 'Array(Float64)')" for place in (2, 3))
    pair = f"CAST(({values}, arrayResize({weights}, length({values}))) AS {_COUNTED})"
    return formula(f"if({_TYPE} = '', CAST(([], []) AS {_COUNTED}), {pair})", digest=sql.if_null(digest, ""))


def written(kind: Sql, pair: Sql) -> Sql:
    """The digest of a kind, of values and weights."""
    values, weights = (f"toJSONString(tupleElement(pair, {place}))" for place in (1, 2))
    text = f"concat('[[\"', kind, '\"],', {values}, ',', {weights}, ']')"
    return sql.with_value(pair, "pair", lambda both: formula(text, kind=kind, pair=both))


def kind_of(digest: Sql) -> Sql:
    """The kind of a digest, a name of a type; empty for what is no digest."""
    return formula(_TYPE, digest=digest)


def merged(digests: Sequence[Sql]) -> Sql:
    """One digest of several."""
    pairs = sql.array([counted(digest) for digest in digests])
    values, weights = (f"arrayMap(pair -> tupleElement(pair, {place}), pairs)" for place in (1, 2))
    text = f"arrayReduce('sumMap', {values}, {weights})"
    return written(
        kind_of(digests[0]), sql.with_value(pairs, "pairs", lambda all_: formula(text, pairs=all_))
    )


def _merge_digests(arguments: Sequence[Term]) -> Term:
    digests = [accept(argument, DYNAMIC) for argument in arguments]
    node = merged([digest.sql for digest in digests])
    known = sql.ne(kind_of(digests[0].sql), "")
    return finished(DYNAMIC, sql.if_(known, node, sql.null()), digests, may_fail=True)


def _constant_numbers(arguments: Sequence[Term]) -> list[float]:
    numbers: list[float] = []
    for argument in arguments:
        value = argument.constant.value if argument.constant is not None else None
        for number in value if isinstance(value, list) else [value]:
            if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= 100:
                raise Misfit("a percentile is a constant from 0 to 100")
            numbers.append(float(number))
    return numbers


def _at_rank(digest: Sql, rank: Sql) -> Sql:
    """The smallest value that `rank` percent of the weight do not exceed, as a dynamic; null when there is
    none."""
    reached = """
    arrayFirstIndex(
        sum -> sum >= arraySum(tupleElement(pair, 2)) * rank / 100, arrayCumSum(tupleElement(pair, 2))
    )
    """
    found = f"arrayElement(tupleElement(pair, 1), greatest({reached}, 1))"

    def as_kind(value: Sql) -> Sql:
        whole = Term(LONG, sql.call("toInt64", value), nullable=False)
        moment = Term(DATETIME, ticks.from_1970(whole.sql, nullable=True))
        span = Term(TIMESPAN, whole.sql, nullable=False)
        kinds = {DATETIME: moment, TIMESPAN: span, LONG: whole}
        cases: list[Sql] = []
        for kind, term in kinds.items():
            cases += [sql.eq(kind_of(digest), kind.value), convert(term, DYNAMIC).sql]
        real = Term(REAL, value, nullable=False)
        return sql.call("multiIf", *cases, convert(real, DYNAMIC).sql)

    def picked(pair: Sql) -> Sql:
        node = formula(found, pair=pair, rank=rank)
        empty = formula("empty(tupleElement(pair, 1))", pair=pair)
        return sql.if_(empty, sql.null(), sql.with_value(node, "value", as_kind))

    return sql.with_value(counted(digest), "pair", picked)


def _number(rank: float) -> Sql:
    return sql.call("toFloat64", repr(rank))


def percentile_of_digest(arguments: Sequence[Term]) -> Term:
    """`percentile_tdigest(digest, rank)`; null where a column holds no rank."""
    digest = accept(arguments[0], DYNAMIC)
    if arguments[1].constant is None:
        rank = accept(arguments[1], REAL)
        known = sql.all_of([sql.at_least(rank.sql, 0), sql.at_most(rank.sql, 100)])
        node = sql.if_(known, _at_rank(digest.sql, sql.call("assumeNotNull", rank.sql)), sql.null())
        return finished(DYNAMIC, node, [digest], may_fail=True)
    ranks = _constant_numbers(arguments[1:])
    if len(ranks) != 1:
        raise Misfit("percentile_tdigest() takes one percentile")
    return finished(DYNAMIC, _at_rank(digest.sql, _number(ranks[0])), [digest], may_fail=True)


def percentiles_of_digest(arguments: Sequence[Term]) -> Term:
    """`percentile_array_tdigest(digest, rank, ...)` or with an array of ranks."""
    digest = accept(arguments[0], DYNAMIC)
    found = [_at_rank(digest.sql, _number(rank)) for rank in _constant_numbers(arguments[1:])]
    return finished(DYNAMIC, json_values.written_array(found), [digest])


def _rank(arguments: Sequence[Term], build: Callable[[Sql, Sql], Sql]) -> Term:
    digest = accept(arguments[0], DYNAMIC)
    _, value = measured(arguments[1])
    node = sql.with_value(counted(digest.sql), "pair", lambda pair: build(pair, value))
    is_one = sql.ne(kind_of(sql.if_null(digest.sql, "")), "")
    return finished(REAL, sql.if_(is_one, node, sql.null()), [digest, arguments[1]], may_fail=True)


def _place(pair: Sql, value: Sql) -> Sql:
    """How much weight is on values up to this one."""
    text = """
    arraySum(arrayMap(
        (one, weight) -> if(one <= value, weight, 0), tupleElement(pair, 1), tupleElement(pair, 2)
    ))
    """
    return formula(text, pair=pair, value=value)


def _share(pair: Sql, value: Sql) -> Sql:
    return formula("100 * place / arraySum(tupleElement(pair, 2))", place=_place(pair, value), pair=pair)


_EMPTY = "0100"
_DIGITS = "JSONExtractString(ifNull(sketch, ''))"
_KNOWN = f"if(match({_DIGITS}, '^([0-9A-F][0-9A-F])+$'), {_DIGITS}, empty)"


def state(sketch: Sql) -> Sql:
    """The state that a dynamic from hll() holds; that of no values for anything else."""
    return sql.cast(sql.call("unhex", formula(_KNOWN, sketch=sketch, empty=_EMPTY)), _STATE)


def sketch_of(state_: Sql) -> Sql:
    """A state as a dynamic."""
    return sql.call("concat", '"', sql.call("hex", state_), '"')


def union_of(sketches: Sequence[Sql]) -> Sql:
    """The state of all values of several sketches."""
    return sql.call("arrayReduce", "uniqCombined64MergeState", sql.array([state(one) for one in sketches]))


def _merge_sketches(arguments: Sequence[Term]) -> Term:
    sketches = [accept(argument, DYNAMIC) for argument in arguments]
    return finished(DYNAMIC, sketch_of(union_of([one.sql for one in sketches])), sketches)


def size_of(state_: Sql) -> Sql:
    """The number of distinct values in a state."""
    return sql.call("toInt64", sql.call("finalizeAggregation", state_))


def _count(arguments: Sequence[Term]) -> Term:
    """`dcount_hll(sketch)`: null for what is no sketch."""
    sketch = accept(arguments[0], DYNAMIC)
    is_one = sql.if_null(json_values.is_string(sketch.sql), sql.boolean(False))
    return Term(LONG, sql.if_(is_one, size_of(state(sketch.sql)), sql.null()))


DIGESTS: tuple[Function, ...] = (
    *aliases(
        Function("tdigest_merge", 2, 64, _merge_digests, Naming.FIXED, "tdigests_merge_result"),
        "merge_tdigest",
    ),
    Function("percentile_tdigest", 2, 2, percentile_of_digest, Naming.PREFIXED, "percentile_tdigest"),
    *aliases(
        Function(
            "percentiles_array_tdigest",
            2,
            None,
            percentiles_of_digest,
            Naming.PREFIXED,
            "percentile_tdigest",
        ),
        "percentile_array_tdigest",
    ),
    Function("rank_tdigest", 2, 2, lambda arguments: _rank(arguments, _place)),
    Function("percentrank_tdigest", 2, 2, lambda arguments: _rank(arguments, _share)),
    Function("dcount_hll", 1, 1, _count, Naming.PREFIXED, "dcount_hll"),
    Function("hll_merge", 2, 64, _merge_sketches, Naming.FIXED, "hll_merged_result"),
)
"""The rows of this table."""
