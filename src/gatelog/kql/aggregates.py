"""The aggregate functions, one row each.

A row's `build` gets the arguments and, for the `...if` forms, the predicate. Nulls do not count, except for
`count`; over no rows a sum is 0, an average NaN, a list empty, an extreme null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from gatelog.kql import json_values, sql, ticks
from gatelog.kql.comparisons import condition
from gatelog.kql.conversions import convert
from gatelog.kql.digest_aggregates import digest, merged_digest, merged_sketch, sketch
from gatelog.kql.functions import bag_from_pairs
from gatelog.kql.functions.row import accept
from gatelog.kql.literals import literal_term
from gatelog.kql.misfit import Misfit
from gatelog.kql.schema_aggregate import build_schema
from gatelog.kql.sql import Sql
from gatelog.kql.terms import Term
from gatelog.kql.types import DECIMAL_SCALE, INTEGERS, NUMBERS, KqlType

LONG, REAL, DECIMAL, STRING = KqlType.LONG, KqlType.REAL, KqlType.DECIMAL, KqlType.STRING
DATETIME, TIMESPAN, DYNAMIC = KqlType.DATETIME, KqlType.TIMESPAN, KqlType.DYNAMIC

Build: TypeAlias = "Callable[[Sequence[Term], Term | None], Term]"

LONGEST_LIST = 1_048_576
"""Elements of make_list and make_set at most: Kusto's own bound."""


@dataclass(frozen=True, slots=True)
class AggregateFunction:
    """An aggregate: between `least` and `most` arguments, the predicate at place `predicate` for `...if`
    forms.

    `prefix` names the column: `prefix_firstargument`; empty for the first argument's own name.
    """

    name: str
    least: int
    most: int
    build: Build
    prefix: str
    predicate: int | None = None
    ordered: bool = False

    def apply(self, arguments: Sequence[Term]) -> Term:
        """The aggregate of some arguments, in order as written."""
        if self.predicate is None:
            return self.build(arguments, None)
        rest = [*arguments[: self.predicate], *arguments[self.predicate + 1 :]]
        return self.build(rest, condition(arguments[self.predicate]))


def _over(function: str, predicate: Term | None, *arguments: Sql) -> Sql:
    """`function(arguments)`, over the rows for which the predicate is true."""
    if predicate is None:
        return sql.call(function, *arguments)
    return sql.call(f"{function}If", *arguments, _true(predicate))


def _true(predicate: Term) -> Sql:
    return predicate.condition


def _summable(term: Term) -> Term:
    if term.type in INTEGERS:
        return convert(term, LONG)
    if term.type not in (*NUMBERS, TIMESPAN, DATETIME):
        raise Misfit(f"a {term.type} cannot be added up", "convert it, for example with tolong()")
    return term


def _sum(arguments: Sequence[Term], predicate: Term | None) -> Term:
    term = _summable(arguments[0])
    if term.type is DATETIME:
        raise Misfit("datetimes cannot be added up")
    if term.whole is not None:
        return Term(
            DECIMAL,
            sql.call("toDecimal256", _exact_sum(term.whole, predicate), DECIMAL_SCALE),
            nullable=False,
        )
    total = _over("sum", predicate, term.sql)
    return Term(term.type, sql.if_null(total, _zero(term.type)) if term.nullable else total, nullable=False)


def _exact_sum(term: Term, predicate: Term | None) -> Sql:
    """The sum of integers in 128 bits: it cannot wrap."""
    total = _over("sum", predicate, sql.call("toInt128", term.sql))
    return sql.if_null(total, 0) if term.nullable else total


def _zero(kql_type: KqlType) -> Sql:
    return literal_term(kql_type, 0).sql


def _not_null_count(term: Term, predicate: Term | None) -> Sql:
    return _over("count", predicate, term.sql)


def _average(arguments: Sequence[Term], predicate: Term | None) -> Term:
    term = _summable(arguments[0])
    if term.type is DECIMAL:
        return _decimal_average(term, predicate)
    if term.type in (TIMESPAN, DATETIME):
        return _time_average(term, predicate)
    mean = _over("avg", predicate, term.sql)
    return Term(REAL, sql.if_null(mean, _nan()) if term.nullable else mean, nullable=False)


