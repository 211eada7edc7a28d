"""What the plugins of evaluate share: how they take their arguments, and how they ask the data."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql import ast
from gatelog.kql.expressions import bind
from gatelog.kql.lower import select_of
from gatelog.kql.relations import Relation
from gatelog.kql.scope import Scope, nearest
from gatelog.kql.terms import Field
from gatelog.kql.writer import written

MOST_COLUMNS = 1_000
"""Columns that a plugin makes of data at most: more are no table that anyone can read."""


def arguments_of(call: ast.Call, names: Sequence[str], scope: Scope) -> dict[str, ast.Expression]:
    """The arguments by the names of their parameters, written in order or with names."""
    found: dict[str, ast.Expression] = {}
    for place, argument in enumerate(call.arguments):
        if isinstance(argument, ast.NamedArgument):
            if argument.name not in names:
                hint = nearest(argument.name, list(names))
                raise scope.context.error(
                    argument, f"{call.function} has no parameter '{argument.name}'", hint
                )
            found[argument.name] = argument.value
        elif place < len(names):
            found[names[place]] = argument
        else:
            raise scope.context.error(argument, f"{call.function} takes at most {len(names)} arguments")
    return found


def constant_text(node: ast.Expression | None, scope: Scope, default: str = "") -> str:
    """The value of an argument that must be a constant string."""
    if node is None:
        return default
    constant = bind(node, scope).constant
    if constant is None or not isinstance(constant.value, str):
        raise scope.context.error(node, "expected a constant string")
    return constant.value


def named_column(node: ast.Expression | None, call: ast.Call, relation: Relation, scope: Scope) -> Field:
    """The column that an argument names."""
    if not isinstance(node, ast.Name):
        raise scope.context.error(node or call, f"{call.function} expects the name of a column here")
    found = scope.over(relation).column(node.value)
    if found is None:
        hint = nearest(node.value, [field.name for field in relation.fields])
        raise scope.context.error(node, f"there is no column '{node.value}'", hint)
    return found


def asked(
    relation: Relation, names: Sequence[str], stage: ast.Evaluate, scope: Scope
) -> list[Sequence[object]]:
    """What the data answer to a question about the columns that a plugin is to make."""
    if scope.context.ask is None:
        raise scope.context.unsupported(
            stage, "a plugin whose columns depend on the data", "name them: evaluate plugin(...) : (a: long)"
        )
    select = select_of(relation, names)
    rows = list(scope.context.ask(written(select)))
    if len(rows) > MOST_COLUMNS:
        raise scope.context.error(stage, f"the plugin would make more than {MOST_COLUMNS} columns")
    return rows
