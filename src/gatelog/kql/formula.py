"""ClickHouse formulas written as text: for functions that would be unreadable as a tree built by hand.

The text is ours, a constant of the program; `formula` parses it once and puts trees in the place of its
names. Nothing of a query's author ever becomes part of the text.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from sqlglot import exp, parse_one

from gatelog.kql import sql
from gatelog.kql.dialect import Verbatim
from gatelog.kql.sql import Argument, Sql


def formula(text: str, /, **values: Argument) -> Sql:
    """The expression `text` with each name in `values` replaced by its value.

        formula("arrayMap(x -> x / total, items)", total=..., items=...)

    The parameters of its lambdas stand for themselves; any other name must have a value.
    """
    return _filled(_parsed(text), values)


def _filled(node: Sql, values: Mapping[str, Argument]) -> Sql:
    """A new tree like the template, whose own nodes stay as they are."""
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
def _parsed(text: str) -> Sql:
    tree = parse_one(text, dialect=Verbatim)
    for function in tree.find_all(exp.Lambda):
        parameters = {parameter.name for parameter in function.expressions}
        for used in list(function.find_all(exp.Identifier)):
            if used.name in parameters and not isinstance(used.parent, exp.Column):
                used.replace(sql.variable(used.name))
    return tree
