"""`database("name").T`, `database().T`: there is one database, which may be named; others, and clusters,
cannot be asked. For Log Analytics it is one workspace: `workspace("name or id").T`.
"""

from __future__ import annotations

from gatelog.kql import ast
from gatelog.kql.names.scope import Scope

ALIAS = "NetDefaultDB"
"""What clients call the default database, whatever its name."""

PLACES = frozenset({"database", "cluster", "workspace", "app", "resource", "arg", "adx"})
"""Functions that name a place where tables are."""


def is_place(node: ast.Expression | None) -> bool:
    """Whether an expression names a database or something beyond it."""
    return isinstance(node, ast.Call) and node.function in PLACES


def own_tables(place: ast.Expression, scope: Scope) -> Scope:
    """The scope of `database("name")`, without the names of let; an error unless it is the database asked."""
    context = scope.context
    match place:
        case ast.Call(function="database", qualifier=None, arguments=(ast.Literal(value=str(name)),)):
            if name in context.databases:
                return own_tables(context.databases[name], scope)
            own = context.catalog.database
            if name.lower() in (own.lower(), ALIAS.lower()):
                return scope.without_names()
            raise context.error(place, f"there is no database '{name}'", f"the database here is '{own}'")
        case ast.Call(function="database", qualifier=None, arguments=()):
            return scope.without_names()
        case ast.Call(function="workspace", qualifier=None, arguments=(ast.Literal(value=str(name)),)):
            own = context.catalog.database
            known = {own.lower(), context.catalog.workspace.lower()} - {""}
            if name.rpartition("/")[2].lower() in known:
                return scope.without_names()
            raise context.unsupported(place, f"workspace('{name}')", f"the workspace here is '{own}'")
        case ast.Call(function=function, qualifier=beyond) if is_place(place):
            shown = beyond.function if isinstance(beyond, ast.Call) else function
            raise context.unsupported(place, f"{shown}()", "only the tables of this database can be asked")
        case _:
            hint = "operators follow a pipe: Table | where ..."
            raise context.error(place, "expected database('name')", hint)
