"""How POST /query writes an answer, piece by piece.

    json      {"columns": [{"name", "type"}], "rows": [[…], …]}      values as Kusto prints them, null as null
              {"tables": [{"name", "columns", "rows"}, …]}           where all tables are asked for
    csv       RFC 4180, a line of names first; null is empty
    arrow     Arrow IPC stream      parquet   Parquet file           written by the engine

Of an answer that breaks off, JSON is closed where it is, with a member `error`; whatever the format, the
connection is then closed without the end that HTTP asks for, so that no client takes it for whole.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

import msgspec

from gatelog.kql import Column, KqlType, cell_to_json, to_text

Format: TypeAlias = Literal["json", "csv", "arrow", "parquet"]
Block: TypeAlias = Sequence[Sequence[Any]]

MEDIA_TYPES: Mapping[Format, str] = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
}

_AS_THEY_ARE = frozenset({KqlType.STRING, KqlType.INT, KqlType.LONG, KqlType.BOOL})


class EngineFormat(NamedTuple):
    """A format that the engine writes: ClickHouse's name, and whether it has durations."""

    name: str
    durations: bool


ENGINE_FORMATS: Mapping[Format, EngineFormat] = {
    "arrow": EngineFormat("ArrowStream", True),
    "parquet": EngineFormat("Parquet", False),
}


class Writer(Protocol):
    """Writes rows as the store gave them."""

    def pieces(self, columns: Sequence[Column], blocks: Iterator[Block]) -> Iterator[bytes]:
        """The whole document."""


class JsonWriter:
    """One JSON object."""

    def pieces(self, columns: Sequence[Column], blocks: Iterator[Block]) -> Iterator[bytes]:
        """Columns first, then the rows as they come."""
        described = [{"name": column.name, "type": column.type.value} for column in columns]
        yield b'{"columns":' + msgspec.json.encode(described) + b',"rows":['
        before = b""
        for block in blocks:
            if block:
                yield before + msgspec.json.encode(json_rows(columns, block))[1:-1]
                before = b","
        yield b"]}"


JSON_BROKEN = b"]"
"""What closes the rows of a JSON answer that breaks off."""

TABLES_BROKEN = b"]}]"
"""The same of one with all tables."""


def json_tables(
    tables: Iterable[tuple[str, Sequence[Column], Generator[Block, None, None]]],
) -> Generator[bytes, None, None]:
    """Several named tables as one JSON object. The blocks of one are read after its columns were written."""
    opening = b'{"tables":['
    for name, columns, blocks in tables:
        with closing(blocks):
            pieces = JsonWriter().pieces(columns, blocks)
            yield opening + b'{"name":' + msgspec.json.encode(name) + b"," + next(pieces)[1:]
            yield from pieces
        opening = b","
    yield b"]}"


class CsvWriter:
    """RFC 4180."""

    def pieces(self, columns: Sequence[Column], blocks: Iterator[Block]) -> Iterator[bytes]:
        """The names, then the rows as they come."""
        types = [column.type for column in columns]
        yield _csv([[column.name for column in columns]])
        for block in blocks:
            yield _csv(map(to_text, types, row) for row in block)


WRITERS: Mapping[Format, Writer] = {"json": JsonWriter(), "csv": CsvWriter()}


def _csv(rows: Any) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def json_rows(columns: Sequence[Column], rows: Block) -> Block:
    """The rows with every cell as JSON has it."""
    converted = [
        (place, column.type) for place, column in enumerate(columns) if column.type not in _AS_THEY_ARE
    ]
    return [_convert(list(row), converted, _json_cell) for row in rows] if converted else rows


def _json_cell(kind: KqlType, cell: Any) -> Any:
    """A decimal with all its digits: JSON numbers may have as many as they like."""
    if kind is KqlType.DECIMAL and cell is not None:
        return msgspec.Raw(to_text(kind, cell).encode())
    return cell_to_json(kind, cell)


def _convert(
    row: list[Any], columns: list[tuple[int, KqlType]], convert: Callable[[KqlType, Any], Any]
) -> list[Any]:
    for place, kind in columns:
        row[place] = convert(kind, row[place])
    return row
