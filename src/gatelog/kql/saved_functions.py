"""Saved functions: read, and checked before they are kept."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import UTC, datetime

from gatelog.errors import KqlSemanticError
from gatelog.kql import ast
from gatelog.kql.catalog import Catalog
from gatelog.kql.compile import compile
from gatelog.kql.function_text import definition_of, parse_function, places_of_body
from gatelog.kql.names.context import Context
from gatelog.kql.queries.binder import Binder
from gatelog.kql.tables.schema import SavedFunction
from gatelog.kql.text.tokenizer import tokenize
from gatelog.kql.text.tokens import NAME

_SAMPLES = {
    "bool": "true",
    "int": "int(1)",
    "long": "1",
    "real": "real(1)",
    "decimal": "decimal(1)",
    "string": '"x"',
    "datetime": "datetime(2000-01-01)",
    "timespan": "1h",
    "guid": "guid(00000000-0000-0000-0000-000000000000)",
    "dynamic": "dynamic(null)",
}
"""An argument of each type for a trial call."""

_TRIAL_TIME = datetime(2000, 1, 1, tzinfo=UTC)
"""now() of a trial call."""


def names_in(text: str) -> AbstractSet[str]:
    """Every word of a text that could be a name."""
    return {token.text for token in tokenize(text) if token.kind == NAME}


def check_function(function: SavedFunction, others: Catalog, *, bind: bool = True) -> None:
    """KqlError, with its place in the body, if a function beside those of `others` is wrong; without `bind`
    only its syntax counts.

    It is called on trial, unless it takes a table with any columns.
    """
    let = parse_function(function)
    tree = let.value
    assert isinstance(tree, ast.Function)
    if function.view and tree.parameters:
        raise KqlSemanticError(f"'{function.name}' takes arguments and therefore is no view")
    samples = [_sample(parameter) for parameter in tree.parameters if not _has_default(parameter)]
    if not bind or None in samples:
        return
    call = f"['{function.name}']({', '.join(filter(None, samples))})"
    definition = definition_of(function)
    with places_of_body():
        binder = Binder(Context(definition, others, 0, use_paths=False))
        trial = call if binder.gives_table(let) else f"print {call}"
        compile(definition + trial, others, now=_TRIAL_TIME, ask=lambda _: ())


def _has_default(parameter: ast.ColumnDeclaration | ast.TabularParameter) -> bool:
    return isinstance(parameter, ast.ColumnDeclaration) and parameter.default is not None


def _sample(parameter: ast.ColumnDeclaration | ast.TabularParameter) -> str | None:
    """KQL text of an argument, or None where there cannot be one."""
    if isinstance(parameter, ast.ColumnDeclaration):
        return _SAMPLES[parameter.type]
    if parameter.star:
        return None
    columns = ", ".join(f"['{column.name}']: {column.type}" for column in parameter.columns)
    return f"(datatable({columns})[])"
