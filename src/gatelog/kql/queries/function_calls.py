"""Calls of the author's functions and of saved ones: what their bodies see, and where their errors are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import TypeAlias

from msgspec.structs import replace

from gatelog.errors import KqlError
from gatelog.kql import ast
from gatelog.kql.names.bindings import Binding, DrawnBinding, FunctionBinding, TableBinding
from gatelog.kql.names.context import DEEPEST_CALL, Context
from gatelog.kql.names.scope import Scope
from gatelog.kql.queries.declarations import check_declared_once
from gatelog.kql.relations import Relation
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values.conversions import convert, convertible

BindArgument: TypeAlias = "Callable[[ast.Expression, Scope], Binding]"


@contextmanager
def entered(
    binding: FunctionBinding,
    node: ast.Call,
    scope: Scope,
    bind_argument: BindArgument,
    first: tuple[Binding, ...] = (),
) -> Iterator[Scope]:
    """Gives the scope of a function's body while that is bound: what was known where it stands, and its
    parameters, but no columns.

    `first` are arguments that stand before those of the call: the input of invoke.
    """
    inner = _inner(binding, node, scope, bind_argument, first)
    with _placed(binding, node, scope.context):
        check_declared_once(binding.function.body, binding.function.parameters, scope.context)
        yield inner


def _inner(
    binding: FunctionBinding,
    node: ast.Call,
    scope: Scope,
    bind_argument: BindArgument,
    first: tuple[Binding, ...],
) -> Scope:
    context = scope.context
    context.count_stage(node)
    if context.depth >= DEEPEST_CALL:
        raise context.error(node, f"functions call each other more than {DEEPEST_CALL} deep")
    parameters = binding.function.parameters
    named: dict[str, Binding] = {}
    for argument in node.arguments:
        if isinstance(argument, ast.NamedArgument):
            if argument.name in named:
                raise context.error(argument, f"the argument '{argument.name}' is given twice")
            named[argument.name] = bind_argument(argument.value, scope)
    for name in named.keys() - {parameter.name for parameter in parameters}:
        raise context.error(node, f"{node.function}() has no parameter '{name}'")
    plain = _plain(node, [parameter.name for parameter in parameters[len(first) :]], context)
    given = [*first, *(bind_argument(argument, scope) for argument in plain)]
    if len(given) + len(named) > len(parameters):
        raise context.error(
            node, f"{node.function}() takes {len(parameters)} arguments, here are {len(given) + len(named)}"
        )
    waiting = iter(given)
    bound: dict[str, Binding] = {}
    for parameter in parameters:
        value = named[parameter.name] if parameter.name in named else next(waiting, None)
        bound[parameter.name] = _parameter(parameter, value, node, scope)
    names = {**binding.names, **bound} if bound else binding.names
    return replace(scope, names=names, fields=(), keys=() if scope.keys is not None else None)


def _plain(node: ast.Call, names: Sequence[str], context: Context) -> list[ast.Expression]:
    """The arguments without a name. None stands behind a named one that is not in its own place."""
    plain: list[ast.Expression] = []
    moved = ""
    for argument, place in zip_longest(node.arguments, names[: len(node.arguments)]):
        if isinstance(argument, ast.NamedArgument):
            moved = moved or (argument.name if argument.name != place else "")
        elif moved:
            message = f"behind '{moved}', which is not in its place, arguments need names"
            raise context.error(argument, message)
        else:
            plain.append(argument)
    return plain


def _parameter(
    parameter: ast.ColumnDeclaration | ast.TabularParameter,
    value: Binding | None,
    node: ast.Call,
    scope: Scope,
) -> Binding:
    what = f"the argument '{parameter.name}' of {node.function}()"
    if isinstance(parameter, ast.TabularParameter):
        if not isinstance(value, TableBinding):
            raise scope.context.error(node, f"{what} must be a table")
        return _with_columns(parameter, value, node, scope)
    if value is None and parameter.default is not None:
        value = bind(parameter.default, scope)
    if not isinstance(value, Term | DrawnBinding):
        raise scope.context.error(node, f"{what} is missing or no value")
    kind = KqlType(parameter.type)
    if not convertible(value.type, kind):
        raise scope.context.error(node, f"{what} must be {kind}, this is {value.type}")
    if isinstance(value, Term):
        return convert(value, kind)
    draw = value.make
    return DrawnBinding(kind, lambda: convert(draw(), kind))


def _with_columns(
    parameter: ast.TabularParameter, table: TableBinding, node: ast.Call, scope: Scope
) -> TableBinding:
    """The table, which must have the columns that the parameter declares; it may have more."""

    def make() -> Relation:
        relation = table.make()
        known = {field.name: field.type for field in relation.fields}
        for column in parameter.columns:
            if known.get(column.name) != column.type:
                given = f", it is {known[column.name]}" if column.name in known else ""
                wanted = f"needs a column '{column.name}' of type {column.type}"
                message = f"the argument '{parameter.name}' of {node.function}() {wanted}{given}"
                raise scope.context.error(node, message)
        return relation

    return TableBinding(make)


@contextmanager
def _placed(binding: FunctionBinding, node: ast.Call, context: Context) -> Iterator[None]:
    """One level deeper. Tables of a saved function's body have the columns that it names, whoever calls it
    (`union *` does without its name); its errors have the place of its call.
    """
    before, unlisted = set(context.guarded_at), context.unlisted
    context.depth += 1
    if binding.saved:
        context.unlisted = unlisted | context.catalog.unlisted_in(node.function)
    try:
        yield
        if binding.saved:
            context.move_guarded(before, node.span)
    except KqlError as error:
        if not binding.saved:
            raise
        message = f"{node.function}(): {error.message}"
        raise type(error)(message, place=node.span.place(context.text), hint=error.hint) from error
    finally:
        context.depth -= 1
        context.unlisted = unlisted
