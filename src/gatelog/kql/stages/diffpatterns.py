"""diffpatterns and autocluster: the patterns that tell two sets of rows apart, and those that sum one up.

Kusto documents what the answers look like and mean, not how they are sought; see segments. Here the best
patterns are

    diffpatterns   those whose shares of the two sets differ most
    autocluster    those of the greatest share^SizeWeight * information^(1 - SizeWeight); the information of
                   a pattern is the sum of -log(share) over its values: what all rows have tells nothing

Source: learn.microsoft.com/kusto/query/diffpatterns-plugin, autocluster-plugin.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.names.naming import Names
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Compute, Computed, Filter, Relation, Sort, SortKey
from gatelog.kql.stages.computing import kept
from gatelog.kql.stages.frequent_patterns import column, computed, extended
from gatelog.kql.stages.pattern_arguments import (
    DEFAULT_DIMENSIONS,
    MOST_DIMENSIONS,
    cells_of,
    in_order,
    integer_of,
    number_of,
    weight_of,
    wildcards_of,
)
from gatelog.kql.stages.plugin_arguments import constant_text, named_column
from gatelog.kql.stages.row_items import LEAST_SHARE, Weighed, has_value_of
from gatelog.kql.stages.segment_beam import Search
from gatelog.kql.stages.segments import MOST_ATTRIBUTES, Found, found
from gatelog.kql.stages.statement_length import with_short_statement
from gatelog.kql.terms import Field, reference
from gatelog.kql.types import KqlType
from gatelog.kql.values.conversions import convert

MOST_SEEDS = 100
"""Patterns of a beam: each is a condition for every row in the end."""

_DEFAULT_DIFFERENCE, _DEFAULT_SEEDS, _DEFAULT_SIZE_WEIGHT = 0.05, 25, 0.5

_CLUSTER_SHARE = 0.05
"""Share of the rows that a cluster has at least: less is no part of a summary."""

_LONG, _REAL = KqlType.LONG, KqlType.REAL


def diffpatterns(stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope) -> Relation:  # noqa: ARG001 # every plugin gets the stage
    """`diffpatterns(split column, value A, value B [, weight column, threshold, dimensions, wildcard, ...])`:
    `SegmentId`, `CountA`, `CountB`, `PercentA`, `PercentB`, `PercentDiffAB` and the columns of the input but
    the first; '~' stands for a default."""
    given = in_order(call, scope)
    if len(given) < 3 or None in given[:3]:
        raise scope.context.error(call, "diffpatterns takes SplitColumn, SplitValueA and SplitValueB")
    weight, threshold, dimensions = [*given[3:], None, None, None][:3]
    split = named_column(given[0], call, relation, scope)
    value_a, value_b = (constant_text(node, scope) for node in given[1:3])
    if value_a == value_b:
        raise scope.context.error(call, "SplitValueA and SplitValueB are the same")
    weights = weight_of(weight, call, relation, scope)
    least = number_of(threshold, "Threshold", _DEFAULT_DIFFERENCE, LEAST_SHARE, 1, scope)
    levels = integer_of(dimensions, "MaxDimensions", DEFAULT_DIMENSIONS, MOST_DIMENSIONS, scope)
    text = convert(reference(split), KqlType.STRING).sql
    sets = [sql.eq(text, value_a), sql.eq(text, value_b)]
    attributes = _attributes(call, relation, (split, weights), scope)
    weighed = _weighed(relation, attributes, sets, weights, scope)
    search = Search(weighed, least, _DEFAULT_SEEDS, levels, True, _difference)
    shown = [field for field in relation.fields if field is not split]
    patterns = found(search)
    wildcards = wildcards_of(given[6:], scope)
    names = Names(("SegmentId", "CountA", "CountB", "PercentA", "PercentB", "PercentDiffAB"))
    cells = cells_of(shown, _value_in(patterns, attributes), wildcards, names, scope)
    return with_short_statement(_differences(patterns, least, cells, scope), call, scope)


def autocluster(stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope) -> Relation:  # noqa: ARG001 # every plugin gets the stage
    """`autocluster([size weight, weight column, seeds, wildcard, ...])`: `SegmentId`, `Count`, `Percent` and
    the columns of the input; '~' stands for a default."""
    given = in_order(call, scope)
    size, weight, seeds = [*given, None, None, None][:3]
    weights = weight_of(weight, call, relation, scope)
    size_weight = number_of(size, "SizeWeight", _DEFAULT_SIZE_WEIGHT, 0, 1, scope)
    width = integer_of(seeds, "NumSeeds", _DEFAULT_SEEDS, MOST_SEEDS, scope)
    attributes = _attributes(call, relation, (weights,), scope)
    everything = [sql.boolean(True), sql.boolean(False)]
    weighed = _weighed(relation, attributes, everything, weights, scope)

    def score(shares: Sequence[Sql], tells: Sql) -> Sql:
        return _worth(shares[0], tells, size_weight)

    search = Search(weighed, _CLUSTER_SHARE, width, DEFAULT_DIMENSIONS, False, score)
    patterns = found(search)
    names = Names(("SegmentId", "Count", "Percent"))
    wildcards = wildcards_of(given[3:], scope)
    cells = cells_of(relation.fields, _value_in(patterns, attributes), wildcards, names, scope)
    return with_short_statement(_clusters(patterns, cells, scope), call, scope)


def _weighed(
    relation: Relation,
    attributes: Sequence[Field],
    sets: Sequence[Sql],
    weights: Field | None,
    scope: Scope,
) -> Weighed:
    """The rows of the sets that count for something, with their weights in each; those that come out another
    way each time, as they come out once."""
    weight = sql.literal(1) if weights is None else sql.call("greatest", sql.if_null(column(weights), 0), 0)
    whole = weights is None or weights.type in (KqlType.LONG, KqlType.INT)
    conversion, kind = ("toInt64", _LONG) if whole else ("toFloat64", _REAL)
    made = [
        computed("weight", sql.call(conversion, sql.if_(condition, weight, 0)), scope, kind)
        for condition in sets
    ]
    counting = sql.any_of([sql.greater(column(one.field), 0) for one in made])
    rows = extended(relation, *made)
    shown: Relation = Filter(rows.fields, rows, counting)
    if scope.context.draws:
        shown = kept(shown, scope.context)
    return Weighed(shown, attributes, made[0].field, made[1].field, scope)


def _attributes(
    call: ast.Call, relation: Relation, others: Sequence[Field | None], scope: Scope
) -> list[Field]:
    found = [field for field in relation.fields if not any(field is other for other in others)]
    if not 1 <= len(found) <= MOST_ATTRIBUTES:
        message = f"{call.function} seeks patterns in 1 to {MOST_ATTRIBUTES} columns, here are {len(found)}"
        raise scope.context.error(call, message, "project what is of interest")
    return found


def _difference(shares: Sequence[Sql], _: Sql | None = None) -> Sql:
    return formula("abs(share_a - share_b)", share_a=shares[0], share_b=shares[1])


def _worth(share: Sql, tells: Sql, size_weight: float) -> Sql:
    return formula(
        "pow(share, toFloat64(size)) * pow(tells, 1 - toFloat64(size))",
        share=share, tells=tells, size=repr(size_weight),
    )  # fmt: skip  # the formula's names


def _value_in(patterns: Found, attributes: Sequence[Field]) -> Callable[[Field], tuple[Sql, Sql] | None]:
    places = {field.sql_name: place for place, field in enumerate(attributes)}

    def value(field: Field) -> tuple[Sql, Sql] | None:
        place = places.get(field.sql_name)
        if place is None:
            return None
        return has_value_of(column(patterns.items), place), column(patterns.values[place])

    return value


def _differences(patterns: Found, least: float, cells: Sequence[Computed], scope: Scope) -> Relation:
    """Those patterns that differ enough in all rows, those that differ most first."""
    counts, shares = [], []
    for name, part, whole in zip("AB", patterns.weights, patterns.totals, strict=True):
        percent = _percent(part, whole)
        counts.append(_count(f"Count{name}", part, scope))
        shares.append(computed(f"Percent{name}", percent, scope, _REAL))
    distance = _difference([column(one.field) for one in shares])
    difference = computed("PercentDiffAB", distance, scope, _REAL)
    known = extended(extended(patterns.rows, *shares), difference)
    enough = sql.at_least(column(difference.field), sql.call("toFloat64", repr(100 * least)))
    shown = [*counts, *shares, difference, *cells]
    return _numbered(Filter(known.fields, known, enough), patterns, difference.field, shown, scope)


def _clusters(patterns: Found, cells: Sequence[Computed], scope: Scope) -> Relation:
    """The largest first."""
    size, whole = patterns.weights[0], patterns.totals[0]
    percent = computed("Percent", _percent(size, whole), scope, _REAL)
    return _numbered(patterns.rows, patterns, size, [_count("Count", size, scope), percent, *cells], scope)


def _percent(part: Field, whole: Field) -> Sql:
    return formula("ifNull(100 * part / nullIf(whole, 0), 0)", part=column(part), whole=column(whole))


def _count(name: str, weight: Field, scope: Scope) -> Computed:
    return computed(name, sql.call("toInt64", sql.call("round", column(weight))), scope, _LONG)


def _numbered(
    rows: Relation, patterns: Found, measure: Field, shown: Sequence[Computed], scope: Scope
) -> Relation:
    """The rows by their measure, then by their items, with SegmentId."""
    keys = (SortKey(measure.sql_name, True, False), SortKey(patterns.items.sql_name, False, False))
    order = exp.Order(expressions=[key.sql for key in keys])
    number = sql.minus(sql.call("toInt64", exp.Window(this=sql.call("row_number"), order=order)), 1)
    segment = computed("SegmentId", number, scope, _LONG)
    ranked = extended(rows, segment, windowed=True)
    fields = (segment.field, *(one.field for one in shown))
    return Sort(
        fields, Compute(fields, ranked, tuple(shown)), (SortKey(segment.field.sql_name, False, False),)
    )
