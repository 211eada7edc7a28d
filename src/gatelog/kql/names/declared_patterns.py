"""`declare pattern`: a name for several tables, told apart by texts that stand where the name is used.

    declare pattern of_app = (app: string)[part: string] {
        ("chat").["calls"] = { Calls | where Product == app };      a case: what it is asked with, its table
    };
    of_app("chat").calls                                            or of_app("chat").['calls']

A case is a function without arguments; its parameters are the texts of the case.
"""

from __future__ import annotations

from msgspec.structs import replace

from gatelog.kql import ast
from gatelog.kql.names.bindings import FunctionBinding, PatternBinding, PatternCase
from gatelog.kql.names.scope import Scope


def declared(statement: ast.DeclarePattern, scope: Scope) -> Scope:
    """The scope behind the declaration. One without cases only says that the name is that of a pattern."""
    parameters = (*statement.parameters, *([statement.path] if statement.path is not None else []))
    for parameter in parameters:
        if parameter.type != "string":
            raise scope.context.error(parameter, "a pattern is asked with strings only")
    cases = {}
    for case in statement.cases:
        texts = (*case.arguments, *([case.path] if case.path is not None else []))
        fits = len(case.arguments) == len(statement.parameters) and len(texts) == len(parameters)
        if not fits:
            raise scope.context.error(case, f"the case has not the parameters of '{statement.name}'")
        known = (replace(one, default=text) for one, text in zip(parameters, texts, strict=True))
        function = ast.Function(case.span, tuple(known), case.body)
        cases[_asked(case.arguments, case.path)] = FunctionBinding(function, scope.names)
    return scope.with_name(statement.name, PatternBinding(cases))


def _asked(arguments: tuple[ast.Literal, ...], path: ast.Literal | None) -> PatternCase:
    return tuple(str(text.value) for text in arguments), None if path is None else str(path.value)


def case_of(node: ast.Expression, scope: Scope) -> FunctionBinding | None:
    """The function of the case that `name("text")` or `name("text").path` asks for; None where the name is no
    pattern's."""
    match node:
        case ast.Member(base=ast.Call(qualifier=None) as call, name=name):
            path: str | None = name
        case ast.Call(qualifier=None) as call:
            path = None
        case _:
            return None
    pattern = scope.names.get(call.function)
    if not isinstance(pattern, PatternBinding):
        return None
    asked = tuple(_text(argument, scope) for argument in call.arguments), path
    if asked not in pattern.cases:
        known = ", ".join(_shown(call.function, case) for case in pattern.cases)
        hint = f"these are: {known}" if known else "the pattern is declared without cases"
        message = f"the pattern reference {_shown(call.function, asked)} is not declared"
        raise scope.context.error(node, message, hint)
    return pattern.cases[asked]


def _text(argument: ast.Expression, scope: Scope) -> str:
    if not isinstance(argument, ast.Literal) or not isinstance(argument.value, str):
        raise scope.context.error(argument, "a pattern is asked with literal strings")
    return argument.value


def _shown(name: str, case: PatternCase) -> str:
    arguments, path = case
    listed = ", ".join(f"'{text}'" for text in arguments)
    return f"{name}({listed})" + ("" if path is None else f".['{path}']")
