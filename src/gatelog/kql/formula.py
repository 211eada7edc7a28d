"""ClickHouse formulas written as text: for functions that would be unreadable as a tree built by hand.

The text is ours, a constant of the program. It is parsed once and becomes a template with places for values:

    "arrayMap(x -> x / total, items)"  ──►  arrayMap("λx" -> "λx" / □, □)      □ total, □ items

`formula` puts trees in the places. Nothing of a query's author ever becomes part of the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from sqlglot import exp, parse_one

from gatelog.kql import sql
from gatelog.kql.dialect import Verbatim
from gatelog.kql.nodes import Filled
from gatelog.kql.sql import Argument, Sql

_OPERATORS = (exp.Binary, exp.Not, exp.Is, exp.Between, exp.Lambda)
"""Those at the top of a formula stay nodes: what stands around them asks whether they need parentheses."""

_PLACE = re.compile(r"place_(\d+)_")


def formula(text: str, /, **values: Argument) -> Sql:
    """The expression `text` with each name in `values` replaced by its value.

        formula("arrayMap(x -> x / total, items)", total=..., items=...)

    The parameters of its lambdas stand for themselves; any other name must have a value.
    """
    return _filled(_template(text), values)


def _filled(node: Sql, values: Mapping[str, Argument]) -> Sql:
    """A new tree like the template, whose own nodes stay as they are."""
    if isinstance(node, Filled):
        places = (place.this if isinstance(place, exp.Paren) else place for place in node.args["expressions"])
        return Filled(node.args["this"], [_in_place(name, values[name.name]) for name in places])
    if isinstance(node, exp.Column):
        return _in_place(node, values[node.name])
    arguments: dict[str, object] = {}
    for key, value in node.args.items():
        if isinstance(value, list):
            arguments[key] = [_filled(one, values) for one in value]
        else:
            arguments[key] = _filled(value, values) if isinstance(value, exp.Expr) else value
    made = node.__class__(**arguments)
    if isinstance(node, exp.Func):
        made.meta.update(node.meta)  # how the function's name was written
    return made


def _in_place(name: exp.Column, value: Argument) -> Sql:
    node = sql.literal(value) if isinstance(value, str | int) else value
    loose = isinstance(node, exp.Binary | exp.Not | exp.Is | exp.Lambda)
    return exp.Paren(this=node) if loose and isinstance(name.parent, exp.Binary | exp.Unary) else node


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


def _pieces(node: Sql) -> Filled:
    names = list(node.find_all(exp.Column))
    places = [_place(name) for name in names]
    for number, name in enumerate(names):
        name.set("this", exp.Identifier(this=f"place_{number}_"))
    pieces = _PLACE.split(Verbatim().generate(node, copy=False))
    return Filled(tuple(int(piece) if odd % 2 else piece for odd, piece in enumerate(pieces)), places)


def _place(name: exp.Column) -> Sql:
    """The name once more, with parentheses around it where its value may need some."""
    column = exp.Column(this=exp.Identifier(this=name.name))
    return exp.Paren(this=column) if isinstance(name.parent, exp.Binary | exp.Unary) else column
