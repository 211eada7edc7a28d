"""The tables that union, search and find go through, and the names by which they tell them apart.

T, T* , *                         tables and views, by name or pattern: their own names
(T | where ... | as N)            N
(T | where ...)                   T
anything else, let-bound tables   union_arg0, union_arg1, ... by place
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate
from typing import NamedTuple

from gatelog.errors import KqlError
from gatelog.kql import ast
from gatelog.kql.lowering.lower import lower
from gatelog.kql.names.bindings import Binding, FunctionBinding, TableBinding
from gatelog.kql.names.databases import own_tables
from gatelog.kql.names.declared_patterns import case_of
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Compute, ProtectedColumnError, Relation
from gatelog.kql.scalars.expressions import is_builtin
from gatelog.kql.terms import Field


class Input(NamedTuple):
    """A table in a list, and the name that the result shows for it."""

    name: str
    relation: Relation


def listed(
    nodes: Sequence[ast.Expression], piped: Relation | None, scope: Scope, *, fuzzy: bool = False
) -> list[Input]:
    """The input in front of a pipe and the tables of a list; `fuzzy` passes over tables that do not exist."""
    inputs = [] if piped is None else [Input(scope.called or "union_arg0", piped)]
    for node in nodes:
        inputs += _inputs(node, len(inputs), scope, fuzzy=fuzzy)
    return inputs


def everything(scope: Scope, node: ast.Node) -> list[Input]:
    """All tables and views there are."""
    inputs = listed([ast.WildcardName(node.span, "*")], None, scope, fuzzy=True)
    if not inputs:
        raise scope.context.error(node, "there is no table to look in")
    return inputs


def _inputs(node: ast.Expression, place: int, scope: Scope, *, fuzzy: bool) -> list[Input]:
    match node:
        case ast.WildcardName(pattern=pattern):
            names = _matching(pattern, scope)
        case ast.WildcardMember(base=base, pattern=pattern):
            names = _matching(pattern, own_tables(base, scope))
        case _ if fuzzy and _is_missing(node, scope):
            return []
        case _:
            return [Input(_shown_name(node, place, scope), scope.bind_table(node, scope))]
    stored = scope.without_names() if names else scope
    scopes = ((name, scope if _is_view(scope.names.get(name)) else stored) for name in names)
    found = [table for name, seen in scopes if (table := _named(name, node, seen)) is not None]
    if not found and not fuzzy:
        hint = "saved views of what cannot be read here are passed over" if names else ""
        raise scope.context.error(node, f"no table matches '{pattern}'", hint)
    return found


def _named(name: str, node: ast.Node, scope: Scope) -> Input | None:
    """The table or view of that name, found by a pattern."""
    called = ast.Name(node.span, name)
    relation = _readable(called, scope) if _is_saved(name, scope) else scope.bind_table(called, scope)
    return None if relation is None else Input(name, relation)


def _readable(view: ast.Name, scope: Scope) -> Relation | None:
    """What the asker may read of a saved view, which somebody else may have made of more than that: the
    columns that need no protected one. None if there are none, or it names what is not here.
    """
    used = len(scope.context.guarded_at)
    try:
        relation = scope.bind_table(view, scope)
    except (KqlError, ProtectedColumnError):
        scope.context.check_limits(view)  # a query that is beyond one is refused all the same
        return None
    if len(scope.context.guarded_at) == used:
        return relation
    fields = _unprotected(relation, relation.fields) if _can_be_lowered(relation, ()) else ()
    return Compute(fields, relation, ()) if fields else None


def _unprotected(relation: Relation, fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """Those of the columns that need no protected one. Sought in halves: few do, and to lower the view for
    each of thousands takes minutes.
    """
    if _can_be_lowered(relation, fields):
        return fields
    half = len(fields) // 2
    return (*_unprotected(relation, fields[:half]), *_unprotected(relation, fields[half:])) if half else ()


def _can_be_lowered(relation: Relation, fields: tuple[Field, ...]) -> bool:
    try:
        lower(relation, frozenset(field.sql_name for field in fields))
    except ProtectedColumnError:
        return False
    return True


def _is_saved(name: str, scope: Scope) -> bool:
    binding = scope.names.get(name)
    let_bound = binding is not None and not (isinstance(binding, FunctionBinding) and binding.saved)
    return name in scope.context.catalog.saved and not let_bound


def _matching(pattern: str, scope: Scope) -> list[str]:
    """The views and the catalogue's tables that a pattern means: nothing else that the query calls so."""
    shape = re.compile(translate(pattern))
    views = [name for name, binding in scope.names.items() if _is_view(binding)]
    names = dict.fromkeys((*scope.context.catalog.wildcard_names, *views))
    matching = [name for name in names if shape.match(name)]
    if not matching:
        return []
    stored = scope.without_names()
    return [name for name in matching if _is_view(scope.names.get(name)) or not stored.hides(name)]


def _is_view(binding: Binding | None) -> bool:
    return isinstance(binding, FunctionBinding) and binding.function.view


def _is_missing(node: ast.Expression, scope: Scope) -> bool:
    match node:
        case ast.Pipeline(source=ast.Expression() as source):
            return _is_missing(source, scope)
        case ast.Name(value=name):
            return scope.named(name) is None and _is_unknown(name, scope)
        case ast.Call(function="materialize" | "view", arguments=(table,)):
            return _is_missing(table, scope)
        case ast.Call(function="table", arguments=(ast.Literal(value=str() as name), *_)):
            return _is_missing(ast.Name(node.span, name), scope)
        case ast.Call(function=name, qualifier=None):
            known = name in scope.context.catalog.saved and not scope.hides(name)
            return scope.named(name) is None and not known and not is_builtin(name)
        case ast.Member(base=ast.Call(), name=name) if case_of(node, scope) is None:
            return _is_missing(ast.Name(node.span, name), scope.without_names())
        case _:
            return False


def _is_unknown(name: str, scope: Scope) -> bool:
    """Whether the catalogue has no table of this name, or a restriction hides it."""
    return scope.hides(name) or scope.context.catalog.find(name) is None


def _shown_name(node: ast.Expression, place: int, scope: Scope) -> str:
    match node:
        case ast.Pipeline(operators=(*_, ast.As(name=name))):
            return name.value
        case ast.Pipeline(source=(ast.Name() | ast.Member()) as source):
            return _shown_name(source, place, scope)
        case ast.Name(value=name) if not isinstance(scope.names.get(name), TableBinding):
            return name
        case ast.Member(base=ast.Call(), name=name) if case_of(node, scope) is None:
            return name
        case _:
            return f"union_arg{place}"
