"""Rows as the source of a query: `datatable(name: string, …) [ … ]`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from gatelog.kql import Column, KqlType


def datatable(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> str:
    """A query that answers `rows`, whose cells are ready for JSON."""
    types = [column.type for column in columns]
    schema = ", ".join(f"[{json.dumps(column.name)}]: {column.type}" for column in columns)
    return f"datatable({schema}) [{', '.join(_literals(types, rows))}]"


def _literals(types: Sequence[KqlType], rows: Sequence[Sequence[Any]]) -> list[str]:
    return [_literal(kind, cell) for row in rows for kind, cell in zip(types, row, strict=True)]


def _literal(kind: KqlType, cell: Any) -> str:
    if kind is KqlType.STRING:
        return json.dumps(cell or "")
    return f"{kind}({'null' if cell is None else json.dumps(cell).strip(chr(34))})"
