"""What statements other than let and declare change for those behind them: set, alias, restrict; and that no
name is declared twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from fnmatch import translate
from itertools import chain
from typing import TypeAlias

from msgspec.structs import replace

from gatelog.kql import ast
from gatelog.kql.names.bindings import HIDDEN, Binding, DrawnBinding, FunctionBinding
from gatelog.kql.names.context import Context
from gatelog.kql.names.databases import is_place, own_tables
from gatelog.kql.names.scope import Scope
from gatelog.kql.names.tabular import returns_table
from gatelog.kql.parser.values import typed_value
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values.known_times import known

_SCOPE_LIMITS = frozenset({"query_datetimescope_from", "query_datetimescope_to"})


def check_declared_once(
    statements: Sequence[ast.Statement],
    parameters: Iterable[ast.ColumnDeclaration | ast.TabularParameter],
    context: Context,
) -> None:
    """Refuses a name that the let and declare statements of a query, or those of a function's body beside its
    `parameters`, give twice. A body may give a name of the query another meaning."""
    declared: set[str] = set()
    given = [(parameter, parameter.name) for parameter in parameters]
    for node, name in chain(given, *map(_declarations, statements)):
        if name in declared:
            raise context.error(node, f"'{name}' is declared already", "give one another name")
        declared.add(name)


def _declarations(statement: ast.Statement) -> Sequence[tuple[ast.Node, str]]:
    match statement:
        case ast.Let(name=name):
            return [(name, name.value)]
        case ast.DeclareParameters(parameters=parameters):
            return [(parameter, parameter.name) for parameter in parameters]
        case _:
            return []


def set_option(statement: ast.SetOption, scope: Scope) -> None:
    """`set name = value`: kept for whoever runs the query; query_now is the query's clock."""
    scope.context.changes += 1
    if statement.name == "best_effort":
        scope.context.best_effort = _is_on(statement, scope)
    if statement.value is None:
        return
    scope.context.settings[statement.name] = statement.value
    if statement.name == "query_now":
        term = bind(statement.value, scope)
        now = term.constant.value if term.constant is not None else None
        if term.type != "datetime" or not isinstance(now, int):
            raise scope.context.error(statement.value, "query_now must be a constant datetime")
        scope.context.now = now
    if statement.name in _SCOPE_LIMITS:
        moment = _moment(statement.value, scope)
        if moment is None:
            message, hint = f"{statement.name} must be a constant datetime", "datetime(2026-01-31), for one"
            raise scope.context.error(statement.value, message, hint)
        scope.context.settings[statement.name] = moment
    if statement.name == "query_datetimescope_column" and not _is_column_name(statement.value):
        message, hint = f"{statement.name} must be the name of a column", "'TimeGenerated', for one"
        raise scope.context.error(statement.value, message, hint)


def _moment(value: ast.Expression, scope: Scope) -> ast.Literal | None:
    """The datetime that a value is, or that it is the text of; None if it is none."""
    kind = KqlType.DATETIME
    if isinstance(value, ast.Literal) and isinstance(value.value, str):
        read = typed_value(kind.value, value.value)
        return None if read is None else ast.Literal(value.span, kind.value, read)
    term = bind(value, scope)
    count = known(term) if term.type is kind else None
    return None if count is None else ast.Literal(value.span, kind.value, count)


def _is_column_name(value: ast.Expression) -> bool:
    return isinstance(value, ast.Name) or (isinstance(value, ast.Literal) and isinstance(value.value, str))


def _is_on(statement: ast.SetOption, scope: Scope) -> bool:
    """Whether an option that is a switch is set; without a value it is."""
    if statement.value is None:
        return True
    term = bind(statement.value, scope)
    return term.constant is not None and term.constant.value is True


def alias_database(statement: ast.AliasDatabase, scope: Scope) -> None:
    """`alias database name = database("...")`: another name of the one database."""
    own_tables(statement.value, scope)
    scope.context.changes += 1
    scope.context.databases[statement.name] = statement.value


def restricted(statement: ast.Restrict, scope: Scope) -> Scope:
    """The scope in which only the tables of the list can be named; what was bound before keeps its own, and
    values and functions of values stay."""
    scope.context.count_restriction(statement)
    own = {name: binding for name, binding in scope.names.items() if not _is_saved(binding)}
    listed_own, listed_stored = _listed(statement, own, scope)
    stored = {*scope.context.catalog.names, *scope.context.catalog.saved}
    scope = scope.without_stored(name for name in stored if not listed_stored(name))
    hidden = {
        name: HIDDEN
        for name, binding in own.items()
        if not (listed_own(name) or _is_value(binding, scope)) or scope.hides(name)
    }
    return replace(scope, names={**scope.names, **hidden})


def _is_saved(binding: Binding) -> bool:
    return isinstance(binding, FunctionBinding) and binding.saved


def _is_value(binding: Binding, scope: Scope) -> bool:
    """Whether a name of the query's own stands for no table."""
    if isinstance(binding, FunctionBinding):
        return not returns_table(binding, scope)
    return isinstance(binding, Term | DrawnBinding)


_IsListed: TypeAlias = Callable[[str], bool]


def _listed(statement: ast.Restrict, names: Collection[str], scope: Scope) -> tuple[_IsListed, _IsListed]:
    """Whether the list means one of the query's own `names`, and one of the catalogue's: a name means its own
    where it has one, a pattern by itself only those, one behind a database only the others."""
    own: list[str] = []
    stored: list[str] = []
    for node in statement.tables:
        match node:
            case ast.Name(value=name):
                (own if name in names else stored).append(re.escape(name))
            case ast.WildcardName(pattern=pattern):
                own.append(translate(pattern))
            case ast.Member(base=base, name=name) if is_place(base):
                own_tables(base, scope)
                stored.append(re.escape(name))
            case ast.WildcardMember(base=base, pattern=pattern):
                own_tables(base, scope)
                stored.append(translate(pattern))
            case _:
                raise scope.context.error(node, "expected the name of a table or view")
    return _any_of(own), _any_of(stored)


def _any_of(shapes: Sequence[str]) -> _IsListed:
    shape = re.compile("|".join(dict.fromkeys(shapes)))
    return lambda name: bool(shapes) and shape.fullmatch(name) is not None