def _decimal_average(term: Term, predicate: Term | None) -> Term:
    total = _sum([term], predicate).sql
    count = sql.null_if(_not_null_count(term.whole or term, predicate), 0)
    divisor = sql.call("toDecimal256", count, 0)
    return Term(DECIMAL, sql.divide_decimal(total, divisor, DECIMAL_SCALE, divisor_scale=0))


def _time_average(term: Term, predicate: Term | None) -> Term:
    count = sql.null_if(_not_null_count(term, predicate), 0)
    value = ticks.since_1970(term.sql) if term.type is DATETIME else term.sql
    mean = sql.call(
        "intDiv", _over("sum", predicate, sql.call("toInt128", value)), sql.call("toInt128", count)
    )
    node = sql.call("toInt64", mean)
    return Term(term.type, ticks.from_1970(node, nullable=True) if term.type is DATETIME else node)


def check_ordered(term: Term) -> None:
    """Refuses a value of which none is the largest."""
    if term.type is DYNAMIC:
        raise Misfit("a dynamic has no order", "convert it, for example with tolong()")
    if term.type is KqlType.GUID:
        raise Misfit("a guid has no order", "convert it with tostring()")


def _extreme(function: str) -> Build:
    def build(arguments: Sequence[Term], predicate: Term | None) -> Term:
        term = arguments[0]
        check_ordered(term)
        if term.type is STRING:
            return Term(STRING, _over(function, predicate, term.sql), nullable=False)
        found = _over(f"{function}OrNull", predicate, term.sql)
        if term.type is REAL:
            found = sql.if_(
                sql.greater(_over("sum", predicate, sql.call("isNaN", term.sql)), 0), _nan(), found
            )
        return Term(term.type, found)

    return build


def _nan() -> Sql:
    return sql.call("toFloat64", "nan")


def _count(_: Sequence[Term], predicate: Term | None) -> Term:
    return Term(LONG, sql.call("toInt64", _over("count", predicate)), nullable=False)


def _distinct_count(function: str) -> Build:
    """The distinct values but null; 0 where there are none, for which the engine's estimate is null."""

    def build(arguments: Sequence[Term], predicate: Term | None) -> Term:
        count = sql.if_null(_over(function, predicate, arguments[0].sql), 0)
        return Term(LONG, sql.call("toInt64", count), nullable=False)

    return build


def _spread(function: str, *, sample: bool) -> Build:
    """Standard deviation or variance; 0 for fewer values than the estimate needs."""

    def build(arguments: Sequence[Term], predicate: Term | None) -> Term:
        term = convert(_summable(arguments[0]), REAL)
        enough = sql.greater(_not_null_count(term, predicate), 1 if sample else 0)
        node = sql.if_(enough, _over(function, predicate, term.sql), sql.call("toFloat64", 0))
        return Term(REAL, sql.if_null(node, sql.call("toFloat64", 0)), nullable=False)

    return build


def _covariance(function: str) -> Build:
    """Of two columns, over the rows where both are known; 0 where there are too few."""

    def build(arguments: Sequence[Term], predicate: Term | None) -> Term:
        one, other = (convert(_summable(argument), REAL) for argument in arguments)
        node = _over(function, predicate, one.sql, other.sql)
        safe = sql.if_(sql.call("isFinite", node), node, sql.call("toFloat64", 0))
        return Term(REAL, sql.if_null(safe, sql.call("toFloat64", 0)), nullable=False)

    return build


def _bits(function: str) -> Build:
    def build(arguments: Sequence[Term], predicate: Term | None) -> Term:
        term = arguments[0]
        if term.type not in INTEGERS:
            raise Misfit("bits can be combined of integers only", "convert it with tolong()")
        return Term(term.type, _over(function, predicate, term.sql), term.nullable)

    return build


def any_value(arguments: Sequence[Term], predicate: Term | None) -> Term:
    """Some value, not null where there is one."""
    term = arguments[0]
    if term.type is STRING:
        return Term(STRING, _over("any", predicate, term.sql), nullable=False)
    return Term(term.type, _over("anyOrNull", predicate, term.sql))


def _limit(arguments: Sequence[Term]) -> int:
    if len(arguments) == 1:
        return LONGEST_LIST
    value = arguments[1].constant.value if arguments[1].constant is not None else None
    if arguments[1].type not in INTEGERS or not isinstance(value, int) or value < 0:
        raise Misfit("the longest length must be a constant integer")
    return min(value, LONGEST_LIST)


