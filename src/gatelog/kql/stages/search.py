"""search: rows that contain a term in any column, or satisfy a predicate in which bare strings are such
terms."""

from __future__ import annotations

from gatelog.kql import ast
from gatelog.kql.comparisons import both, condition, either, opposite
from gatelog.kql.conversions import convert, convertible
from gatelog.kql.expressions import bind
from gatelog.kql.literals import bool_term, string_term
from gatelog.kql.relations import Filter, Relation
from gatelog.kql.scope import Scope
from gatelog.kql.stages.columns import with_constant
from gatelog.kql.stages.computing import with_windows
from gatelog.kql.stages.union import bind_union
from gatelog.kql.terms import Term, reference
from gatelog.kql.text_search import search
from gatelog.kql.types import KqlType

TABLE_COLUMN = "$table"


def bind_search(stage: ast.Search, relation: Relation | None, scope: Scope) -> Relation:
    """The rows that the predicate finds; the first column tells the table."""
    if relation is not None:
        return with_constant(TABLE_COLUMN, "search_arg0", _found(stage, relation, scope), scope)
    tables = stage.tables or tuple(ast.Name(stage.span, name) for name in scope.context.catalog.names)
    if not tables:
        raise scope.context.error(stage, "there is no table to search")
    union = ast.Union(stage.span, "outer", TABLE_COLUMN, False, tables)
    return _found(stage, bind_union(union, None, scope), scope)


def _found(stage: ast.Search, relation: Relation, scope: Scope) -> Relation:
    row_scope = scope.over(relation)
    exact = "_cs" if stage.kind == "case_sensitive" else ""
    with scope.context.at(stage.predicate):
        test = _predicate(stage.predicate, row_scope, exact)
    return Filter(relation.fields, with_windows(relation, row_scope), condition(test).condition)


def _predicate(node: ast.Expression, scope: Scope, exact: str) -> Term:
    match node:
        case ast.Star():
            return bool_term(True)
        case ast.Literal(type="string", value=str(text)):
            return _anywhere(text, scope, exact)
        case ast.Binary(op="and" | "or" as operator, left=left, right=right):
            join = both if operator == "and" else either
            return join(_predicate(left, scope, exact), _predicate(right, scope, exact))
        case ast.Binary(op=":", left=left, right=ast.Literal(value=str(text))):
            return _in_value(bind(left, scope), text, exact)
        case ast.Call(function="not", arguments=(inner,)):
            return opposite(_predicate(inner, scope, exact))
        case _:
            return bind(node, scope)


def _anywhere(text: str, scope: Scope, exact: str) -> Term:
    found = bool_term(False)
    for field in scope.fields:
        if field.name != TABLE_COLUMN and convertible(field.type, KqlType.STRING):
            test = _in_value(reference(field), text, exact)
            found = test if found.constant is not None else either(found, test)
    return found


def _in_value(value: Term, text: str, exact: str) -> Term:
    """`x` finds a term; `x*` its beginning, `*x` its end, `*x*` any piece."""
    operators = {
        (False, False): "has",
        (False, True): "hasprefix",
        (True, False): "hassuffix",
        (True, True): "contains",
    }
    operator = operators[text.startswith("*"), text.endswith("*")]
    return search(operator + exact, convert(value, KqlType.STRING), string_term(text.strip("*")))
