"""Long chains of comparisons with one column, as lists: the engine is slow at a thousand conditions.

x == 1 or x == 2 or ...      x in (1, 2, ...)
x != 1 and x != 2 and ...    x !in (1, 2, ...)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce
from typing import NamedTuple

from gatelog.kql import ast
from gatelog.kql.names.scope import Scope
from gatelog.kql.types import INTEGERS, KqlType

SHORTEST_LIST = 16
"""Comparisons that are worth a list; shorter chains stay as they are written."""

_LISTS = {"or": ("==", "in"), "and": ("!=", "!in")}


class Operands(NamedTuple):
    """The operands of a chain of one logical operator."""

    lists: dict[tuple[str, str], list[ast.Binary]]
    others: list[ast.Expression]


def shortened(node: ast.Binary, scope: Scope) -> ast.Expression:
    """The chain that begins at an `and` or `or`, its comparisons in lists where they are many."""
    comparison, _ = _LISTS[node.op]
    found = Operands({}, [])
    for operand in _operands(node, node.op):
        key = _column_and_type(operand, comparison, scope)
        if key is None:
            found.others.append(operand)
        else:
            assert isinstance(operand, ast.Binary)
            found.lists.setdefault(key, []).append(operand)
    if all(len(tests) < SHORTEST_LIST for tests in found.lists.values()):
        return node
    return reduce(_joined(node), [*_listed(found, node), *found.others])


def _operands(node: ast.Expression, operator: str) -> Iterator[ast.Expression]:
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.Binary) and one.op == operator:
            waiting += [one.right, one.left]
        else:
            yield one


def _column_and_type(node: ast.Expression, comparison: str, scope: Scope) -> tuple[str, str] | None:
    """The column that an operand compares with a literal of its own type; None for any other operand."""
    match node:
        case ast.Binary(op=op, left=ast.Name(value=name), right=ast.Literal(type=kind, value=value)):
            column = scope.column(name)
            if op != comparison or column is None or value is None:
                return None
            same = column.type == kind or (column.type in INTEGERS and kind in INTEGERS)
            return (name, kind) if same and column.type is not KqlType.DYNAMIC else None
        case _:
            return None


def _listed(found: Operands, node: ast.Binary) -> Iterator[ast.Expression]:
    for tests in found.lists.values():
        if len(tests) < SHORTEST_LIST:
            yield from tests
        else:
            items = tuple(test.right for test in tests)
            yield ast.InList(node.span, _LISTS[node.op][1], tests[0].left, items)


def _joined(node: ast.Binary) -> Callable[[ast.Expression, ast.Expression], ast.Expression]:
    return lambda left, right: ast.Binary(node.span, node.op, left, right)