def _collected(function: str, predicate: Term | None, limit: int, value: Sql) -> Sql:
    name = f"{function}If" if predicate is not None else function
    extra = [_true(predicate)] if predicate is not None else []
    return sql.parametric(name, [limit], value, *extra)


def _collection(function: str, *, keep_nulls: bool = False) -> Build:
    """make_list and make_set: scalars as they are, the elements of dynamic arrays one by one."""

    def build(arguments: Sequence[Term], predicate: Term | None) -> Term:
        term, limit = arguments[0], max(_limit(arguments), 1)
        texts = convert(term, DYNAMIC).sql
        if term.type is DYNAMIC:
            collected = _collected(f"{function}Array", predicate, limit, sql.with_value(texts, "json", _flat))
        else:
            value = sql.if_null(texts, json_values.NULL_TEXT) if keep_nulls else texts
            collected = _collected(function, predicate, limit, value)
        return Term(DYNAMIC, json_values.array_text(collected), nullable=False)

    return build


def _flat(json: Sql) -> Sql:
    single = sql.array([sql.if_null(json, json_values.NULL_TEXT)])
    return sql.if_(json_values.is_array(json), json_values.elements(json), single)


def _bag(arguments: Sequence[Term], predicate: Term | None) -> Term:
    bag = accept(arguments[0], DYNAMIC)
    limit = max(_limit(arguments), 1)
    pairs = _collected("groupArrayArray", predicate, limit, json_values.pairs(bag.sql))
    return Term(DYNAMIC, bag_from_pairs(pairs), nullable=False)


def percentile(value: Term, rank: float, weight: Term | None = None) -> Term:
    """The smallest value that at least `rank` percent of the values do not exceed; null over no rows.

    With a weight a value counts that many times.
    """
    term = _summable(convert(value, REAL) if value.type is DYNAMIC else value)
    if term.type is DECIMAL:
        term = convert(term, REAL)
    if weight is not None:
        return Term(term.type, _weighted_percentile(term, rank, convert(_summable(weight), REAL)))

    def pick(values: Sql) -> Sql:
        count = sql.call("length", values)
        share = sql.call("ceil", sql.over(sql.times(count, sql.call("toFloat64", repr(rank))), 100))
        place = sql.call("greatest", sql.call("toInt64", share), 1)
        found = sql.call("arrayElement", values, place)
        return sql.if_(sql.eq(count, 0), sql.null(), found)

    values = sql.call("arraySort", sql.call("groupArray", term.sql))
    return Term(term.type, sql.with_value(values, "values", pick))


def _weighted_percentile(term: Term, rank: float, weight: Term) -> Sql:
    known = [sql.call("isNotNull", part.sql) for part in (term, weight)]
    pair = sql.tuple_([sql.call("assumeNotNull", part.sql) for part in (term, weight)])
    pairs = sql.call("arraySort", sql.call("groupArrayIf", pair, sql.all_of(known)))

    def pick(in_order: Sql) -> Sql:
        reached = sql.call(
            "arrayCumSum", sql.lambda_("pair", sql.call("tupleElement", sql.variable("pair"), 2)), in_order
        )
        return sql.with_value(reached, "reached", lambda sums: at_share(in_order, sums))

    def at_share(in_order: Sql, sums: Sql) -> Sql:
        share = sql.over(
            sql.times(sql.call("arrayElement", sums, -1), sql.call("toFloat64", repr(rank))), 100
        )
        enough = sql.lambda_("sum", sql.at_least(sql.variable("sum"), share))
        found = sql.call("arrayElement", in_order, sql.call("arrayFirstIndex", enough, sums))
        value = sql.call("tupleElement", found, 1)
        return sql.if_(sql.call("empty", in_order), sql.null(), value)

    return sql.with_value(pairs, "in_order", pick)


def _row(
    name: str,
    build: Build,
    prefix: str | None = None,
    *,
    least: int = 1,
    most: int = 1,
    ordered: bool = False,
) -> AggregateFunction:
    return AggregateFunction(name, least, most, build, name if prefix is None else prefix, ordered=ordered)


