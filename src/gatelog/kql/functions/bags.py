"""Functions on property bags, and between text and dynamic."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql import json_values, sql
from gatelog.kql.conversions import convert
from gatelog.kql.functions.row import Function, Naming, accept, aliases, finished, simple
from gatelog.kql.json_paths import json_path
from gatelog.kql.misfit import Misfit
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


def bag_of(names: Sequence[Term], values: Sequence[Term], *, filled: bool = False) -> Term:
    """The property bag of some names and values; with `filled` only of those neither null nor empty."""
    members = [
        _member_text(accept(name, STRING), value, filled) for name, value in zip(names, values, strict=True)
    ]
    texts = sql.array(members)
    if filled:
        texts = sql.call("arrayFilter", sql.lambda_("member", sql.ne(sql.variable("member"), "")), texts)
    return Term(DYNAMIC, json_values.bag_text(texts), nullable=False)


def _member_text(name: Term, value: Term, filled: bool) -> Sql:
    text = json_values.member_text(name.sql, convert(value, DYNAMIC).sql)
    if not filled:
        return text
    held = sql.ne(value.sql, "") if value.type is STRING else sql.call("isNotNull", value.sql)
    return sql.if_(held, text, "")


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
    paths = _paths(keys)
    if paths is not None:
        return finished(DYNAMIC, _without(bag.sql, paths), [bag])
    unwanted = sql.call(
        "arrayMap",
        sql.lambda_("key", json_values.string_of(sql.variable("key"))),
        json_values.elements(keys.sql),
    )
    wanted = sql.not_(sql.call("has", unwanted, _name(sql.variable("pair"))))
    kept = sql.call("arrayFilter", sql.lambda_("pair", wanted), json_values.pairs(bag.sql))
    return finished(DYNAMIC, bag_from_pairs(kept), [bag])


def _paths(keys: Term) -> list[list[str | int]] | None:
    """Constant keys as paths: one that begins with `$.` is a path, any other the name of a member."""
    value = keys.constant.value if keys.constant is not None else None
    if not isinstance(value, list) or not all(isinstance(key, str) for key in value):
        return None
    return [json_path(str(key)) if str(key).startswith("$.") else [str(key)] for key in value]


def _without(bag: Sql, paths: Sequence[Sequence[str | int]]) -> Sql:
    """A bag without what stands at some paths in it."""
    dropped = {path[0] for path in paths if len(path) == 1}
    deeper: dict[str, list[Sequence[str | int]]] = {}
    for path in paths:
        if len(path) > 1 and isinstance(path[0], str) and path[0] not in dropped:
            deeper.setdefault(path[0], []).append(path[1:])
    pair = sql.variable("pair")
    names = [sql.literal(str(name)) for name in sorted(map(str, dropped))]
    kept = json_values.pairs(bag)
    if names:
        kept = sql.call("arrayFilter", sql.lambda_("pair", sql.not_(sql.in_(_name(pair), names))), kept)
    for name, rest in deeper.items():
        inner = sql.tuple_([_name(pair), _without(sql.call("tupleElement", pair, 2), rest)])
        is_bag = json_values.is_object(sql.call("tupleElement", pair, 2))
        changed = sql.if_(sql.all_of([sql.eq(_name(pair), name), is_bag]), inner, pair)
        kept = sql.call("arrayMap", sql.lambda_("pair", changed), kept)
    return bag_from_pairs(kept)


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
    value = key.constant.value if key.constant is not None else None
    if not isinstance(value, str) or not value.startswith("$."):
        return finished(BOOL, sql.call("JSONHas", bag.sql, key.sql), [bag])
    steps = [step + 1 if isinstance(step, int) else step for step in json_path(value)]
    return finished(BOOL, sql.call("JSONHas", bag.sql, *steps), [bag])


BAGS: tuple[Function, ...] = (
    *aliases(Function("parse_json", 1, 1, parse_json, Naming.FIRST), "parsejson", "todynamic", "toobject"),
    *aliases(Function("bag_pack", 2, None, _pack), "pack", "pack_dictionary"),
    Function("bag_merge", 2, 64, _merge),
    simple("bag_zip", [DYNAMIC, DYNAMIC], DYNAMIC, _zip, may_fail=True),
    simple("bag_keys", [DYNAMIC], DYNAMIC, _keys, may_fail=True),
    Function("bag_remove_keys", 2, 2, _remove_keys),
    Function("bag_has_key", 2, 2, _has_key),
)
"""The rows of this table."""
