"""make_list, make_set, make_bag: the values themselves."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql.aggregates.function import Build
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions import bag_from_pairs
from gatelog.kql.functions.row import accept, fixed_integer
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.conversions import convert

DYNAMIC = KqlType.DYNAMIC

LONGEST_LIST = 1_048_576
"""Elements of make_list and make_set at most: Kusto's own bound."""

OBSOLETE_LIST = 128
"""Elements of makelist, makeset and make_dictionary where nothing else is said, as Kusto documents them."""


def collection(function: str, *, keep_nulls: bool = False, most: int = LONGEST_LIST) -> Build:
    """make_list and make_set: scalars as they are, the elements of dynamic arrays one by one; `most` of them
    unless the call says how many."""

    def build(arguments: Sequence[Term], predicate: Term | None) -> Term:
        term, limit = arguments[0], _limit(arguments, most)
        texts = convert(term, DYNAMIC).sql
        if term.type is DYNAMIC:
            collected = _collected(f"{function}Array", predicate, limit, sql.with_value(texts, "json", _flat))
        else:
            value = sql.if_null(texts, json_values.NULL_TEXT) if keep_nulls else texts
            collected = _collected(function, predicate, limit, value)
        return Term(DYNAMIC, json_values.array_text(collected), nullable=False)

    return build


def bag(most: int = LONGEST_LIST) -> Build:
    """make_bag: the pairs of all bags in one; `most` of them unless the call says how many."""

    def build(arguments: Sequence[Term], predicate: Term | None) -> Term:
        bags = accept(arguments[0], DYNAMIC)
        limit = _limit(arguments, most)
        pairs = _collected("groupArrayArray", predicate, limit, json_values.pairs(bags.sql))
        return Term(DYNAMIC, bag_from_pairs(pairs), nullable=False)

    return build


def _limit(arguments: Sequence[Term], most: int) -> Sql:
    if len(arguments) == 1:
        return sql.literal(most)
    given = fixed_integer(arguments[1], "the longest length")
    return sql.call("least", sql.call("greatest", given, 1), LONGEST_LIST)


def _collected(function: str, predicate: Term | None, limit: Sql, value: Sql) -> Sql:
    name = f"{function}If" if predicate is not None else function
    extra = [predicate.condition] if predicate is not None else []
    return sql.parametric(name, [limit], value, *extra)


def _flat(json: Sql) -> Sql:
    single = sql.array([sql.if_null(json, json_values.NULL_TEXT)])
    return sql.if_(json_values.is_array(json), json_values.elements(json), single)
