"""ClickHouse formulas written as text: for functions that would be unreadable as a tree built by hand.

The text is ours, a constant of the program. It is parsed once and becomes a template with places for values:

    "arrayMap(x -> x / total, items)"  ──►  arrayMap("λx" -> "λx" / □, □)      □ total, □ items

`formula` puts trees in the places. Nothing of a query's author ever becomes part of the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache

from sqlglot import exp, parse_one

from gatelog.kql.clickhouse import nodes, sql
from gatelog.kql.clickhouse.dialect import Verbatim
from gatelog.kql.clickhouse.nodes import Filled
from gatelog.kql.clickhouse.sql import Argument, Sql

_OPERATORS = (exp.Binary, exp.Not, exp.Is, exp.Between, exp.Lambda)
"""Those at the top of a formula stay nodes: what stands around them asks whether they need parentheses."""

_LOOSE = (exp.Binary, exp.In, exp.Not, exp.Neg, exp.Is, exp.Lambda)
"""Values that need parentheses as operands."""

_PLACE = re.compile(r"place_(\d+)_")


class _Pieces(Filled):
    """A part of a template. Each of its `places` has the name of a value, and whether it is an operand."""

    __slots__ = ("places",)

    def __init__(self, pieces: tuple[str | int, ...], places: Sequence[tuple[str, bool]]) -> None:
        super().__init__(pieces, [])
        self.places = places


def formula(text: str, /, **values: Argument) -> Sql:
    """The expression `text` with each name in `values` replaced by its value.

        formula("arrayMap(x -> x / total, items)", total=..., items=...)

    The parameters of its lambdas stand for themselves; any other name must have a value.
    """
    return _filled(_template(text), values)


def _filled(node: Sql, values: Mapping[str, Argument]) -> Sql:
    """A new tree like the template, whose own nodes stay as they are."""
    if isinstance(node, _Pieces):
        return Filled(
            node.args["this"], [_in_place(values[name], operand=operand) for name, operand in node.places]
        )
    if isinstance(node, exp.Column):
        return _in_place(values[node.name], operand=_is_operand(node))
    arguments: dict[str, object] = {}
    for key, value in node.args.items():
        if isinstance(value, list):
            arguments[key] = [_filled(one, values) for one in value]
        else:
            arguments[key] = _filled(value, values) if isinstance(value, exp.Expr) else value
    made = nodes.make(node.__class__, **arguments)
    if isinstance(node, exp.Func) and not isinstance(made, nodes.Shared):
        made.meta.update(node.meta)  # how the function's name was written
    return made


def _in_place(value: Argument, *, operand: bool) -> Sql:
    node = sql.literal(value) if isinstance(value, str | int) else value
    return nodes.make(exp.Paren, this=node) if operand and isinstance(node, _LOOSE) else node


def _is_operand(name: exp.Column) -> bool:
    return isinstance(name.parent, exp.Binary | exp.Unary)


@cache
def _template(text: str) -> Sql:
    tree = parse_one(text, dialect=Verbatim)
    for function in tree.find_all(exp.Lambda):
        parameters = {parameter.name for parameter in function.expressions}
        for used in list(function.find_all(exp.Identifier)):
            if used.name in parameters and not isinstance(used.parent, exp.Column):
                used.replace(exp.Identifier(this=sql.PARAMETER_MARK + used.name, quoted=True))
    return _in_pieces(tree)


def _in_pieces(node: Sql) -> Sql:
    """The tree with everything below its operators as pieces of text."""
    if isinstance(node, exp.Column | exp.Identifier | exp.JSONPath):
        return node
    if not isinstance(node, _OPERATORS):
        return _pieces(node)
    for part in list(node.iter_expressions()):
        shaped = _in_pieces(part)
        if shaped is not part:
            part.replace(shaped)
    return node


def _pieces(node: Sql) -> _Pieces:
    names = list(node.find_all(exp.Column))
    places = [(name.name, _is_operand(name)) for name in names]
    for number, name in enumerate(names):
        name.set("this", exp.Identifier(this=f"place_{number}_"))
    pieces = _PLACE.split(Verbatim().generate(node, copy=False))
    return _Pieces(tuple(int(piece) if odd % 2 else piece for odd, piece in enumerate(pieces)), places)
