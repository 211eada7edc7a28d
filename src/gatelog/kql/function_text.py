"""The text of a saved function as a let statement, and its syntax tree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gatelog.errors import KqlError, KqlSemanticError
from gatelog.kql import ast, parser
from gatelog.kql.schema import SavedFunction


def definition_of(function: SavedFunction) -> str:
    """A let statement in which the function's body begins on the second line."""
    return f"let ['{function.name}'] = {function.parameters}\n{function.body};\n"


def parse_function(function: SavedFunction) -> ast.Let:
    """The let statement; KqlError with its place in the body."""
    text = definition_of(function)
    whole = f"{function.parameters}\n{function.body}".strip()
    with places_of_body():
        match parser.parse(text + "print 0").statements:
            case (
                ast.Let(value=ast.Function(span=span, body=(*_, ast.QueryStatement()))) as let,
                ast.QueryStatement(),
            ) if text[span.start : span.end] == whole:
                return let
            case _:
                raise KqlSemanticError("a function is (parameters) { statements }", line=2)


@contextmanager
def places_of_body() -> Iterator[None]:
    """Gives errors in a definition their place in the function's body; those before it get its start."""
    try:
        yield
    except KqlError as error:
        line, column = (error.line - 1, error.column) if error.line > 1 else (1, 1)
        raise type(error)(error.message, line=line, column=column, hint=error.hint) from error
