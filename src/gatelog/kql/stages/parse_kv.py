"""parse-kv: columns from a text of names and values, `a=1;b=2`. Of several values of one name the first
counts."""

from __future__ import annotations

from gatelog.kql import ast, sql
from gatelog.kql.conversions import convert
from gatelog.kql.expressions import bind
from gatelog.kql.regexes import DOT_STOPS_AT_NEWLINE, checked, unicode_aware
from gatelog.kql.relations import Compute, Computed, Relation
from gatelog.kql.scope import Scope
from gatelog.kql.sql import Sql
from gatelog.kql.stages.columns import put
from gatelog.kql.stages.computing import with_windows
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType

STRING = KqlType.STRING
_DELIMITERS = {"pair_delimiter", "kv_delimiter"}


def bind_parse_kv(stage: ast.ParseKv, relation: Relation, scope: Scope) -> Relation:
    """The input and the columns; what is missing or does not fit its type is null."""
    row_scope = scope.over(relation)
    source = convert(bind(stage.source, row_scope), STRING)
    pairs = scope.context.field("pairs", KqlType.DYNAMIC)
    split = Computed(pairs, _pairs(source.sql, stage, row_scope))
    fields = list(relation.fields)
    computed: list[Computed] = []
    for column in stage.columns:
        kind = KqlType(column.type)
        made = scope.context.field(column.name, kind)
        text = Term(STRING, _value_of(column.name, sql.column(pairs.sql_name)), nullable=False)
        with scope.context.at(column):
            computed.append(Computed(made, convert(text, kind).sql))
        put(fields, made)
    first = Compute(relation.fields, with_windows(relation, row_scope), (split,))
    return Compute(tuple(fields), first, tuple(computed))


def _pairs(source: Sql, stage: ast.ParseKv, scope: Scope) -> Sql:
    """Array(Array(String)): a name and a value each, blanks around them cut."""
    properties = {item.names[0].value: _text(item, scope) for item in stage.properties}
    if properties.keys() == {"regex"}:
        pattern = DOT_STOPS_AT_NEWLINE + unicode_aware(checked(properties["regex"]))
        return sql.call("extractAllGroupsVertical", source, pattern)
    if properties.keys() != _DELIMITERS:
        raise scope.context.unsupported(
            stage, "parse-kv with these properties", "give pair_delimiter and kv_delimiter, or regex"
        )
    pair, delimiter = sql.variable("pair"), properties["kv_delimiter"]
    place = sql.call("position", pair, delimiter)
    name = sql.call("substring", pair, 1, sql.minus(place, 1))
    value = sql.call("substring", pair, sql.plus(place, len(delimiter.encode())))
    both = sql.array([sql.call("trimBoth", name), sql.call("trimBoth", value)])
    none = sql.array([sql.literal(""), sql.literal("")])
    split = sql.call("splitByString", properties["pair_delimiter"], source)
    return sql.call("arrayMap", sql.lambda_("pair", sql.if_(sql.greater(place, 0), both, none)), split)


def _text(item: ast.NamedExpression, scope: Scope) -> str:
    value = bind(item.value, scope).constant
    if value is None or not isinstance(value.value, str) or not value.value:
        raise scope.context.unsupported(item, f"parse-kv with {item.names[0].value} of this kind")
    return value.value


def _value_of(name: str, pairs: Sql) -> Sql:
    named = sql.eq(sql.call("arrayElement", sql.variable("pair"), 1), name)
    return sql.call("arrayElement", sql.call("arrayFirst", sql.lambda_("pair", named), pairs), 2)
