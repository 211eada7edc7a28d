"""parse and parse-where: columns cut out of a text by a pattern of literals, columns and `*`.

The pattern becomes one regular expression with a group for each column:

    simple, relaxed   literal → itself · `*` → anything · column → as little as possible, the last one to the
                      end, but before a `*` what its type looks like
    regex             literal → the expression that it is · `*` → as little as possible · column → as much as
                      possible, or what its type looks like; flag U: each the other way round

When the text does not match, all columns are null; in simple mode also when one value does not fit its type.
A type looks a little different in the two, as `1.`, `.5` and a bool of `1` show.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions import read_as
from gatelog.kql.names.scope import Scope
from gatelog.kql.regex.regexes import quote_pattern, read_regex
from gatelog.kql.relations import Compute, Computed, Filter, Relation
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.stages.columns import choose_all, extended
from gatelog.kql.stages.computing import with_windows
from gatelog.kql.terms import Field, Term, null_of
from gatelog.kql.types import KqlType
from gatelog.kql.values.conversions import convert

STRING = KqlType.STRING

_Part: TypeAlias = "ast.Literal | ast.ParseColumn | ast.Star"

_FLAGS = frozenset("Uims")
_OF_ANY_TEXT = frozenset({STRING, KqlType.DYNAMIC})
"""Types of which every text is a value: JSON's null is, and what is no JSON is a string."""
_INTEGER = r"\s*[-+]?\d+"
_DIGITS = "[0-9a-fA-F]"
_GUID = rf"{_DIGITS}{{8}}-?{_DIGITS}{{4}}-?{_DIGITS}{{4}}-?{_DIGITS}{{4}}-?{_DIGITS}{{12}}"
_CLOCK = r"\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d*)?)?"
_DATE = rf"\s*(?:\d{{4}}-\d{{1,2}}-\d{{1,2}}|\d{{1,2}}/\d{{1,2}}/\d{{1,4}})(?:[Tt ]\s*{_CLOCK})?"
_TEMPORAL_SHAPES = {
    "datetime": _DATE + r"(?:[Zz]|[-+]\d{1,2}(?::\d{1,2})?)?",
    "timespan": r"\s*-?(?:\d+\.\d{1,2}:\d{1,2}:\d{1,2}|\d{1,2}:\d{1,2}(?::\d{1,2})?)(?:\.\d*)?",
}
_SHARED_SHAPES = {
    "long": _INTEGER,
    "int": _INTEGER,
    "guid": rf"\s*(?:\{{{_GUID}\}}|{_GUID})",
    **_TEMPORAL_SHAPES,
}
_SIMPLE_REAL, _REGEX_REAL = r"\s*[-+]?(?:\d+\.?\d*|\.\d+)", r"\s*[-+]?\d+(?:\.\d+)?"
_SIMPLE_SHAPES = {
    **_SHARED_SHAPES,
    "real": _SIMPLE_REAL,
    "decimal": _SIMPLE_REAL,
    "bool": rf"\s*(?i:true|false)|{_INTEGER}",
}
_REGEX_SHAPES = {
    **_SHARED_SHAPES,
    "real": _REGEX_REAL,
    "decimal": _REGEX_REAL,
    "bool": r"\s*(?i:true|false)",
}


def bind_parse(stage: ast.Parse, relation: Relation, scope: Scope) -> Relation:
    """The input with the columns of the pattern; with `filtering` only the rows that fit."""
    row_scope = scope.over(relation)
    source = convert(bind(stage.source, row_scope), STRING)
    pattern, places = _pattern(stage, row_scope)
    groups = scope.context.field("groups", KqlType.DYNAMIC)
    matched = Computed(groups, sql.call("extractGroups", source.sql, pattern))
    first = Compute(relation.fields, with_windows(relation, row_scope), (matched,))
    columns = [part for part in stage.pattern if isinstance(part, ast.ParseColumn)]
    choose_all(((column, column.name.value) for column in columns), scope)
    texts = [_text(groups, place) for place in places]
    values = [_value(column, text, scope) for column, text in zip(columns, texts, strict=True)]
    fits = _fits(groups, values, strict=stage.kind == "simple" or stage.filtering)
    computed, fields = _computed(columns, values, fits, relation, scope, guarded=stage.kind != "relaxed")
    made: Relation = Compute(tuple(fields), first, tuple(computed))
    if stage.filtering:
        kept = Filter(relation.fields, first, fits)
        made = Compute(tuple(fields), kept, tuple(computed))
    return made