def _row_if(
    name: str,
    build: Build,
    prefix: str | None = None,
    *,
    predicate: int = 1,
    most: int = 2,
    ordered: bool = False,
) -> AggregateFunction:
    return AggregateFunction(
        name, predicate + 1, most, build, name if prefix is None else prefix, predicate, ordered=ordered
    )


_LIST, _SET = _collection("groupArray"), _collection("groupUniqArray")
_DCOUNT, _EXACT_DCOUNT = _distinct_count("uniqCombined64"), _distinct_count("uniqExact")

_TABLE: tuple[AggregateFunction, ...] = (
    _row("count", _count, least=0, most=1),
    _row_if("countif", _count, predicate=0, most=1),
    _row("sum", _sum),
    _row_if("sumif", _sum),
    _row("avg", _average),
    _row_if("avgif", _average),
    _row("min", _extreme("min")),
    _row_if("minif", _extreme("min")),
    _row("max", _extreme("max")),
    _row_if("maxif", _extreme("max")),
    _row("dcount", _DCOUNT, most=2),
    _row_if("dcountif", _DCOUNT, most=3),
    _row("count_distinct", _EXACT_DCOUNT),
    _row_if("count_distinctif", _EXACT_DCOUNT),
    _row("stdev", _spread("stddevSamp", sample=True)),
    _row_if("stdevif", _spread("stddevSamp", sample=True)),
    _row("stdevp", _spread("stddevPop", sample=False)),
    _row("variance", _spread("varSamp", sample=True)),
    _row_if("varianceif", _spread("varSamp", sample=True)),
    _row("variancep", _spread("varPop", sample=False)),
    _row_if("variancepif", _spread("varPop", sample=False)),
    _row_if("stdevpif", _spread("stddevPop", sample=False)),
    _row("covariance", _covariance("covarSamp"), least=2, most=2),
    _row_if("covarianceif", _covariance("covarSamp"), predicate=2, most=3),
    _row("covariancep", _covariance("covarPop"), least=2, most=2),
    _row_if("covariancepif", _covariance("covarPop"), predicate=2, most=3),
    _row_if("take_anyif", any_value, ""),
    _row_if("anyif", any_value),
    _row("make_list", _LIST, "list", most=2, ordered=True),
    _row("makelist", _LIST, "list", most=2, ordered=True),
    _row_if("make_list_if", _LIST, "list", most=3, ordered=True),
    _row("make_list_with_nulls", _collection("groupArray", keep_nulls=True), "list", ordered=True),
    _row("make_set", _SET, "set", most=2),
    _row("makeset", _SET, "set", most=2),
    _row_if("make_set_if", _SET, "set", most=3),
    _row("make_bag", _bag, "bag", most=2, ordered=True),
    _row_if("make_bag_if", _bag, "bag", most=3, ordered=True),
    _row("binary_all_and", _bits("groupBitAnd"), ""),
    _row("binary_all_or", _bits("groupBitOr"), ""),
    _row("binary_all_xor", _bits("groupBitXor"), ""),
    _row("buildschema", build_schema, "schema"),
    _row("hll", sketch, most=2),
    _row_if("hll_if", sketch, most=3),
    _row("hll_merge", merged_sketch),
    _row("tdigest", digest, most=2),
    _row("tdigest_merge", merged_digest, "merge_tdigests"),
    _row("merge_tdigest", merged_digest, "merge_tdigests"),
)

AGGREGATES: Mapping[str, AggregateFunction] = {row.name: row for row in _TABLE}
"""The aggregates that make one column; arg_max, take_any and percentiles are the binder's own."""


def _percentile_of(arguments: Sequence[Term], _: Term | None) -> Term:
    *values, rank = arguments
    number = rank.constant.value if rank.constant is not None else None
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= 100:
        raise Misfit("a percentile is a constant from 0 to 100")
    return percentile(values[0], float(number), *values[1:])


INSIDE_EXPRESSIONS: Mapping[str, AggregateFunction] = {
    row.name: row
    for row in (
        AggregateFunction("percentile", 2, 2, _percentile_of, "percentile"),
        AggregateFunction("percentilew", 3, 3, _percentile_of, "percentile"),
        AggregateFunction("take_any", 1, 1, any_value, ""),
        AggregateFunction("any", 1, 1, any_value, "any"),
    )
}
"""Aggregates that may make several columns, where they make one: `round(percentile(x, 95))`."""
