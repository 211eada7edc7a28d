r"""parse-kv: columns from a text of keys and values, `a=1;b=2`. The first value of a key counts.

The text becomes an array of pairs, in one of these ways, as the properties say:

    regex                              its two groups are key and value
    pair_delimiter, kv_delimiter       cut at the one, then at the first of the other
      with quote                       pair := item kv_delimiter item (pair_delimiter | end)
                                       item := open (character | escape character)* close | anything, short
      with greedy = true               only a pair_delimiter before a key that is asked for ends a value
    neither                            words, whole or quoted; a value is the word behind its key
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions import read_as
from gatelog.kql.names.scope import Scope
from gatelog.kql.regex.regexes import engine_pattern, quote_pattern, read_regex
from gatelog.kql.relations import Compute, Computed, Relation
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.stages.columns import choose_all, extended
from gatelog.kql.stages.computing import with_windows
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values.conversions import convert

STRING = KqlType.STRING
_REPEATABLE = ("quote", "escape")
_SINGLE = ("pair_delimiter", "kv_delimiter", "regex")
_GREEDY_CUT = "\0"
"""Stands for the pair delimiters that count in greedy mode; no text of a log has it."""
_WORD = r"[\pL\pN]+"
_BLANKS = " \t\r\n\f\v"


class Quotes(NamedTuple):
    """The opening and closing quotes of keys and values, and what escapes a character between them."""

    pairs: tuple[tuple[str, str], ...]
    escapes: tuple[str, ...]

    def pattern(self) -> str:
        """A regular expression for a quoted text, quotes included; without groups."""
        escaped = "".join(f"|{quote_pattern(char)}." for char in self.escapes)
        stop = "".join(map(re.escape, self.escapes))
        shapes = [
            f"{quote_pattern(opening)}(?:[^{re.escape(closing)}{stop}]{escaped})*{quote_pattern(closing)}"
            for opening, closing in self.pairs
        ]
        return "|".join(shapes)

    def removed(self, text: Sql, between: str = "") -> Sql:
        """The text without its quotes and escapes; one that has none only from its last `between` on."""
        bare = sql.call("substring", text, 2, sql.minus(sql.call("lengthUTF8", text), 2))
        for escape in self.escapes:
            bare = sql.call("replaceRegexpAll", bare, f"(?s){quote_pattern(escape)}(.)", r"\1")
        quoted = [
            sql.all_of([sql.call("startsWith", text, opening), sql.call("endsWith", text, closing)])
            for opening, closing in self.pairs
        ]
        plain = sql.call("arrayElement", sql.call("splitByString", between, text), -1) if between else text
        return sql.if_(sql.any_of(quoted), bare, plain)


def bind_parse_kv(stage: ast.ParseKv, relation: Relation, scope: Scope) -> Relation:
    """The input and the columns; what is missing or does not fit its type is null."""
    row_scope = scope.over(relation)
    choose_all(((column, column.name) for column in stage.columns), scope)
    source = convert(bind(stage.source, row_scope), STRING)
    pairs = scope.context.field("pairs", KqlType.DYNAMIC)
    with scope.context.at(stage):
        split = Computed(pairs, _pairs(source.sql, stage, row_scope))
    computed: list[Computed] = []
    for column in stage.columns:
        kind = KqlType(column.type)
        made = scope.context.field(column.name, kind)
        text = Term(STRING, _value_of(column.name, sql.column(pairs.sql_name)), nullable=False)
        with scope.context.at(column):
            computed.append(Computed(made, read_as(text, kind).sql))
    first = Compute(relation.fields, with_windows(relation, row_scope), (split,))
    fields = extended(relation.fields, (one.field for one in computed))
    return Compute(tuple(fields), first, tuple(computed))


def _value_of(name: str, pairs: Sql) -> Sql:
    named = sql.eq(sql.call("arrayElement", sql.variable("pair"), 1), name)
    return sql.call("arrayElement", sql.call("arrayFirst", sql.lambda_("pair", named), pairs), 2)


def _pairs(source: Sql, stage: ast.ParseKv, scope: Scope) -> Sql:
    """Array(Array(String)): a key and a value each, blanks around them cut."""
    given = {item.names[0].value: _text(item, scope) for item in stage.properties if _is_text(item)}
    quotes = _quotes(stage, scope)
    if "regex" in given:
        if len(stage.properties) > 1:
            raise scope.context.error(stage, "regex stands alone in parse-kv")
        return _matched_pairs(source, given["regex"], stage, scope)
    if ("pair_delimiter" in given) != ("kv_delimiter" in given):
        raise scope.context.error(stage, "pair_delimiter and kv_delimiter go together")
    if not given:
        return _words(source, quotes)
    between, inside = given["pair_delimiter"], given["kv_delimiter"]
    if _is_greedy(stage, scope):
        source = _cut_before_keys(source, between, inside, [column.name for column in stage.columns])
        between = _GREEDY_CUT
    if quotes.pairs:
        return _quoted_pairs(source, between, inside, quotes)
    return _plain_pairs(source, between, inside)


def _is_text(item: ast.NamedExpression) -> bool:
    return item.names[0].value in _SINGLE


def _is_greedy(stage: ast.ParseKv, scope: Scope) -> bool:
    greedy = False
    for item in stage.properties:
        if item.names[0].value == "greedy":
            value = bind(item.value, scope).constant
            if value is None or not isinstance(value.value, bool):
                raise scope.context.error(item, "greedy must be true or false")
            greedy = value.value
    return greedy


def _quotes(stage: ast.ParseKv, scope: Scope) -> Quotes:
    pairs: list[tuple[str, str]] = []
    escapes: list[str] = []
    for item in stage.properties:
        name = item.names[0].value
        if name not in (*_SINGLE, *_REPEATABLE, "greedy"):
            raise scope.context.error(item, f"parse-kv has no property '{name}'")
        if name in _REPEATABLE:
            text = _text(item, scope)
            if len(text) > (2 if name == "quote" else 1):
                raise scope.context.error(
                    item, f"{name} is too long", "a quote: 1 or 2 characters; escape: 1"
                )
            if name == "quote":
                pairs.append((text[0], text[-1]))
            else:
                escapes.append(text)
    return Quotes(tuple(pairs), tuple(escapes))


def _text(item: ast.NamedExpression, scope: Scope) -> str:
    value = bind(item.value, scope).constant
    if value is None or not isinstance(value.value, str) or not value.value:
        raise scope.context.error(item, f"{item.names[0].value} must be a constant string")
    return value.value


def _matched_pairs(source: Sql, regex: str, stage: ast.ParseKv, scope: Scope) -> Sql:
    count = len(read_regex(regex).groups)
    if count != 2:
        message = f"the regular expression of parse-kv has two groups, key and value; this has {count}"
        raise scope.context.error(stage, message, "a group that is neither is written (?:...)")
    found = sql.call("extractAllGroupsVertical", source, engine_pattern(regex))
    return _mapped(found, _trimmed)


def _trimmed(text: Sql) -> Sql:
    return sql.call("trimBoth", text, _BLANKS)


def _plain_pairs(source: Sql, between: str, inside: str) -> Sql:
    pair = sql.variable("pair")
    place = sql.call("position", pair, inside)
    name = sql.call("substring", pair, 1, sql.minus(place, 1))
    value = sql.call("substring", pair, sql.plus(place, len(inside.encode())))
    both = sql.array([_trimmed(name), _trimmed(value)])
    none = sql.array([sql.literal(""), sql.literal("")])
    split = sql.call("splitByString", between, source)
    return sql.call("arrayMap", sql.lambda_("pair", sql.if_(sql.greater(place, 0), both, none)), split)


def _quoted_pairs(source: Sql, between: str, inside: str, quotes: Quotes) -> Sql:
    end = rf"(?:{quote_pattern(between)}|\z)"
    item = f"({quotes.pattern()}|.*?)"
    pattern = rf"(?s)\s*{item}\s*{quote_pattern(inside)}\s*{item}\s*{end}"
    found = sql.call("extractAllGroupsVertical", source, pattern)
    return _mapped(found, lambda text: quotes.removed(text, between))


def _words(source: Sql, quotes: Quotes) -> Sql:
    """Every two words that follow each other."""
    pattern = f"(?s)(?:{quotes.pattern()}|{_WORD})" if quotes.pairs else _WORD
    words = sql.call("extractAll", source, pattern)
    pair = sql.array([sql.variable("key"), sql.variable("value")])
    pairs = sql.call(
        "arrayMap",
        sql.lambda_pair("key", "value", pair),
        sql.call("arrayPopBack", words),
        sql.call("arrayPopFront", words),
    )
    return _mapped(pairs, quotes.removed) if quotes.pairs else pairs


def _mapped(pairs: Sql, change: Callable[[Sql], Sql]) -> Sql:
    inner = sql.call("arrayMap", sql.lambda_("text", change(sql.variable("text"))), sql.variable("pair"))
    return sql.call("arrayMap", sql.lambda_("pair", inner), pairs)


def _cut_before_keys(source: Sql, between: str, inside: str, keys: Sequence[str]) -> Sql:
    names = "|".join(map(quote_pattern, keys))
    cut = rf"{quote_pattern(between)}(\s*(?:{names})\s*{quote_pattern(inside)})"
    return sql.call("replaceRegexpAll", source, cut, f"{_GREEDY_CUT}\\1")
