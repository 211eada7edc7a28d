"""reduce: groups of similar texts; see text_patterns.

The rows are read once for each of these, and what comes of it goes into the next:

    frequent terms  ─►  their combinations that are frequent  ─►  patterns

A pattern has the given part of the rows, two at least; the rows of all others are the group "others", which
has no representative. The most frequent pattern comes first.

Source: learn.microsoft.com/kusto/query/reduce-operator; its search is not published. Of an answer of the page
that has one pattern in nine rows, here is one.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlglot import exp

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.lowering.lower import select_of
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Aggregate, Compute, Computed, Filter, Limit, Relation, Sort, SortKey, Unnest
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.stages import text_patterns
from gatelog.kql.stages.columns import extended
from gatelog.kql.stages.computing import copied, kept, with_windows
from gatelog.kql.stages.statement_length import with_short_statement
from gatelog.kql.stages.text_patterns import MOST_FREQUENT, WORDS, Alphabet, separated_by
from gatelog.kql.terms import Field
from gatelog.kql.types import KqlType

OTHERS = "others"
"""The pattern of all that has none."""

MOST_CHARACTERS = 256
"""Separators that may be named: more than a keyboard has."""

_DEFAULT_SHARE = 0.1

_DYNAMIC, _LONG, _STRING = KqlType.DYNAMIC, KqlType.LONG, KqlType.STRING


class _Reduction(NamedTuple):
    """What is to be reduced: the last column of `rows`, by patterns that `share` of them have."""

    rows: Relation
    share: float
    alphabet: Alphabet
    scope: Scope


class _Known(NamedTuple):
    """What the patterns depend on, each a value of the whole input, as `text_patterns.frequent` has it."""

    terms: Sql
    beginnings: Sql


def bind_reduce(stage: ast.Reduce, relation: Relation, scope: Scope) -> Relation:
    """`reduce by text`: `Pattern`, `Count`, `Representative`; with `kind = source` the rows and `Pattern`."""
    for hint in stage.hints:
        if hint.name == "kind" and hint.value != "source":
            raise scope.context.error(hint, f"there is no reduce of the kind '{hint.value}'", "kind = source")
    share, alphabet = _properties(stage, scope)
    reduction = _Reduction(_with_text(stage, relation, scope), share, alphabet, scope)
    terms = _value(_frequent(_terms(reduction), reduction))
    beginnings = _value(_frequent(_beginnings(terms, reduction), reduction))
    known = _Known(terms, beginnings)
    keeps_rows = any(hint.name == "kind" for hint in stage.hints)
    answer = _with_pattern(known, reduction) if keeps_rows else _groups(known, reduction)
    return with_short_statement(answer, stage, scope)


def _properties(stage: ast.Reduce, scope: Scope) -> tuple[float, Alphabet]:
    share, alphabet = _DEFAULT_SHARE, WORDS
    for item in stage.properties:
        name = item.names[0].value
        constant = bind(item.value, scope).constant
        value = constant.value if constant is not None else None
        if name == "threshold":
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
                raise scope.context.error(item, "threshold must be a constant number from 0 to 1")
            share = value
        elif name == "characters":
            if not isinstance(value, str) or not 1 <= len(value) <= MOST_CHARACTERS:
                message = f"characters must be a constant string of 1 to {MOST_CHARACTERS} characters"
                raise scope.context.error(item, message)
            alphabet = separated_by(value)
        else:
            raise scope.context.error(item, f"reduce has no '{name}'", "it has threshold and characters")
    return share, alphabet


def _with_text(stage: ast.Reduce, relation: Relation, scope: Scope) -> Relation:
    """The rows with the text as their last column; those that come out another way each time, as they come
    out once."""
    row_scope = scope.over(relation)
    text = bind(stage.by.value, row_scope)
    if text.type is not _STRING:
        raise scope.context.error(
            stage.by, f"reduce takes a string, this is {text.type}", "wrap it in tostring()"
        )
    made = _computed("text", text.sql, _STRING, scope)
    rows = Compute((*relation.fields, made.field), with_windows(relation, row_scope), (made,))
    return kept(rows, scope.context) if scope.context.draws else rows


def _texts(reduction: _Reduction) -> Relation:
    """Each text and its number, the columns in this order."""
    rows = copied(reduction.rows, reduction.scope.context)
    text = _computed("text", _column(rows.fields[-1]), _STRING, reduction.scope)
    count = _computed("number", sql.call("toInt64", sql.call("count")), _LONG, reduction.scope)
    return _grouped(rows, (text,), (count,))


def _terms(reduction: _Reduction) -> Relation:
    """Each term that is no number, and how many rows have it; the empty one is in all."""
    texts = _texts(reduction)
    terms = text_patterns.terms_of(_column(texts.fields[0]), reduction.alphabet)
    once = sql.call("arrayDistinct", sql.call("arrayPushFront", terms, ""))
    counted = _counted(texts, once, reduction)
    words = sql.not_(text_patterns.is_number(_column(counted.fields[0])))
    return Filter(counted.fields, counted, words)


def _beginnings(terms: Sql, reduction: _Reduction) -> Relation:
    """Each beginning of a list of frequent terms, and how many rows have it; the empty one, 0, is in all."""
    texts = _texts(reduction)
    found = text_patterns.terms_of(_column(texts.fields[0]), reduction.alphabet)
    places = text_patterns.places_of(found, terms)
    ranks = _computed("ranks", text_patterns.ranked(places), _DYNAMIC, reduction.scope)
    once = _grouped(texts, (ranks,), (_sum(texts.fields[1], reduction),))
    hashes = text_patterns.beginnings(_column(ranks.field))
    return _counted(once, sql.call("arrayPushFront", hashes, 0), reduction)


def _counted(rows: Relation, items: Sql, reduction: _Reduction) -> Relation:
    """Each of the `items` of the rows, and the number of those that have it; theirs is the second column."""
    listed = _computed("items", items, _DYNAMIC, reduction.scope)
    item = reduction.scope.context.field("item", _DYNAMIC)
    source = _more(rows, listed)
    each = Unnest((*source.fields, item), source, (item,), (listed.field.sql_name,))
    key = _computed("item", _column(item), _DYNAMIC, reduction.scope)
    return _grouped(each, (key,), (_sum(rows.fields[1], reduction),))


def _frequent(counted: Relation, reduction: _Reduction) -> Relation:
    """The only cell of this relation has what is frequent of the first column; the second says how often."""
    item, number = counted.fields
    order = (SortKey(number.sql_name, True, False), SortKey(item.sql_name, False, False))
    first = Limit(counted.fields, Sort(counted.fields, counted, order), sql.literal(MOST_FREQUENT))
    items, counts = (sql.call("groupArray", _column(one)) for one in (item, number))
    found = text_patterns.frequent(items, counts, _share(reduction))
    return _grouped(first, (), (_computed("found", found, _DYNAMIC, reduction.scope),))


def _share(reduction: _Reduction) -> Sql:
    return sql.call("toFloat64", repr(reduction.share))


def _pattern_of(text: Field, known: _Known, reduction: _Reduction) -> Computed:
    """The pattern of a text, empty if it has none."""
    value = text_patterns.pattern_of(_column(text), known.terms, known.beginnings, reduction.alphabet)
    return _computed("pattern", value, _STRING, reduction.scope)


def _patterns(known: _Known, reduction: _Reduction) -> Relation:
    """Each pattern, how many rows have it, and the first of their texts."""
    texts = _texts(reduction)
    text, number = texts.fields
    least = _computed("least", sql.call("min", _column(text)), _STRING, reduction.scope)
    pattern = _pattern_of(text, known, reduction)
    return _grouped(texts, (pattern,), (_sum(number, reduction), least))


def _groups(known: _Known, reduction: _Reduction) -> Relation:
    """The answer: those that are too few together."""
    scope = reduction.scope
    patterns = _patterns(known, reduction)
    shown, number, text = (_column(one) for one in patterns.fields)
    total = exp.Window(this=sql.call("sum", number))
    enough = _computed(
        "enough",
        formula(
            "number > 1 AND number / total >= share", number=number, total=total, share=_share(reduction)
        ),
        KqlType.BOOL,
        scope,
    )
    judged = Compute((*patterns.fields, enough.field), patterns, (enough,), windowed=True)
    group = _computed("group", sql.if_(_column(enough.field), shown, ""), _STRING, scope)
    least = _computed("least", sql.call("min", text), _STRING, scope)
    groups = _grouped(judged, (group,), (_sum(patterns.fields[1], reduction), least))
    others = sql.eq(_column(group.field), "")
    made = (
        _computed("Pattern", sql.if_(others, OTHERS, _column(group.field)), _STRING, scope),
        _computed("Count", _column(groups.fields[1]), _LONG, scope),
        _computed("Representative", sql.if_(others, "", _column(least.field)), _STRING, scope),
        _computed("last", others, KqlType.BOOL, scope),
    )
    pattern, count, _, last = (one.field.sql_name for one in made)
    fields = tuple(one.field for one in made[:3])
    order = (SortKey(last, False, False), SortKey(count, True, False), SortKey(pattern, False, False))
    return Sort(fields, Compute(fields, groups, made), order)


def _with_pattern(known: _Known, reduction: _Reduction) -> Relation:
    """The rows, each with its pattern."""
    chosen = _value(_frequent(_counted(*_listed_patterns(known, reduction), reduction), reduction))
    *fields, text = reduction.rows.fields
    found = _pattern_of(text, known, reduction)
    shown = _column(found.field)
    place = text_patterns.places_of(sql.array([shown]), chosen)
    is_one = formula("pattern != '' AND place[1] > 0", pattern=shown, place=place)
    pattern = _computed("Pattern", sql.if_(is_one, shown, OTHERS), _STRING, reduction.scope)
    return Compute(tuple(extended(fields, (pattern.field,))), _more(reduction.rows, found), (pattern,))


def _listed_patterns(known: _Known, reduction: _Reduction) -> tuple[Relation, Sql]:
    """The patterns with the number of their rows, and each as a list; the empty one is in all."""
    patterns = _patterns(known, reduction)
    pattern, number, _ = patterns.fields
    listed = formula("arrayDistinct(['', pattern])", pattern=_column(pattern))
    return Compute((pattern, number), patterns, ()), listed


def _value(relation: Relation) -> Sql:
    """The only cell of a relation as a value; the engine evaluates it once."""
    return sql.subquery(select_of(relation, [relation.fields[0].sql_name]))


def _column(field: Field) -> Sql:
    return sql.column(field.sql_name)


def _computed(name: str, value: Sql, kind: KqlType, scope: Scope) -> Computed:
    return Computed(scope.context.field(name, kind), value)


def _sum(number: Field, reduction: _Reduction) -> Computed:
    return _computed("number", sql.call("sum", _column(number)), _LONG, reduction.scope)


def _more(rows: Relation, made: Computed) -> Relation:
    return Compute((*rows.fields, made.field), rows, (made,))


def _grouped(rows: Relation, keys: tuple[Computed, ...], made: tuple[Computed, ...]) -> Relation:
    return Aggregate(tuple(one.field for one in (*keys, *made)), rows, keys, made)
