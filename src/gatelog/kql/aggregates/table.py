"""The aggregate functions, one row each.

Nulls do not count, except for `count`; over no rows a sum is 0, an average NaN, a list empty, an extreme
null.
"""

from __future__ import annotations

from collections.abc import Mapping

from gatelog.kql.aggregates.choices import any_value, extreme
from gatelog.kql.aggregates.collections import OBSOLETE_LIST, bag, collection
from gatelog.kql.aggregates.function import AggregateFunction, Build
from gatelog.kql.aggregates.numbers import average, bits, count, covariance, distinct_count, spread, total
from gatelog.kql.aggregates.percentiles import MOST_PERCENTAGES, percentile_array, percentile_of
from gatelog.kql.aggregates.schema import build_schema
from gatelog.kql.aggregates.sketches import digest, merged_digest, merged_sketch, sketch


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


_LIST, _SET = collection("groupArray"), collection("groupUniqArray")
_DCOUNT, _EXACT_DCOUNT = distinct_count("uniqCombined64"), distinct_count("uniqExact")

_TABLE: tuple[AggregateFunction, ...] = (
    _row("count", count, least=0, most=1),
    _row_if("countif", count, predicate=0, most=1),
    _row("sum", total),
    _row_if("sumif", total),
    _row("avg", average),
    _row_if("avgif", average),
    _row("min", extreme("min")),
    _row_if("minif", extreme("min")),
    _row("max", extreme("max")),
    _row_if("maxif", extreme("max")),
    _row("dcount", _DCOUNT, most=2),
    _row_if("dcountif", _DCOUNT, most=3),
    _row("count_distinct", _EXACT_DCOUNT),
    _row_if("count_distinctif", _EXACT_DCOUNT),
    _row("stdev", spread("stddevSamp", sample=True)),
    _row_if("stdevif", spread("stddevSamp", sample=True)),
    _row("stdevp", spread("stddevPop", sample=False)),
    _row("variance", spread("varSamp", sample=True)),
    _row_if("varianceif", spread("varSamp", sample=True)),
    _row("variancep", spread("varPop", sample=False)),
    _row_if("variancepif", spread("varPop", sample=False)),
    _row_if("stdevpif", spread("stddevPop", sample=False)),
    _row("covariance", covariance("covarSamp", sample=True), least=2, most=2),
    _row_if("covarianceif", covariance("covarSamp", sample=True), predicate=2, most=3),
    _row("covariancep", covariance("covarPop", sample=False), least=2, most=2),
    _row_if("covariancepif", covariance("covarPop", sample=False), predicate=2, most=3),
    _row_if("take_anyif", any_value, ""),
    _row_if("anyif", any_value),
    _row("make_list", _LIST, "list", most=2, ordered=True),
    _row("makelist", collection("groupArray", most=OBSOLETE_LIST), "list", most=2, ordered=True),
    _row_if("make_list_if", _LIST, "list", most=3, ordered=True),
    _row("make_list_with_nulls", collection("groupArray", keep_nulls=True), "list", ordered=True),
    _row("make_set", _SET, "set", most=2),
    _row("makeset", collection("groupUniqArray", most=OBSOLETE_LIST), "set", most=2),
    _row_if("make_set_if", _SET, "set", most=3),
    _row("make_bag", bag(), "bag", most=2, ordered=True),
    _row("make_dictionary", bag(OBSOLETE_LIST), "dictionary", most=2, ordered=True),
    _row_if("make_bag_if", bag(), "bag", most=3, ordered=True),
    _row("binary_all_and", bits("groupBitAnd"), ""),
    _row("binary_all_or", bits("groupBitOr"), ""),
    _row("binary_all_xor", bits("groupBitXor"), ""),
    _row("buildschema", build_schema, "schema"),
    _row("hll", sketch, most=2),
    _row_if("hll_if", sketch, most=3),
    _row("hll_merge", merged_sketch),
    _row("tdigest", digest, most=2),
    _row("tdigest_merge", merged_digest, "merge_tdigests"),
    _row("merge_tdigest", merged_digest, "merge_tdigests"),
)

AGGREGATES: Mapping[str, AggregateFunction] = {row.name: row for row in _TABLE}
"""The aggregates that make one column; arg_max, take_any and percentiles, which may make several, are the
stage's own."""

INSIDE_EXPRESSIONS: Mapping[str, AggregateFunction] = {
    row.name: row
    for row in (
        AggregateFunction("percentile", 2, 2, percentile_of, "percentile"),
        AggregateFunction("percentilew", 3, 3, percentile_of, "percentile"),
        AggregateFunction(
            "percentiles_array", 2, 1 + MOST_PERCENTAGES, percentile_array(weighted=False), "percentiles"
        ),
        AggregateFunction(
            "percentilesw_array", 3, 2 + MOST_PERCENTAGES, percentile_array(weighted=True), "percentiles"
        ),
        AggregateFunction("take_any", 1, 1, any_value, ""),
        AggregateFunction("any", 1, 1, any_value, "any"),
    )
}
"""Aggregates that may make several columns, where they make one: `round(percentile(x, 95))`."""
