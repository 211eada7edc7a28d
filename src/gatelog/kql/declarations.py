"""What statements other than let and declare change for those behind them: set, alias, restrict; and that no
name is declared twice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import translate
from typing import NoReturn

from gatelog.kql import ast
from gatelog.kql.bindings import TableBinding
from gatelog.kql.context import Context
from gatelog.kql.databases import is_place, own_tables
from gatelog.kql.expressions import bind
from gatelog.kql.scope import Scope


def check_declared_once(
    statements: Sequence[ast.Statement],
    parameters: Iterable[ast.ColumnDeclaration | ast.TabularParameter],
    context: Context,
) -> None:
    """Refuses a name that the let and declare statements of a query, or those of a function's body beside its
    `parameters`, give twice. A body may give a name of the query another meaning."""
    declared = {parameter.name for parameter in parameters}
    for statement in statements:
        for node, name in _declarations(statement):
            if name in declared:
                raise context.error(node, f"'{name}' is declared already", "give one another name")
            declared.add(name)


def _declarations(statement: ast.Statement) -> list[tuple[ast.Node, str]]:
    match statement:
        case ast.Let(name=name):
            return [(name, name.value)]
        case ast.DeclareParameters(parameters=parameters):
            return [(parameter, parameter.name) for parameter in parameters]
        case _:
            return []


def set_option(statement: ast.SetOption, scope: Scope) -> None:
    """`set name = value`: kept for whoever runs the query; query_now is the query's clock."""
    if statement.value is None:
        return
    scope.context.settings[statement.name] = statement.value
    if statement.name == "query_now":
        term = bind(statement.value, scope)
        now = term.constant.value if term.constant is not None else None
        if term.type != "datetime" or not isinstance(now, int):
            raise scope.context.error(statement.value, "query_now must be a constant datetime")
        scope.context.now = now


def alias_database(statement: ast.AliasDatabase, scope: Scope) -> None:
    """`alias database name = database("...")`: another name of the one database."""
    own_tables(statement.value, scope)
    scope.context.databases[statement.name] = statement.value


def restricted(statement: ast.Restrict, scope: Scope) -> Scope:
    """The scope in which only the tables of the list can be named; what was bound before keeps its own."""
    allowed = [_pattern(node, scope) for node in statement.tables]
    known = {*scope.context.catalog.wildcard_names, *scope.context.catalog.functions, *scope.names}
    for name in sorted(known):
        if not any(shape.fullmatch(name) for shape in allowed):
            scope = scope.with_name(name, _denied(name, statement, scope))
    return scope


def _pattern(node: ast.Expression, scope: Scope) -> re.Pattern[str]:
    match node:
        case ast.Name(value=name):
            return re.compile(re.escape(name))
        case ast.WildcardName(pattern=pattern):
            return re.compile(translate(pattern))
        case ast.Member(base=base, name=name) if is_place(base):
            own_tables(base, scope)
            return re.compile(re.escape(name))
        case ast.WildcardMember(base=base, pattern=pattern):
            own_tables(base, scope)
            return re.compile(translate(pattern))
        case _:
            raise scope.context.error(node, "expected the name of a table or view")


def _denied(name: str, statement: ast.Restrict, scope: Scope) -> TableBinding:
    def refuse() -> NoReturn:
        raise scope.context.error(statement, f"access is restricted, '{name}' is not among the tables listed")

    return TableBinding(refuse, denied=True)
