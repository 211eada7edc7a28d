"""Rows as items, for segments: an item is a frequent value of a column, as a number.

candidates   of each column the values that may be frequent in A or in B
known        those of them that are: counted exactly, and in an order that does not depend on that of the rows
baskets      the rows as their items, equal ones as one
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlglot import exp

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Aggregate, Computed, Filter, Relation, Unnest
from gatelog.kql.stages.computing import copied
from gatelog.kql.stages.frequent_patterns import column, computed, extended
from gatelog.kql.terms import Field, reference
from gatelog.kql.types import KqlType
from gatelog.kql.values.conversions import convert

LEAST_SHARE = 0.015
"""Share of a set that a value may be asked to have, as Kusto documents it."""

MOST_CANDIDATES = 100
"""Values of a column that are looked at in each set: 66 may have a share of LEAST_SHARE. The engine counts
three times as many, so that none of these is missed."""

LONGEST_VALUE = 256
"""Bytes of a value as text: longer ones are nothing that one counts by."""

_DIGITS = 4
_NUMBERS = 1_000_000
"""How the number of an item says the place of its column: it is the place times this, and something."""


class Weighed(NamedTuple):
    """Rows of the sets A and B, with their attributes and their weights in each, integers or reals."""

    rows: Relation
    attributes: Sequence[Field]
    in_a: Field
    in_b: Field
    scope: Scope


class Baskets(NamedTuple):
    """Equal rows as one: their items, their weights in A and B, and a value for each attribute, right where
    there is an item of it."""

    rows: Relation
    items: Field
    weights: Sequence[Field]
    values: Sequence[Field]


def candidates_of(weighed: Weighed) -> Relation:
    """The only cell has the texts of values; there is always one, which is empty and none."""
    rows, attributes, in_a, in_b = _copied(weighed)
    weights = (in_a, in_b)
    texts = computed("texts", _texts(attributes), weighed.scope)
    most = [
        sql.parametric(
            "topKWeightedForEachIf", [MOST_CANDIDATES],
            column(texts.field), sql.call("arrayWithConstant", len(attributes), _whole(weight)),
            sql.greater(column(weight), 0),
        )
        for weight in weights
    ]  # fmt: skip  # the arguments of the engine's function
    found = formula(
        "arrayDistinct(arrayPushFront(arrayFlatten(most), ''))", most=sql.call("arrayConcat", *most)
    )
    return grouped(extended(rows, texts), [], [computed("found", found, weighed.scope)])


def known_of(candidates: Sql, least: float, weighed: Weighed) -> Relation:
    """The only cell has the texts that a share `least` of A or of B has, and their numbers; the empty one has
    the number 0. `candidates` is the cell of `candidates_of`."""
    found, weights = _candidates_in_rows(candidates, weighed)
    totals = [
        computed("all", exp.Window(this=sql.call("max", column(one))), weighed.scope) for one in weights
    ]
    counted = extended(found, *totals, windowed=True)
    parts = [share_of(column(one), column(whole.field)) for one, whole in zip(weights, totals, strict=True)]
    enough = sql.any_of([sql.at_least(part, sql.call("toFloat64", repr(least))) for part in parts])
    text = column(found.fields[0])
    known = formula(
        """
        arrayMap(texts -> (texts, arrayMap(
            (text, number) -> if(text = '', toUInt32(0),
                toUInt32(toUInt32OrZero(substring(text, 1, digits)) * numbers + number)),
            texts, arrayEnumerate(texts)
        )), [arraySort(arrayDistinct(arrayPushFront(found, '')))])[1]
        """,
        found=sql.call("groupArray", text), digits=_DIGITS, numbers=_NUMBERS,
    )  # fmt: skip  # the formula's names
    frequent = Filter(counted.fields, counted, enough)
    return grouped(frequent, [], [computed("known", known, weighed.scope)])


def _candidates_in_rows(candidates: Sql, weighed: Weighed) -> tuple[Relation, Sequence[Field]]:
    """Each candidate with its weights in A and B; the empty one is in all rows."""
    rows, attributes, in_a, in_b = _copied(weighed)
    known = computed("candidates", candidates, weighed.scope)
    there = formula(
        """
        arrayPushFront(arrayFilter(
            text -> text != '' AND transform(text, candidates, arrayEnumerate(candidates), 0) > 0, texts
        ), '')
        """,
        texts=_texts(attributes), candidates=column(known.field),
    )  # fmt: skip  # the formula's names
    source = extended(rows, known)
    listed = computed("texts", there, weighed.scope)
    source = extended(source, listed)
    text = weighed.scope.context.field("text", KqlType.DYNAMIC)
    each = Unnest((*source.fields, text), source, (text,), (listed.field.sql_name,))
    key = computed("text", column(text), weighed.scope)
    sums = [computed("weight", sql.call("sum", column(one)), weighed.scope, one.type) for one in (in_a, in_b)]
    return grouped(each, [key], sums), [one.field for one in sums]


def _texts(attributes: Sequence[Field]) -> Sql:
    """The values of a row as items: the place of the column, whether the value is there, its text."""
    values = [reference(field) for field in attributes]
    return formula(
        """
        arrayMap(
            (text, absent, place) -> if(length(text) > longest, '',
                concat(leftPad(toString(place), digits, '0'), if(absent, '?', '='), text)),
            texts, absences, arrayEnumerate(texts)
        )
        """,
        texts=sql.array([sql.if_null(convert(value, KqlType.STRING).sql, "") for value in values]),
        absences=sql.array([sql.is_null(value.sql) for value in values]),
        longest=LONGEST_VALUE, digits=_DIGITS,
    )  # fmt: skip  # the formula's names


def _whole(weight: Field) -> Sql:
    """A weight as the engine's counters take it; of a real four digits behind the point, and the largest is
    what a hundred million rows may have."""
    if weight.type is KqlType.LONG:
        return sql.call("toUInt64", sql.call("greatest", column(weight), 0))
    return formula("toUInt64(least(greatest(ceil(weight * 10000), 0), 1e11))", weight=column(weight))


def _copied(weighed: Weighed) -> tuple[Relation, Sequence[Field], Field, Field]:
    """The rows as columns of their own, with the attributes and the weights."""
    rows = copied(weighed.rows, weighed.scope.context)
    own = {old.sql_name: new for old, new in zip(weighed.rows.fields, rows.fields, strict=True)}
    attributes = [own[field.sql_name] for field in weighed.attributes]
    return rows, attributes, own[weighed.in_a.sql_name], own[weighed.in_b.sql_name]


def baskets_of_items(known: Sql, weighed: Weighed) -> Baskets:
    """The rows as their items; `known` is the cell of `known_of`."""
    rows, attributes, in_a, in_b = _copied(weighed)
    weights = (in_a, in_b)
    cell = computed("known", known, weighed.scope)
    items = formula(
        """
        arrayFilter(item -> item > 0, arrayMap(
            text -> transform(text, tupleElement(known, 1), tupleElement(known, 2), toUInt32(0)), texts))
        """,
        texts=_texts(attributes), known=column(cell.field),
    )  # fmt: skip  # the formula's names
    key = computed("items", items, weighed.scope)
    sums = [
        computed("weight", sql.call("sum", column(weight)), weighed.scope, weight.type) for weight in weights
    ]
    values = [
        computed(field.name, sql.call("any", _short(field)), weighed.scope, field.type)
        for field in attributes
    ]
    once = grouped(extended(rows, cell), [key], [*sums, *values])
    return Baskets(once, key.field, [one.field for one in sums], [one.field for one in values])


def _short(field: Field) -> Sql:
    """The value, unless it is a text that is no item."""
    if field.type is not KqlType.STRING:
        return column(field)
    text = sql.if_null(column(field), "")
    return sql.if_(sql.greater(sql.call("length", text), LONGEST_VALUE), "", text)


def has_value_of(items: Sql, place: int) -> Sql:
    """Whether a pattern has an item of the attribute at `place`."""
    return formula(
        "arrayExists(item -> intDiv(item, numbers) = place, items)",
        items=items, numbers=_NUMBERS, place=place + 1,
    )  # fmt: skip  # the formula's names


def share_of(part: Sql, whole: Sql) -> Sql:
    """The part that it is; of nothing 0."""
    return formula("ifNull(part / nullIf(whole, 0), 0)", part=part, whole=whole)


def grouped(rows: Relation, keys: Sequence[Computed], made: Sequence[Computed]) -> Relation:
    """A row for each combination of the keys, with what is `made` of its rows."""
    return Aggregate(tuple(one.field for one in (*keys, *made)), rows, tuple(keys), tuple(made))
