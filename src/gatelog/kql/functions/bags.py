"""Functions on property bags, and between text and dynamic."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Function, Naming, accept, aliases, finished, simple
from gatelog.kql.functions.row_paths import PATH_STARTS, has_key, without_keys
from gatelog.kql.misfit import Misfit
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.conversions import convert
from gatelog.kql.values.json_paths import json_path

DYNAMIC, STRING, BOOL = KqlType.DYNAMIC, KqlType.STRING, KqlType.BOOL


def parse_json(arguments: Sequence[Term]) -> Term:
    """`parse_json(text)`; a dynamic is returned as it is, with its source in a JSON column remembered."""
    term = arguments[0]
    if term.type is DYNAMIC:
        return term
    text = accept(term, STRING)
    return Term(DYNAMIC, json_values.parsed(text.sql), source=text.source, document=text.sql)


def read_as(text: Term, kind: KqlType) -> Term:
    """A piece of a text as a value of a type: a dynamic is written in it as JSON."""
    return parse_json([text]) if kind is DYNAMIC else convert(text, kind)


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
        first = sql.eq(sql.variable("occurrence"), 1)
        kept = sql.call(
            "arrayFilter",
            sql.lambda_pair("pair", "occurrence", first),
            members,
            sql.call("arrayEnumerateUniq", names),
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
    """The bag without some keys, names or paths; null for what is no bag."""
    bag, keys = accept(arguments[0], DYNAMIC), accept(arguments[1], DYNAMIC)
    paths = _paths(keys)
    if paths is not None:
        left = _without(bag.sql, paths)
    else:
        left = without_keys(sql.if_null(bag.sql, ""), json_values.strings(keys.sql))
    is_bag = sql.if_null(json_values.is_object(bag.sql), sql.boolean(False))
    return Term(DYNAMIC, sql.if_(is_bag, left, sql.null()))


def _paths(keys: Term) -> list[list[str | int]] | None:
    """Constant keys as paths: one that begins with `$` is a path, any other the name of a member."""
    value = keys.constant.value if keys.constant is not None else None
    if not isinstance(value, list) or not all(isinstance(key, str) for key in value):
        return None
    return [json_path(str(key)) if str(key).startswith(PATH_STARTS) else [str(key)] for key in value]


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


_ZIPPED = r"""
arrayMap(
    pair -> (JSONExtractString(pair.1), pair.2),
    arrayFilter(pair -> startsWith(pair.1, '"'), arrayZip(names, texts))
)
"""


def _zip(keys: Sql, values: Sql) -> Sql:
    """The bag of an array of names and an array of values, null where a value is missing; a name that is no
    string counts for nothing, and where there is no array of names the bag is null."""

    def bag(names: Sql) -> Sql:
        size = sql.call("length", names)
        texts = sql.call("arrayResize", json_values.elements(values), size, json_values.NULL_TEXT)
        return bag_from_pairs(formula(_ZIPPED, names=names, texts=texts))

    pairs = sql.with_value(json_values.elements(keys), "names", bag)
    return sql.if_(json_values.is_array(keys), pairs, sql.null())


def _has_key(arguments: Sequence[Term]) -> Term:
    bag, key = accept(arguments[0], DYNAMIC), accept(arguments[1], STRING)
    value = key.constant.value if key.constant is not None else None
    json = sql.if_null(bag.sql, "")
    if not isinstance(value, str):
        return Term(BOOL, has_key(json, key.sql), nullable=False)
    path = json_path(value) if value.startswith(PATH_STARTS) else [value]
    if not all(isinstance(step, str) for step in path):  # JSONHas would count the members of a bag, too
        return Term(BOOL, has_key(json, key.sql), nullable=False)
    return Term(BOOL, sql.call("toBool", sql.call("JSONHas", json, *path)), nullable=False)


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
