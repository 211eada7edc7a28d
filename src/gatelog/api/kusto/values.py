"""Cells and rows as Kusto writes them in JSON.

    bool       true · false                    datetime   "2014-01-01T01:01:01.0000000Z"
    int, long  number                          timespan   "1.00:00:01.0010001"
    real       number · "NaN" · "Infinity"     guid       text
    decimal    text, all its digits            dynamic    JSON as it is
    string     text, never null                null       null

Azure Data Explorer REST, response of the query API.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from gatelog.kql import Column, KqlType, cell_to_json, to_text

_AS_THEY_ARE = frozenset({KqlType.STRING, KqlType.INT, KqlType.LONG, KqlType.BOOL})

_encode = msgspec.json.Encoder().encode
_check = msgspec.json.Decoder(msgspec.Raw).decode

Cell = Callable[[Any], Any]


def encode_rows(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> bytes:
    """Rows of cells as the engine gave them, as JSON arrays with commas between them: `[1,"a"],[2,"b"]`."""
    return _encode(kusto_rows(columns, rows))[1:-1]


def kusto_rows(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    """The same rows with every cell ready for JSON."""
    converted = [
        (place, _converter(column.type))
        for place, column in enumerate(columns)
        if column.type not in _AS_THEY_ARE
    ]
    return [_converted(list(row), converted) for row in rows] if converted else rows


def _converted(row: list[Any], converters: Sequence[tuple[int, Cell]]) -> list[Any]:
    for place, convert in converters:
        if row[place] is not None:
            row[place] = convert(row[place])
    return row


def _converter(kql_type: KqlType) -> Cell:
    if kql_type is KqlType.DYNAMIC:
        return _dynamic
    if kql_type is KqlType.DECIMAL:
        return lambda cell: to_text(kql_type, cell)
    return lambda cell: cell_to_json(kql_type, cell)


def _dynamic(text: str) -> Any:
    """JSON text unchanged, whatever the size of its numbers; text that is no JSON is a string, and so is what
    is nested deeper than is read.
    """
    try:
        return _check(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return text
