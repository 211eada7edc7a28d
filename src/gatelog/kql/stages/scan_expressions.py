"""The expressions of a scan's steps: `step.column` is what a step remembers, and no row has neighbours."""

from __future__ import annotations

from msgspec.structs import replace

from gatelog.kql import ast
from gatelog.kql.names.own_names import own_name
from gatelog.kql.names.scope import Scope
from gatelog.kql.special.windows import WINDOW_FUNCTIONS


def flattened(node: ast.Expression, steps: frozenset[str], scope: Scope) -> ast.Expression:
    """The expression with `step.column` as one name."""
    return _rewritten(node, steps, scope)  # type: ignore[return-value]  # an expression stays one


def _rewritten(value: object, steps: frozenset[str], scope: Scope) -> object:
    match value:
        case ast.Call(function=name) if name in WINDOW_FUNCTIONS:
            hint = "a step's own memory is read as step.column"
            raise scope.context.error(value, f"{name}() has no meaning inside scan", hint)
        case ast.Member(span=span, base=ast.Name(value=step), name=column) if step in steps:
            return ast.Name(span, own_name(step, column))
        case tuple():
            return tuple(_rewritten(item, steps, scope) for item in value)
        case ast.Node():
            names = value.__struct_fields__
            changed = {name: _rewritten(getattr(value, name), steps, scope) for name in names}
            return replace(value, **changed)
        case _:
            return value
