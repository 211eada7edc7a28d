"""The names of columns: those that Kusto gives to unnamed expressions, and how clashes are told apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gatelog.kql import ast
from gatelog.kql.aggregates import AGGREGATES
from gatelog.kql.functions import FUNCTIONS, SEVERAL_COLUMNS, Naming

_BY_FIRST_ARGUMENT = {"bin_auto", "rand", "take_any", "materialize", "toscalar"}
COLUMN_IF_EXISTS = ("column_ifexists", "columnifexists")
_WHATEVER_THEIR_ARGUMENTS = {"ingestion_time": "$IngestionTime"}


def result_name(node: ast.Expression) -> str | None:
    """The name of the column that an unnamed expression makes, None when Kusto counts it (Column1)."""
    match node:
        case ast.Name(value=name) | ast.NamedArgument(name=name):
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
    """`d.x.y` makes the column d_x_y, and so does `parse_json(d).x.y`."""
    above = result_name(base)
    return key if above is None else f"{above}_{key}"


def _call_name(node: ast.Call) -> str | None:
    aggregate = AGGREGATES.get(node.function)
    first = result_name(node.arguments[0]) if node.arguments else None
    if aggregate is not None and len(node.arguments) <= aggregate.most:
        return f"{aggregate.prefix}_{first or ''}" if aggregate.prefix else first
    if node.function in _BY_FIRST_ARGUMENT:
        return first
    if node.function in _WHATEVER_THEIR_ARGUMENTS:
        return _WHATEVER_THEIR_ARGUMENTS[node.function]
    several = SEVERAL_COLUMNS.get(node.function)
    if several is not None and several.by_argument:
        return several.column_name([first], 0, "sorted")
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
        case Naming.FIXED:
            return function.prefix
        case Naming.NONE:
            return None


def chosen_names(item: ast.NamedExpression) -> set[str]:
    """The names that an item's author chose: those before the `=`, or that of the column that it is."""
    if item.names:
        return {name.value for name in item.names}
    return {item.value.value} if isinstance(item.value, ast.Name) else set()


class Names:
    """The names of a row's columns as they are given out, no two alike.

    `chosen` are those that the author chose; of these Kusto has no two alike, and numbers none.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._last: dict[str, int] = {}
        self.chosen: set[str] = set()

    def __contains__(self, name: object) -> bool:
        return name in self._taken

    def add(self, name: str) -> str:
        """`name`, or with the first of 1, 2, ... at its end that is free."""
        if name not in self._taken:
            self._taken.add(name)
            return name
        return self._numbered(name)

    def counted(self) -> str:
        """The next free of Column1, Column2, ..."""
        return self._numbered("Column")

    def _numbered(self, name: str) -> str:
        """Names are never given back: what was taken at the last search still is."""
        count = self._last.get(name, 0) + 1
        while f"{name}{count}" in self._taken:
            count += 1
        self._last[name] = count
        self._taken.add(f"{name}{count}")
        return f"{name}{count}"


def names_beside(left: Iterable[str], right: Sequence[str]) -> list[str]:
    """The names of one table's columns behind those of another: a clash gets the first number that is free on
    both sides."""
    taken = set(left)
    names = Names(taken.union(right))
    return [names.add(name) if name in taken else name for name in right]
