"""A KQL query answered: compiled, run within its budget, and rendered as JSON or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from gatelog.api.timespan import parse_timespan
from gatelog.kql import Column, KqlType, RenderHint, cell_to_json, compile, to_text
from gatelog.store import CATALOG, Budget, Store

QUERY_CHARACTERS_MAX = 256 * 1024
"""Length of a query in characters."""

_AS_THEY_ARE = frozenset({KqlType.STRING, KqlType.INT, KqlType.LONG, KqlType.BOOL})


class Answer(NamedTuple):
    """Columns with their KQL types, and rows as the store gave them."""

    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Any]]
    render: RenderHint | None = None

    def to_json(self) -> bytes:
        """`{"columns": [{"name", "type"}], "rows": [[…]]}`; values as Kusto prints them, null as null."""
        document = {
            "columns": [{"name": column.name, "type": column.type.value} for column in self.columns],
            "rows": self._rows_for_json(),
        }
        return msgspec.json.encode(document)

    def to_csv(self) -> bytes:
        """RFC 4180, with a line of names; null is empty."""
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow([column.name for column in self.columns])
        types = [column.type for column in self.columns]
        writer.writerows(map(to_text, types, row) for row in self.rows)
        return text.getvalue().encode()

    def _rows_for_json(self) -> Sequence[Sequence[Any]]:
        converted = [
            (index, column.type)
            for index, column in enumerate(self.columns)
            if column.type not in _AS_THEY_ARE
        ]
        if not converted:
            return self.rows
        return [_convert(list(row), converted, cell_to_json) for row in self.rows]


def answer_query(
    store: Store, text: str, *, now: datetime, timespan: str | None = None, budget: Budget | None = None
) -> Answer:
    """Answer `text` as of `now` (UTC). KqlError: the author's fault; StoreError: ours."""
    span = parse_timespan(timespan, now) if timespan else None
    compiled = compile(
        text, CATALOG, now=now, timespan=span, ask=lambda select: store.run(select, budget=budget).rows
    )
    rows = store.run(compiled.sql, budget=budget)
    return Answer(compiled.columns, rows.rows, compiled.render)


def _convert(
    row: list[Any], columns: list[tuple[int, KqlType]], convert: Callable[[KqlType, Any], Any]
) -> list[Any]:
    for index, kql_type in columns:
        row[index] = convert(kql_type, row[index])
    return row
