"""The beam of a search for segments: the best patterns so far, and all that have one item more.

    with_known_items   a row for each basket, with the empty pattern
    next_level         the patterns, and all that have one item more: of those that enough rows have the best
    chosen_patterns    those that say neither more nor less than a better one that is chosen

Each basket carries its patterns from level to level: the share of a pattern is a sum over its baskets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from sqlglot import exp

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Compute, Computed, Filter, Limit, Relation, Sort, SortKey, Unnest
from gatelog.kql.stages.frequent_patterns import column, computed, extended
from gatelog.kql.stages.row_items import Baskets, Weighed, grouped, share_of
from gatelog.kql.terms import Field
from gatelog.kql.types import KqlType

Score: TypeAlias = Callable[[Sequence[Sql], Sql], Sql]
"""How good a pattern is, from its shares of A and B, and how much its items tell: the sum of their
-log(share of A)."""


class Search(NamedTuple):
    """What is sought: patterns of the rows that a share `least` of A or of B has.

    `width` is the number of patterns in the beam, `levels` that of the items of a pattern that do not follow
    from its others. With `compared` items that all rows have are left out: they tell no difference.
    """

    weighed: Weighed
    least: float
    width: int
    levels: int
    compared: bool
    score: Score

    @property
    def scope(self) -> Scope:
        """That of the rows."""
        return self.weighed.scope


class Level(NamedTuple):
    """A row for each basket: what identifies it, its known items, how much each of them tells, its weights
    and those of the sets, and its patterns."""

    rows: Relation
    basket: Field
    items: Field
    tells: Field
    weights: Sequence[Field]
    totals: Sequence[Field]
    patterns: Field


def with_known_items(baskets: Baskets, search: Search) -> Level:
    """The baskets with those of their items that are frequent; each has the empty pattern."""
    scope = search.scope
    totals = [computed("all", _over("sum", one), scope) for one in baskets.weights]
    basket = computed("basket", sql.call("cityHash64", column(baskets.items)), scope)
    whole = extended(extended(baskets.rows, *totals, windowed=True), basket)
    item = scope.context.field("item", KqlType.DYNAMIC)
    each = Unnest((*whole.fields, item), whole, (item,), (baskets.items.sql_name,))
    level = Level(
        each, basket.field, item, item, baskets.weights, [one.field for one in totals], baskets.items
    )
    rows, shares = _supported(level, item, search)
    if search.compared:
        differs = formula("share_a < 1 OR share_b < 1", share_a=shares[0], share_b=shares[1])
        rows = Filter(rows.fields, rows, differs)
    found = formula("(item, -log(greatest(share, 1e-9)))", item=column(item), share=shares[0])
    pairs = computed("pairs", sql.call("groupArray", found), scope)
    level = _once(rows, level, [pairs], search)
    made = [
        computed(name, formula(f"arrayMap(pair -> pair.{place}, pairs)", pairs=column(pairs.field)), scope)
        for place, name in enumerate(("items", "tells"), 1)
    ]
    none = computed("patterns", sql.cast(sql.literal("[[]]"), "Array(Array(UInt32))"), scope)
    rows = extended(extended(level.rows, *made), none)
    items, tells = (one.field for one in made)
    return level._replace(rows=rows, items=items, tells=tells, patterns=none.field)


def next_level(level: Level, search: Search) -> Level:
    """The best of the patterns so far and those that are longer by one item."""
    scope = search.scope
    text = """
    arrayFilter(pattern -> notEmpty(pattern), arrayReduce('groupUniqArrayArray', arrayMap(
        pattern -> arrayConcat([pattern], arrayMap(
            item -> arraySort(arrayPushBack(pattern, item)),
            arrayFilter(item -> NOT has(pattern, item), items)
        )),
        patterns
    )))
    """
    longer = formula(text, items=column(level.items), patterns=column(level.patterns))
    listed = computed("candidates", longer, scope)
    source = extended(level.rows, listed)
    pattern = scope.context.field("pattern", KqlType.DYNAMIC)
    each = Unnest((*source.fields, pattern), source, (pattern,), (listed.field.sql_name,))
    rows, shares = _supported(level._replace(rows=each), pattern, search)
    rows = _best(_distinct(rows, level, pattern, search), level, pattern, shares, search)
    patterns = computed("patterns", sql.call("groupArray", column(pattern)), scope)
    return _once(rows, level, [patterns], search)._replace(patterns=patterns.field)


def chosen_patterns(level: Level, search: Search) -> Relation:
    """The only cell has the patterns of the beam, with all items that their baskets share; of those of which
    one has all items of the other only the better."""
    scope = search.scope
    pattern = scope.context.field("pattern", KqlType.DYNAMIC)
    each = Unnest((*level.rows.fields, pattern), level.rows, (pattern,), (level.patterns.sql_name,))
    rows, shares = _supported(level._replace(rows=each), pattern, search)
    score = computed("score", _score(level, column(pattern), shares, search), scope)
    rows = extended(rows, score)
    key = computed("pattern", column(pattern), scope)
    shared = formula("arraySort(groupArrayIntersect(items))", items=column(level.items))
    whole = computed("whole", shared, scope)
    best = computed("best", sql.call("any", column(score.field)), scope)
    patterns = grouped(rows, [key], [whole, best])
    order = (SortKey(best.field.sql_name, True, False), SortKey(whole.field.sql_name, False, False))
    listed = sql.call("groupArray", column(whole.field))
    beam = computed("beam", listed, scope)
    first = Limit(patterns.fields, Sort(patterns.fields, patterns, order), sql.literal(search.width))
    once = grouped(first, [], [beam])
    text = """
    arrayFold(
        (taken, pattern) -> if(
            arrayExists(better -> hasAll(pattern, better) OR hasAll(better, pattern), taken),
            taken, arrayPushBack(taken, pattern)
        ),
        beam, arrayResize(beam, 0)
    )
    """
    chosen = computed("chosen", formula(text, beam=column(beam.field)), scope)
    return Compute((chosen.field,), once, (chosen,))


def _supported(level: Level, of: Field, search: Search) -> tuple[Relation, Sequence[Sql]]:
    """Those rows of which a share that is enough has their value of the column `of`; with the two shares."""
    shares = [
        computed("share", share_of(_over("sum", part, of), column(whole)), search.scope)
        for part, whole in zip(level.weights, level.totals, strict=True)
    ]
    rows = extended(level.rows, *shares, windowed=True)
    part_a, part_b = (column(one.field) for one in shares)
    enough = formula(
        "share_a >= least OR share_b >= least",
        share_a=part_a, share_b=part_b, least=sql.call("toFloat64", repr(search.least)),
    )  # fmt: skip  # the formula's names
    return Filter(rows.fields, rows, enough), (part_a, part_b)


def _once(rows: Relation, level: Level, made: Sequence[Computed], search: Search) -> Level:
    """A row for each basket again, with what is `made` of its rows."""
    kept = [level.items, level.tells, *level.weights, *level.totals]
    same = [_any(field, search) for field in kept]
    key = computed("basket", column(level.basket), search.scope)
    once = grouped(rows, [key], [*same, *made])
    items, tells, in_a, in_b, all_a, all_b = (one.field for one in same)
    return Level(once, key.field, items, tells, (in_a, in_b), (all_a, all_b), level.patterns)


def _distinct(rows: Relation, level: Level, pattern: Field, search: Search) -> Relation:
    """Of patterns with the same rows one."""
    same = computed("same", _over("sum", level.basket, pattern), search.scope)
    rows = extended(rows, same, windowed=True)
    first = computed("first", _over("min", pattern, same.field), search.scope)
    rows = extended(rows, first, windowed=True)
    return Filter(rows.fields, rows, sql.eq(column(first.field), column(pattern)))


def _best(rows: Relation, level: Level, pattern: Field, shares: Sequence[Sql], search: Search) -> Relation:
    """As many patterns as the beam has, those of the best score."""
    score = computed("score", _score(level, column(pattern), shares, search), search.scope)
    rows = extended(rows, score)
    keys = (SortKey(score.field.sql_name, True, False), SortKey(pattern.sql_name, False, False))
    order = exp.Order(expressions=[key.sql for key in keys])
    place = computed("place", exp.Window(this=sql.call("dense_rank"), order=order), search.scope)
    ranked = extended(rows, place, windowed=True)
    return Filter(ranked.fields, ranked, sql.at_most(column(place.field), search.width))


def _score(level: Level, pattern: Sql, shares: Sequence[Sql], search: Search) -> Sql:
    tells = formula(
        "arraySum(arrayMap((item, value) -> if(has(pattern, item), value, 0.), items, tells))",
        items=column(level.items), tells=column(level.tells), pattern=pattern,
    )  # fmt: skip  # the formula's names
    return search.score(shares, tells)


def _over(function: str, value: Field, within: Field | None = None) -> Sql:
    """The aggregate over all rows, or those with an equal value."""
    partition = [] if within is None else [column(within)]
    return exp.Window(this=sql.call(function, column(value)), partition_by=partition)


def _any(field: Field, search: Search) -> Computed:
    return computed(field.name, sql.call("any", column(field)), search.scope, field.type)
