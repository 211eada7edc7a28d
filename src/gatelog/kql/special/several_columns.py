"""Calls that make several columns, bound: each with the name that it has unless the author gives one."""

from __future__ import annotations

from gatelog.kql import ast
from gatelog.kql.functions import SEVERAL_COLUMNS
from gatelog.kql.names.bindings import FunctionBinding
from gatelog.kql.names.naming import result_name
from gatelog.kql.names.scope import Bind, Scope
from gatelog.kql.terms import Term


def makes_several(node: ast.Node, scope: Scope) -> bool:
    """Whether a node is a call of a function that can make several columns."""
    return (
        isinstance(node, ast.Call)
        and node.function in SEVERAL_COLUMNS
        and not isinstance(scope.names.get(node.function), FunctionBinding)
    )


def columns_of(node: ast.Call, scope: Scope, bind: Bind) -> list[tuple[str, Term]]:
    """The columns of such a call: name and value."""
    row = SEVERAL_COLUMNS[node.function]
    count = len(node.arguments)
    if not row.least <= count <= row.most:
        raise scope.context.error(
            node, f"{row.name}() takes {row.least} to {row.most} arguments, here are {count}"
        )
    arguments = [bind(argument, scope) for argument in node.arguments]
    names = [result_name(argument) for argument in node.arguments]
    with scope.context.at(node):
        parts = row.build(arguments)
    return [(row.column_name(names, place, part), term) for place, (part, term) in enumerate(parts)]
