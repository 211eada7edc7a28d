"""Functions on URLs."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.bags import bag_from_pairs
from gatelog.kql.functions.row import Function, accept, aliases, finished, simple
from gatelog.kql.functions.strings import string_array
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values

STRING, DYNAMIC = KqlType.STRING, KqlType.DYNAMIC

_URL = (
    r"^([A-Za-z][A-Za-z0-9+.-]*)://"  # scheme
    r"(?:([^:@/?#]*):([^@/?#]*)@)?"  # username and password; one alone belongs to the host
    r"(\[[^\]]*\]|[^:/?#]*)(?::(\d*))?"  # host, port
    r"([^?#]*)"  # path
    r"(?:\?([^#]*))?"  # query
    r"(?:#(.*))?$"  # fragment
)
_QUERY_PLACE = 7
_PARTS = {"Scheme": 1, "Host": 4, "Port": 5, "Path": 6, "Username": 2, "Password": 3}
"""The members of parse_url's bag before the query, by the place of their group."""


_PAIR = r"(?:^|&)([^=&]+)=([^&]+)"
_COLLECTED = """
arrayMap(
    name -> (name, arrayMap(pair -> pair[2], arrayFilter(pair -> pair[1] = name, pairs))),
    arraySort(arrayDistinct(arrayMap(pair -> pair[1], pairs)))
)
"""


def _parameters(query: Sql) -> Sql:
    """The bag of a query string: what has a name and a value, by the names. Several values of a name are an
    array."""
    pairs = sql.call("extractAllGroupsVertical", query, _PAIR)
    name, values = (sql.call("tupleElement", sql.variable("parameter"), place) for place in (1, 2))
    one = json_values.quoted(sql.call("arrayElement", values, 1))
    value = sql.if_(sql.eq(sql.call("length", values), 1), one, string_array(values))
    collected = sql.with_value(pairs, "pairs", lambda known: formula(_COLLECTED, pairs=known))
    pair = sql.tuple_([name, value])
    return bag_from_pairs(sql.call("arrayMap", sql.lambda_("parameter", pair), collected))


def _parse_url(arguments: Sequence[Term]) -> Term:
    url = accept(arguments[0], STRING)

    def bag(groups: Sql) -> Sql:
        def part(place: int) -> Sql:
            found = sql.call("arrayElement", groups, place)
            return _path(found, url.sql) if place == _PARTS["Path"] else found

        members = [_member(name, json_values.quoted(part(place))) for name, place in _PARTS.items()]
        members.append(_member("Query Parameters", _parameters(part(_QUERY_PLACE))))
        members.append(_member("Fragment", json_values.quoted(part(_QUERY_PLACE + 1))))
        return json_values.bag_text(sql.array(members))

    node = sql.with_value(sql.call("extractGroups", url.sql, _URL), "groups", bag)
    return finished(DYNAMIC, node, [url])


def _path(path: Sql, url: Sql) -> Sql:
    """A slash that ends the address is no path."""
    ends = sql.all_of([sql.eq(path, "/"), sql.call("not", sql.call("match", url, "[?#]"))])
    return sql.if_(ends, "", path)


def _member(name: str, value: Sql) -> Sql:
    return json_values.member_text(sql.literal(name), value)


def _parse_query(arguments: Sequence[Term]) -> Term:
    query = accept(arguments[0], STRING)
    bare = sql.call("replaceRegexpOne", query.sql, r"^\?", "")
    bag = json_values.bag_text(sql.array([_member("Query Parameters", _parameters(bare))]))
    return finished(DYNAMIC, bag, [query])


def _encoded(text: Sql) -> Sql:
    """Percent-encoded; the hexadecimal digits are small, as .NET writes them."""
    pieces = """
    arrayStringConcat(arrayMap(
        (piece, place) -> if(
            place = 1, piece, concat('%', lower(substring(piece, 1, 2)), substring(piece, 3))
        ),
        splitByChar('%', encoded), arrayEnumerate(splitByChar('%', encoded))
    ))
    """
    return formula(pieces, encoded=sql.call("encodeURLComponent", text))


def _decoded(text: Sql) -> Sql:
    """Bytes that are no character of UTF-8 become U+FFFD."""
    return sql.call("toValidUTF8", sql.call("decodeURLFormComponent", text))


URLS: tuple[Function, ...] = (
    *aliases(Function("parse_url", 1, 1, _parse_url), "parseurl"),
    *aliases(Function("parse_urlquery", 1, 1, _parse_query), "parseurlquery"),
    simple("url_decode", [STRING], STRING, _decoded),
    simple("url_encode_component", [STRING], STRING, _encoded),
    simple("url_encode", [STRING], STRING, lambda text: sql.call("replaceAll", _encoded(text), "%20", "+")),
)
"""The rows of this table."""
