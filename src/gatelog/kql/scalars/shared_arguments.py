"""Calls within calls: what a function says several times is long when it is itself such a call.

    f(f(f(f(x))))  ──►  2 x, 4 x, 8 x, 16 x   with f(x) = x + x

So a long argument below several calls gets a name, and the function is built of the name:

    arrayMap(argument -> f(argument), [f(f(f(x)))])[1]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.length import is_longer
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.terms import Term

LONGEST_ARGUMENT = 2_000
"""Characters of SQL that a function may say as often as it likes."""

_DEEPEST = 1
"""Calls in each other whose text is not looked at: most queries have no more."""

Build = Callable[[Sequence[Term]], Term]


def built(build: Build, nodes: Sequence[ast.Expression], arguments: Sequence[Term]) -> Term:
    """What `build` makes of the arguments, those of `nodes`, with names for those that are long."""
    if not any(_is_deep(node, _DEEPEST) for node in nodes):
        return build(arguments)
    named: dict[str, Sql] = {}
    given: list[Term] = []
    for place, term in enumerate(arguments):
        if term.constant is None and is_longer(term.sql, LONGEST_ARGUMENT):
            name = f"argument{place}"
            named[name] = term.sql
            term = Term(term.type, sql.variable(name), term.nullable)
        given.append(term)
    made = build(given)
    if not named or made.constant is not None:
        return made
    values = [sql.array([value]) for value in named.values()]
    mapped = sql.call("arrayMap", sql.lambda_of(list(named), made.sql), *values)
    return Term(made.type, sql.call("arrayElement", mapped, 1), made.nullable)


def _is_deep(node: ast.Expression, calls: int) -> bool:
    """Whether more than so many calls stand in each other."""
    match node:
        case ast.Call(arguments=arguments):
            return calls == 0 or any(_is_deep(argument, calls - 1) for argument in arguments)
        case ast.Member(base=base) | ast.Index(base=base):
            return _is_deep(base, calls)
        case _:
            return False
