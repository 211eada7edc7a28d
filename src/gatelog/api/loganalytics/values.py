"""Cells as the Log Analytics query API has them in JSON.

    bool, int, long, string   themselves        decimal    text, all digits
    real                      number, "NaN"     timespan   text, d.hh:mm:ss.fffffff
    datetime                  ISO 8601          dynamic    JSON *text*: clients parse it once more

https://learn.microsoft.com/azure/azure-monitor/logs/api/response-format
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from gatelog.kql import Column, KqlType, cell_to_json, to_text

Cell = Callable[[Any], Any]

_AS_THEY_ARE = frozenset({KqlType.STRING, KqlType.INT, KqlType.LONG})
_TEXTS = frozenset({KqlType.DYNAMIC, KqlType.DECIMAL})


def encode_rows(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> bytes:
    """Rows as JSON, the inside of their array."""
    kinds = [(place, _converter(column.type)) for place, column in enumerate(columns)]
    changed = [(place, convert) for place, convert in kinds if convert is not None]
    return msgspec.json.encode([_converted(row, changed) for row in rows])[1:-1]


def _converted(row: Sequence[Any], changed: Sequence[tuple[int, Cell]]) -> list[Any]:
    cells = list(row)
    for place, convert in changed:
        if cells[place] is not None:
            cells[place] = convert(cells[place])
    return cells


def _converter(kind: KqlType) -> Cell | None:
    if kind in _AS_THEY_ARE:
        return None
    if kind in _TEXTS:
        return lambda cell: to_text(kind, cell)
    if kind is KqlType.DATETIME:
        return _datetime
    return lambda cell: cell_to_json(kind, cell)


def _datetime(cell: Any) -> str:
    """Without the zeros at the end of the fraction, as the service prints it."""
    text = str(cell_to_json(KqlType.DATETIME, cell))
    return text[:-1].rstrip("0").rstrip(".") + "Z"
