"""Syntax trees as short text, so that a test can say on one line what a query means."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gatelog.kql import ast
from gatelog.kql.parser import parse

_PLAIN = {"bool", "long", "real", "string"}


def _shape(value: object) -> str:
    match value:
        case ast.Name(value=name):
            return name
        case ast.Star():
            return "*"
        case ast.Literal(type=kind, value=constant):
            return repr(constant) if kind in _PLAIN else f"{kind}({constant!r})"
        case ast.Binary(op=op, left=left, right=right):
            return f"({_shape(left)} {op} {_shape(right)})"
        case ast.Call(function=function, arguments=arguments, qualifier=None):
            return f"{function}({', '.join(map(_shape, arguments))})"
        case ast.Member(base=base, name=name):
            return f"{_shape(base)}.{name}"
        case ast.Index(base=base, index=index):
            return f"{_shape(base)}[{_shape(index)}]"
        case ast.NamedExpression(names=names, value=inner):
            return f"{'/'.join(map(_shape, names))}={_shape(inner)}" if names else _shape(inner)
        case ast.Parameter(name=name, value=setting):
            return f"{name}={setting}"
        case ast.Ordering(key=key, descending=descending, nulls_first=first):
            return f"{_shape(key)} {'desc' if descending else 'asc'} {'first' if first else 'last'}"
        case ast.Pipeline(source=source, operators=operators):
            return " | ".join(_shape(stage) for stage in (source, *operators) if stage is not None)
        case ast.ColumnDeclaration(name=name, type=kind, default=default):
            return f"{name}:{kind}" + (f"={_shape(default)}" if default else "")
        case ast.Node():
            return _node(value)
        case tuple():
            return f"[{', '.join(map(_shape, value))}]"
        case str():
            return value
    return repr(value)


def _node(node: ast.Node) -> str:
    """Class and fields; empty fields at the end are left out."""
    values = [getattr(node, name) for name in node.__struct_fields__ if name != "span"]
    while values and values[-1] in (None, (), False, ""):
        values.pop()
    return f"{type(node).__name__}({', '.join(map(_shape, values))})"


@pytest.fixture
def shape() -> Callable[[ast.Node], str]:
    """A node as short text."""
    return _shape


@pytest.fixture
def query() -> Callable[[str], str]:
    """The statements of a query as short text, joined with semicolons."""

    def shaped(text: str) -> str:
        statements = parse(text).statements
        return "; ".join(_shape(getattr(one, "pipeline", one)) for one in statements)

    return shaped


@pytest.fixture
def operator(query: Callable[[str], str]) -> Callable[[str], str]:
    """The operators that follow `T | ` as short text."""
    return lambda text: query(f"T | {text}").removeprefix("T | ")


@pytest.fixture
def expression(query: Callable[[str], str]) -> Callable[[str], str]:
    """A scalar expression as short text."""
    return lambda text: query(f"print {text}").removeprefix("Print([").removesuffix("])")
