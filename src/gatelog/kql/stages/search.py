"""search: rows that contain a term in any column, or satisfy a predicate in which bare strings are such
terms.

A predicate is bound for each table by itself: a column that the table lacks is null there.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from gatelog.kql import ast
from gatelog.kql.ast.walking import names_in
from gatelog.kql.names.scope import Scope
from gatelog.kql.regex.regexes import quote_pattern
from gatelog.kql.relations import Filter, Relation
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.search.text_search import search
from gatelog.kql.stages.columns import with_constant
from gatelog.kql.stages.computing import with_windows
from gatelog.kql.stages.table_lists import Input, everything, listed
from gatelog.kql.stages.union import union_of
from gatelog.kql.terms import Term, null_of, reference
from gatelog.kql.types import KqlType
from gatelog.kql.values.comparisons import both, condition, either, opposite
from gatelog.kql.values.conversions import convertible
from gatelog.kql.values.literals import bool_term, string_term

TABLE_COLUMN = "$table"


def bind_search(stage: ast.Search, relation: Relation | None, scope: Scope) -> Relation:
    """The rows that the predicate finds; the first column tells the table."""
    exact = stage.kind == "case_sensitive"
    if relation is not None and stage.tables:
        message = "search in (...) begins a query: it does not look in what is before the pipe"
        raise scope.context.error(stage, message, "write search in (...) first, or leave the list out")
    if relation is not None:
        found = matching(stage.predicate, relation, (), scope, exact=exact)
        return with_constant(TABLE_COLUMN, scope.called or "search_arg0", found, scope)
    inputs = listed(stage.tables, None, scope) if stage.tables else everything(scope, stage)
    relations = [table.relation for table in inputs]
    kept = [
        Input(table.name, matching(stage.predicate, table.relation, relations, scope, exact=exact))
        for table in inputs
    ]
    return union_of(kept, TABLE_COLUMN, scope)


def matching(
    predicate: ast.Expression, relation: Relation, others: Sequence[Relation], scope: Scope, *, exact: bool
) -> Relation:
    """The rows of one table for which the predicate is true; columns that only `others` have are null."""
    row_scope = _with_absent(predicate, others, scope).over(relation)
    with scope.context.at(predicate):
        test = condition(_predicate(predicate, row_scope, "_cs" if exact else ""))
    return Filter(relation.fields, with_windows(relation, row_scope), test.predicate)


def _with_absent(predicate: ast.Expression, others: Sequence[Relation], scope: Scope) -> Scope:
    types = {field.name: field.type for other in others for field in other.fields}
    for name in names_in(predicate):
        if name in types:
            scope = scope.with_name(name, null_of(types[name]))
    return scope


def _predicate(node: ast.Expression, scope: Scope, exact: str) -> Term:
    match node:
        case ast.Star():
            return bool_term(True)
        case ast.Literal(type="string", value=str(text)):
            return _anywhere(text, scope, exact)
        case ast.Binary(op="and" | "or" as operator, left=left, right=right):
            join = both if operator == "and" else either
            return join(_predicate(left, scope, exact), _predicate(right, scope, exact))
        case ast.Binary(op=":", left=ast.Star(), right=ast.Literal(value=str(text))):
            return _anywhere(text, scope, exact)
        case ast.Binary(op=":", left=left, right=ast.Literal(value=str(text))):
            scope.context.count_searches(_conditions(text))
            return _in_value(bind(left, scope), text, exact)
        case ast.Call(function="not", arguments=(inner,)):
            return opposite(_predicate(inner, scope, exact))
        case ast.Name(value=word) if _is_unknown(word, scope):
            hint = f"a word to look for stands in quotes: search '{word}'"
            raise scope.context.error(node, f"there is no column '{word}'", hint)
        case _:
            return bind(node, scope)


def _is_unknown(name: str, scope: Scope) -> bool:
    known = scope.named(name) is not None or name in scope.guarded or scope.context.catalog.protects(name)
    return not known and scope.column(name) is None


def _anywhere(text: str, scope: Scope, exact: str) -> Term:
    found = bool_term(False)
    shown = scope.shown
    scope.context.count_searches(len(shown) * _conditions(text))
    for field in shown:
        if convertible(field.type, KqlType.STRING):
            test = _in_value(reference(field), text, exact)
            if test.constant is None:
                found = test if found.constant is not None else either(found, test)
    return found


def _conditions(text: str) -> int:
    """How many conditions a text makes of one column: one, or one for each piece and one for their order."""
    within = text.strip("*").count("*")
    return within + 2 if within else 1


def _in_value(value: Term, text: str, exact: str) -> Term:
    """`x` finds a term; `x*` its beginning, `*x` its end, `*x*` any piece, `*` whatever is not empty, `x*y` a
    piece from x to y."""
    if "*" in text.strip("*"):
        return _from_piece_to_piece(value, text, exact)
    operators = {
        (False, False): "has",
        (False, True): "hasprefix",
        (True, False): "hassuffix",
        (True, True): "contains",
    }
    operator = operators[text.startswith("*"), text.endswith("*")]
    return search(operator + exact, value, string_term(text.strip("*")))


_NOT_OF_WORD = r"[^\pL\pM\pN_]"
"""A character of no word: the `\\b` that Kusto documents here is one of ASCII in RE2."""


def _from_piece_to_piece(value: Term, text: str, exact: str) -> Term:
    """The pieces one after the other, with anything between them; a letter or digit at an end begins or
    ends a word.

    The pieces are looked for one by one first: that is quicker, and of an index only they can be asked.
    """
    pieces = [piece for piece in text.split("*") if piece]
    found = [search("contains" + exact, value, string_term(piece)) for piece in pieces]
    start = rf"(?:^|{_NOT_OF_WORD})" if text[0].isalnum() else ""
    end = rf"(?:{_NOT_OF_WORD}|$)" if text[-1].isalnum() else ""
    pattern = ("" if exact else "(?i)") + start + ".*".join(map(quote_pattern, pieces)) + end
    return reduce(both, [*found, search("matches regex", value, string_term(pattern))])
