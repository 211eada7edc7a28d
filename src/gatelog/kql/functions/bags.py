"""Functions on property bags, and between text and dynamic."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql import json_values, sql
from gatelog.kql.conversions import convert
from gatelog.kql.functions.row import Function, Naming, accept, aliases, finished, simple
from gatelog.kql.literals import literal_term
from gatelog.kql.misfit import Misfit, Unsupported
from gatelog.kql.sql import Sql
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType

DYNAMIC, STRING, BOOL = KqlType.DYNAMIC, KqlType.STRING, KqlType.BOOL


def parse_json(arguments: Sequence[Term]) -> Term:
    """`parse_json(text)`; a dynamic is returned as it is, with its source in a JSON column remembered."""
    term = arguments[0]
    if term.type is DYNAMIC:
        return term
    text = accept(term, STRING)
    return Term(DYNAMIC, json_values.parsed(text.sql), source=text.source, document=text.sql)


def bag_of(names: Sequence[Term], values: Sequence[Term]) -> Term:
    """The property bag of some names and values."""
    members = [
        json_values.member_text(accept(name, STRING).sql, convert(value, DYNAMIC).sql)
        for name, value in zip(names, values, strict=True)
    ]
    return Term(DYNAMIC, json_values.bag_text(sql.array(members)), nullable=False)


def _pack(arguments: Sequence[Term]) -> Term:
    if len(arguments) % 2:
        raise Misfit("a bag needs pairs of name and value")
    return bag_of(arguments[::2], arguments[1::2])


def _name(pair: Sql) -> Sql:
    return sql.call("tupleElement", pair, 1)


def _written(pair: Sql) -> Sql:
    return sql.call("concat", json_values.quoted(_name(pair)), ":", sql.call("tupleElement", pair, 2))


def bag_from_pairs(pairs: Sql) -> Sql:
    """The JSON object of an Array(Tuple(String, String)); of several members with one name the first
    stays."""

    def distinct(members: Sql) -> Sql:
        names = sql.call("arrayMap", sql.lambda_("pair", _name(sql.variable("pair"))), members)
        first = sql.eq(sql.call("indexOf", names, _name(sql.variable("pair"))), sql.variable("place"))
        kept = sql.call(
            "arrayFilter",
            sql.lambda_pair("pair", "place", first),
            members,
            sql.call("arrayEnumerate", members),
        )
        return json_values.bag_text(
            sql.call("arrayMap", sql.lambda_("pair", _written(sql.variable("pair"))), kept)
        )

    return sql.with_value(pairs, "members", distinct)


def _merge(arguments: Sequence[Term]) -> Term:
    pairs = sql.call(
        "arrayConcat", *(json_values.pairs(accept(argument, DYNAMIC).sql) for argument in arguments)
    )
    return finished(DYNAMIC, bag_from_pairs(pairs), [])


def _keys(bag: Sql) -> Sql:
    names = sql.call("arrayMap", sql.lambda_("pair", _name(sql.variable("pair"))), json_values.pairs(bag))
    texts = sql.call("arrayMap", sql.lambda_("name", json_values.quoted(sql.variable("name"))), names)
    return sql.if_(json_values.is_object(bag), json_values.array_text(texts), sql.null())


def _remove_keys(arguments: Sequence[Term]) -> Term:
    bag, keys = accept(arguments[0], DYNAMIC), accept(arguments[1], DYNAMIC)
    _refuse_paths(keys)
    unwanted = sql.call(
        "arrayMap",
        sql.lambda_("key", json_values.string_of(sql.variable("key"))),
        json_values.elements(keys.sql),
    )
    wanted = sql.not_(sql.call("has", unwanted, _name(sql.variable("pair"))))
    kept = sql.call("arrayFilter", sql.lambda_("pair", wanted), json_values.pairs(bag.sql))
    return finished(DYNAMIC, bag_from_pairs(kept), [bag])


def _zip(keys: Sql, values: Sql) -> Sql:
    """The bag of an array of names and an array of values; null where either is no array."""

    def bag(names: Sql) -> Sql:
        size = sql.call("length", names)
        texts = sql.call("arrayResize", json_values.elements(values), size, json_values.NULL_TEXT)
        pair = sql.tuple_([sql.variable("name"), sql.variable("value")])
        return bag_from_pairs(sql.call("arrayMap", sql.lambda_pair("name", "value", pair), names, texts))

    arrays = sql.all_of([json_values.is_array(keys), json_values.is_array(values)])
    return sql.if_(arrays, sql.with_value(json_values.strings(keys), "names", bag), sql.null())


def _has_key(arguments: Sequence[Term]) -> Term:
    bag, key = accept(arguments[0], DYNAMIC), accept(arguments[1], STRING)
    _refuse_paths(key)
    return finished(BOOL, sql.call("JSONHas", bag.sql, key.sql), [bag])


def _refuse_paths(keys: Term) -> None:
    """Kusto reads a key that begins with `$.` as a path."""
    value = keys.constant.value if keys.constant is not None else None
    if any(
        isinstance(key, str) and key.startswith("$")
        for key in (value if isinstance(value, list) else [value])
    ):
        raise Unsupported("a JSON path as the key of a bag is not supported", "use the names of members")


def _as_text(arguments: Sequence[Term]) -> Term:
    """`dynamic_to_json(x)`: JSON with the members of bags sorted, which SQL cannot do for values of the
    data."""
    constant = arguments[0].constant
    if constant is None or not isinstance(constant.value, list | dict):
        raise Unsupported(
            "dynamic_to_json() of a value that is not constant is not supported", "use tostring()"
        )
    return literal_term(STRING, json_values.sorted_text(constant.value))


BAGS: tuple[Function, ...] = (
    *aliases(Function("parse_json", 1, 1, parse_json, Naming.FIRST), "parsejson", "todynamic", "toobject"),
    *aliases(Function("bag_pack", 2, None, _pack), "pack", "pack_dictionary"),
    Function("bag_merge", 2, 64, _merge),
    simple("bag_zip", [DYNAMIC, DYNAMIC], DYNAMIC, _zip, may_fail=True),
    simple("bag_keys", [DYNAMIC], DYNAMIC, _keys, may_fail=True),
    Function("bag_remove_keys", 2, 2, _remove_keys),
    Function("bag_has_key", 2, 2, _has_key),
    Function("dynamic_to_json", 1, 1, _as_text),
)
"""The rows of this table."""
