"""Which expressions are tables: decided from the syntax and the names in reach, before anything is bound."""

from __future__ import annotations

from gatelog.kql import ast
from gatelog.kql.names.bindings import FunctionBinding, TableBinding
from gatelog.kql.names.databases import is_place
from gatelog.kql.names.declared_patterns import case_of
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Relation
from gatelog.kql.terms import Term
from gatelog.kql.values.literals import bool_term

TABLE_FUNCTIONS = frozenset({"materialize", "table", "view", "database", "cluster", "workspace", "app"})
"""Calls whose result is a table."""


def _not_bound() -> Relation:
    raise AssertionError("a name that only tells its kind is never bound")


_KIND_TABLE = TableBinding(_not_bound)
_KIND_VALUE = bool_term(True)
"""Stand-ins for the names of a function's body while only the kind of its result is asked."""


def is_table(node: ast.Expression, scope: Scope) -> bool:
    """Whether an expression is a table."""
    if (case := case_of(node, scope)) is not None:
        return returns_table(case, scope)
    match node:
        case ast.Pipeline(source=source, operators=operators):
            return bool(operators) or not isinstance(source, ast.Expression) or is_table(source, scope)
        case ast.DataTable() | ast.ExternalData():
            return True
        case ast.Name(value=name):
            return _names_table(name, scope)
        case ast.Call(function=function):
            return function in TABLE_FUNCTIONS or _calls_table(function, scope)
        case ast.Member(base=base) | ast.WildcardMember(base=base):
            return is_place(base)
        case _:
            return False


def _names_table(name: str, scope: Scope) -> bool:
    if scope.column(name) is not None:
        return False
    binding = scope.names.get(name)
    if isinstance(binding, FunctionBinding):
        return returns_table(binding, scope)
    return not scope.hides(name) and (
        isinstance(binding, TableBinding)
        or (binding is None and scope.context.catalog.find(name) is not None)
    )


def _calls_table(function: str, scope: Scope) -> bool:
    binding = scope.names.get(function)
    return isinstance(binding, FunctionBinding) and returns_table(binding, scope)


def returns_table(binding: FunctionBinding, scope: Scope) -> bool:
    """Whether a function of the author's gives a table."""
    inner = scope_of_body(binding, scope)
    for statement in binding.function.body:
        if isinstance(statement, ast.Let):
            inner = inner.with_name(statement.name.value, _kind(statement.value, inner))
    last = binding.function.body[-1] if binding.function.body else None
    return isinstance(last, ast.QueryStatement) and is_table(last.pipeline, inner)


def scope_of_body(binding: FunctionBinding, scope: Scope) -> Scope:
    """The names known in a function's body; its parameters only by their kind."""
    inner = Scope(scope.context, binding.names, scope.bind_table, scope.call_function)
    for parameter in binding.function.parameters:
        inner = inner.with_name(
            parameter.name, _KIND_TABLE if isinstance(parameter, ast.TabularParameter) else _KIND_VALUE
        )
    return inner


def _kind(value: ast.Expression, scope: Scope) -> TableBinding | FunctionBinding | Term:
    if isinstance(value, ast.Function):
        return FunctionBinding(value, scope.names)
    return _KIND_TABLE if is_table(value, scope) else _KIND_VALUE
