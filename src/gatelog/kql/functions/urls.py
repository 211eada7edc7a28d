"""Functions on URLs."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql import json_values, sql
from gatelog.kql.formula import formula
from gatelog.kql.functions.bags import bag_from_pairs
from gatelog.kql.functions.row import Function, accept, aliases, finished, simple
from gatelog.kql.sql import Sql
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType

STRING, DYNAMIC = KqlType.STRING, KqlType.DYNAMIC

_URL = (
    r"^(?:([A-Za-z][A-Za-z0-9+.-]*)://)?"  # scheme
    r"(?:([^:@/?#]*)(?::([^@/?#]*))?@)?"  # username, password
    r"([^:/?#]*)(?::(\d+))?"  # host, port
    r"([^?#]*)"  # path
    r"(?:\?([^#]*))?"  # query
    r"(?:#(.*))?$"  # fragment
)
_QUERY_PLACE = 7
_PARTS = {"Scheme": 1, "Host": 4, "Port": 5, "Path": 6, "Username": 2, "Password": 3}
"""The members of parse_url's bag before the query, by the place of their group."""


def _parameters(query: Sql) -> Sql:
    """The bag of a query string."""
    pieces = sql.call("splitByChar", "&", query)
    halves = sql.call("splitByChar", "=", sql.variable("piece"))
    name = sql.call("arrayElement", halves, 1)
    value = sql.call("arrayStringConcat", sql.call("arraySlice", halves, 2), "=")
    pair = sql.tuple_([name, json_values.quoted(value)])
    known = sql.call("arrayFilter", sql.lambda_("piece", sql.ne(sql.variable("piece"), "")), pieces)
    return bag_from_pairs(sql.call("arrayMap", sql.lambda_("piece", pair), known))


def _parse_url(arguments: Sequence[Term]) -> Term:
    url = accept(arguments[0], STRING)

    def bag(groups: Sql) -> Sql:
        def part(place: int) -> Sql:
            return sql.call("arrayElement", groups, place)

        members = [_member(name, json_values.quoted(part(place))) for name, place in _PARTS.items()]
        members.append(_member("Query Parameters", _parameters(part(_QUERY_PLACE))))
        members.append(_member("Fragment", json_values.quoted(part(_QUERY_PLACE + 1))))
        return json_values.bag_text(sql.array(members))

    node = sql.with_value(sql.call("extractGroups", url.sql, _URL), "groups", bag)
    return finished(DYNAMIC, node, [url])


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


URLS: tuple[Function, ...] = (
    *aliases(Function("parse_url", 1, 1, _parse_url), "parseurl"),
    *aliases(Function("parse_urlquery", 1, 1, _parse_query), "parseurlquery"),
    simple("url_decode", [STRING], STRING, lambda text: sql.call("decodeURLFormComponent", text)),
    simple("url_encode_component", [STRING], STRING, _encoded),
    simple("url_encode", [STRING], STRING, lambda text: sql.call("replaceAll", _encoded(text), "%20", "+")),
)
"""The rows of this table."""
