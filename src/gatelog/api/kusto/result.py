"""What a request is answered with: tables of typed columns, their rows in blocks as they arrive."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from gatelog.kql import Column, KqlType, RenderHint

Block = Sequence[Sequence[Any]]

DOTNET_SHORT_NAMES = {
    KqlType.BOOL: "SByte",
    KqlType.INT: "Int32",
    KqlType.LONG: "Int64",
    KqlType.REAL: "Double",
    KqlType.DECIMAL: "Decimal",
    KqlType.STRING: "String",
    KqlType.DATETIME: "DateTime",
    KqlType.TIMESPAN: "TimeSpan",
    KqlType.GUID: "Guid",
    KqlType.DYNAMIC: "Object",
}
"""`DataType` of a column in an answer of version 1."""


class ResultTable(NamedTuple):
    """A table of a query's answer. `blocks` are rows as the engine gives them; a KqlError or StoreError
    raised between two of them ends the table where it is.
    """

    name: str
    columns: tuple[Column, ...]
    blocks: Iterable[Block]
    render: RenderHint | None = None
    ordered: bool = False


class CommandTable(NamedTuple):
    """What a management command answers: rows ready for JSON."""

    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Any]]


def columns_of(declared: str) -> tuple[Column, ...]:
    """`"TableName:string,Rows:long"` as columns."""
    pairs = (column.strip().split(":") for column in declared.split(","))
    return tuple(Column(name, KqlType(kind)) for name, kind in pairs)
