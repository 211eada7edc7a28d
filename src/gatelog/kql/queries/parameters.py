"""Query parameters: what `declare query_parameters` declares and the request gives values for.

A value comes as the text of a KQL literal, as the query services take it (`datetime(2024-01-01)`, `42`,
`dynamic([1, 2])`), as the bare text between the parentheses of such a literal (`2024-01-01`), or as a Python
value. A string may come with or without its quotes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeAlias

from gatelog.errors import KqlSyntaxError
from gatelog.kql import ast, parser
from gatelog.kql.names.scope import Scope
from gatelog.kql.parser.values import typed_value
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values.conversions import convert, convertible
from gatelog.kql.values.literals import literal_term

Given: TypeAlias = "str | bool | int | float"
Parameters: TypeAlias = Mapping[str, Given]
"""The values of a request, by the names of its parameters."""

_QUOTES = ("'", '"', "@'", '@"', "h'", 'h"', "h@", "```", "~~~")


def with_parameters(statement: ast.DeclareParameters, given: Parameters, scope: Scope) -> Scope:
    """The scope in which the declared parameters have their values."""
    for parameter in statement.parameters:
        scope = scope.with_name(parameter.name, _value(parameter, given, scope))
    return scope


def _value(parameter: ast.ColumnDeclaration, given: Parameters, scope: Scope) -> Term:
    """The value of one declared parameter: the one given, else its default.

    KqlSemanticError when there is neither, or when the value is none of the declared type.
    """
    kind = KqlType(parameter.type)
    if parameter.name in given:
        value = _given(kind, given[parameter.name])
        if value is None:
            raise scope.context.error(
                parameter, f"the value given for the parameter '{parameter.name}' is no {kind}"
            )
        return value
    if parameter.default is None:
        raise scope.context.error(
            parameter,
            f"the parameter '{parameter.name}' has no value",
            "give it with the request, or a default here: = ...",
        )
    default = bind(parameter.default, scope)
    if not convertible(default.type, kind):
        raise scope.context.error(parameter, f"the default must be {kind}, this is {default.type}")
    return convert(default, kind)


def _given(kind: KqlType, value: Given) -> Term | None:
    text = value if isinstance(value, str) else json.dumps(value)
    if kind is KqlType.STRING:
        quoted = _literal(text) if text.startswith(_QUOTES) else None
        return literal_term(kind, quoted.value if quoted is not None else text)
    literal = _literal(text if kind is not KqlType.DYNAMIC else _as_dynamic(text))
    if literal is not None and (literal.value is None or literal.type == kind):
        return literal_term(kind, literal.value)
    bare = None if kind is KqlType.DYNAMIC else typed_value(kind.value, text.strip())
    return None if bare is None else literal_term(kind, bare)


def _as_dynamic(text: str) -> str:
    return text if text.lstrip().startswith("dynamic") else f"dynamic({text})"


def _literal(text: str) -> ast.Literal | None:
    """The literal that the whole text is, if it is one."""
    try:
        query = parser.parse(text)
    except KqlSyntaxError:
        return None
    match query.statements:
        case (ast.QueryStatement(pipeline=ast.Pipeline(source=ast.Literal() as literal, operators=())),):
            return literal
        case _:
            return None
