"""Members and elements of dynamic values: `a.b`, `a["b"]`, `a[0]`.

A value read from a JSON column by a constant path is served from the typed column of that path where the
table has one; the JSON is then not read at all.
"""

from __future__ import annotations

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.misfit import Misfit
from gatelog.kql.terms import JsonSource, Term, reference
from gatelog.kql.types import INTEGERS, KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.conversions import convert

DYNAMIC, STRING, LONG = KqlType.DYNAMIC, KqlType.STRING, KqlType.LONG


def member_of(base: Term, key: Term) -> Term:
    """`base[key]` for a string key: null when the value is no bag or has no such member."""
    document = _document(base)
    name = key.constant.value if key.constant is not None else None
    source = base.source.child(name) if base.source is not None and isinstance(name, str) else None
    return _found(json_values.member(document, key.sql), source)


def element_of(base: Term, index: Term) -> Term:
    """`base[index]` for a number: null when the value is no array or shorter."""
    document = _document(base)
    if index.type in (DYNAMIC, KqlType.BOOL):
        index = convert(index, LONG)
    if index.type not in INTEGERS:
        raise Misfit(f"an index is a string or an integer, this is {index.type}")
    place = index.constant.value if index.constant is not None else None
    if not isinstance(place, int):
        return _found(json_values.element(document, convert(index, LONG).sql), None)
    source = base.source.child(place) if base.source is not None else None
    return _found(json_values.element(document, sql.literal(place)), source)


def _document(base: Term) -> Sql:
    if base.type is not DYNAMIC:
        raise Misfit(f"a {base.type} has no members", "read it as JSON with parse_json()")
    if base.document is not None:
        return base.document
    # Of a column that was made of a text: its JSON would be written anew first, all of it.
    text = base.source.text if base.source is not None else None
    return sql.column(text) if text is not None else base.sql


def _found(text: Sql, source: JsonSource | None) -> Term:
    found = Term(DYNAMIC, json_values.present(text), source=source, document=text)
    if found.native is None:
        return found
    return Term(DYNAMIC, _as_json(reference(found.native)), source=source)


def _as_json(value: Term) -> Sql:
    """The typed column as the dynamic it stands for, null where it is absent."""
    json = convert(value, DYNAMIC).sql
    return sql.if_(sql.is_null(value.sql), sql.null(), json) if value.type is STRING else json
