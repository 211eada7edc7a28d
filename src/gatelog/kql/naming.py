"""The names of columns: those that Kusto gives to unnamed expressions, and how clashes are told apart."""

from __future__ import annotations

from collections.abc import Iterable

from gatelog.kql import ast
from gatelog.kql.aggregates import AGGREGATES
from gatelog.kql.functions import FUNCTIONS, Naming

_BY_FIRST_ARGUMENT = {"bin_auto", "take_any", "materialize", "toscalar"}
_COLUMN_IF_EXISTS = {"column_ifexists", "columnifexists"}


def result_name(node: ast.Expression) -> str | None:
    """The name of the column that an unnamed expression makes, None when Kusto counts it (Column1)."""
    match node:
        case ast.Name(value=name):
            return name
        case ast.Member(base=base, name=name):
            return _path_name(base, name)
        case ast.Index(base=base, index=ast.Literal(type="string" | "long" | "int", value=key)):
            return _path_name(base, str(key))
        case ast.Call():
            return _call_name(node)
        case _:
            return None


def _path_name(base: ast.Expression, key: str) -> str:
    """`d.x.y` makes the column d_x_y; below a call, `parse_json(s).x.y`, only the last name counts."""
    root = base
    while isinstance(root, ast.Member | ast.Index):
        root = root.base
    above = result_name(base) if isinstance(root, ast.Name) else None
    return key if above is None else f"{above}_{key}"


def _call_name(node: ast.Call) -> str | None:
    aggregate = AGGREGATES.get(node.function)
    first = result_name(node.arguments[0]) if node.arguments else None
    if aggregate is not None:
        return f"{aggregate.prefix}_{first or ''}" if aggregate.prefix else first
    if node.function in _COLUMN_IF_EXISTS:
        key = node.arguments[0] if node.arguments else None
        return str(key.value) if isinstance(key, ast.Literal) else None
    if node.function in _BY_FIRST_ARGUMENT:
        return first
    function = FUNCTIONS.get(node.function)
    if function is None:
        return None
    match function.naming:
        case Naming.FIRST:
            return first
        case Naming.ONLY:
            return first if len(node.arguments) == 1 else None
        case Naming.PREFIXED:
            return f"{function.prefix}_{first or ''}"
        case Naming.NONE:
            return None


class Names:
    """The names of a row's columns as they are given out, no two alike."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def __contains__(self, name: str) -> bool:
        return name in self._taken

    def add(self, name: str) -> str:
        """`name`, or with the first of 1, 2, ... at its end that is free."""
        unique, count = name, 0
        while unique in self._taken:
            count += 1
            unique = f"{name}{count}"
        self._taken.add(unique)
        return unique

    def counted(self) -> str:
        """The next free of Column1, Column2, ..."""
        count = 1
        while f"Column{count}" in self._taken:
            count += 1
        return self.add(f"Column{count}")