def _text(groups: Field, place: int) -> Term:
    return Term(STRING, sql.call("arrayElement", sql.column(groups.sql_name), place), nullable=False)


def _pattern(stage: ast.Parse, scope: Scope) -> tuple[str, list[int]]:
    """The regular expression, and the number of each column's group (1 is the whole match)."""
    unknown = set(stage.flags) - _FLAGS
    if unknown:
        raise scope.context.error(stage, f"parse has no flag '{unknown.pop()}'", "U, i, m, s")
    regex = stage.kind == "regex"
    pieces: list[str] = []
    columns: list[str] = []
    for index, part in enumerate(stage.pattern):
        last = index == len(stage.pattern) - 1
        if isinstance(part, ast.Literal):
            text = str(part.value)
            pieces.append(text if regex else quote_pattern(text))
        elif isinstance(part, ast.Star):
            pieces.append("" if last else ".*?")
        else:
            columns.append(f"column[{index}]")
            after = stage.pattern[index + 1 :]
            shape = _regex_shape(part, after) if regex else _simple_shape(part, after)
            pieces.append(f"(?P<{columns[-1]}>(?-u){shape})" if regex else f"({shape})")
    body = "".join(pieces)
    if regex:
        with scope.context.at(stage):
            body, groups, _ = read_regex(body)
        places = [groups.index(name) + 2 for name in columns]
        return f"((?{stage.flags}{'' if 's' in stage.flags else '-s'}){body})", places
    places = list(range(2, len(columns) + 2))
    end = "" if isinstance(stage.pattern[-1], ast.Star) else "$"
    return f"((?s{stage.flags.replace('U', '')})^{body}{end})", places


def _simple_shape(part: ast.ParseColumn, after: Sequence[_Part]) -> str:
    if not after or not isinstance(after[0], ast.Star):
        return ".*?" if after else ".*"
    shape = _SIMPLE_SHAPES.get(part.type, ".*?")
    return f"(?:{shape})?" if len(after) == 1 else shape


def _regex_shape(part: ast.ParseColumn, after: Sequence[_Part]) -> str:
    if not after and part.type in _TEMPORAL_SHAPES:
        return ".*"
    return _REGEX_SHAPES.get(part.type, ".*")


def _value(column: ast.ParseColumn, text: Term, scope: Scope) -> Term:
    with scope.context.at(column):
        return read_as(text, KqlType(column.type))


def _fits(groups: Field, values: list[Term], *, strict: bool) -> Sql:
    tests = [sql.call("notEmpty", sql.column(groups.sql_name))]
    if strict:
        tests += [sql.call("isNotNull", value.sql) for value in values if value.type not in _OF_ANY_TEXT]
    return sql.all_of(tests)


def _computed(
    columns: list[ast.ParseColumn],
    values: list[Term],
    fits: Sql,
    relation: Relation,
    scope: Scope,
    *,
    guarded: bool,
) -> tuple[list[Computed], list[Field]]:
    computed: list[Computed] = []
    for column, value in zip(columns, values, strict=True):
        made = scope.context.field(column.name.value, value.type)
        node = sql.if_(fits, value.sql, null_of(value.type).sql) if guarded else value.sql
        computed.append(Computed(made, node))
    return computed, extended(relation.fields, (one.field for one in computed))
