"""The text of a saved function as a let statement, and its syntax tree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gatelog.errors import KqlError, KqlSemanticError, Place
from gatelog.kql import ast, parser
from gatelog.kql.tables.schema import SavedFunction


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
                raise KqlSemanticError("a function is (parameters) { statements }", place=Place(2, 1))


@contextmanager
def places_of_body() -> Iterator[None]:
    """Gives errors in a definition their place in the function's body; those before it get its start."""
    try:
        yield
    except KqlError as error:
        raise type(error)(error.message, place=_in_body(error.place), hint=error.hint) from error


def _in_body(place: Place | None) -> Place | None:
    if place is None:
        return None
    return Place(place.line - 1, place.column) if place.line > 1 else Place(1, 1)
