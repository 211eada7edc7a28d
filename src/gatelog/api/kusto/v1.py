"""Answers of version 1: one object with all tables.

    {"Tables": [result …, @ExtendedProperties, QueryStatus, table of contents], "Exceptions": [text …]}

The table of contents says which table is which. A query that breaks off after its first rows ends there: an
object with the text inside the rows, the same text outside, no further table. A command's answer is its one
table. https://learn.microsoft.com/azure/data-explorer/kusto/api/rest/response-http
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any
from uuid import UUID, uuid5

import msgspec

from gatelog.api.kusto.completion import STATUS_COLUMNS, Consumption, Outcome, TableSize, status_rows
from gatelog.api.kusto.context import RequestContext
from gatelog.api.kusto.result import DOTNET_SHORT_NAMES, CommandTable, ResultTable, columns_of
from gatelog.api.kusto.rows import TableEnd, encoded_blocks
from gatelog.api.kusto.visualization import visualization
from gatelog.kql import Column

_encode = msgspec.json.encode

_PROPERTIES_COLUMNS = columns_of("Value:string")
_CONTENTS_COLUMNS = columns_of("Ordinal:long,Kind:string,Name:string,Id:string,PrettyName:string")
_STATUS_ID = UUID(int=0)


def command_answer(table: CommandTable) -> bytes:
    """The answer to a management command."""
    return b'{"Tables":[' + _table(0, table.columns, table.rows) + b"]}"


def query_answer(
    context: RequestContext, tables: Sequence[ResultTable], consumption: Callable[[], Consumption]
) -> Generator[bytes, None, None]:
    """The answer to a query, piece by piece."""
    yield b'{"Tables":['
    ends = []
    for place, table in enumerate(tables):
        end = yield from _result(place, table)
        ends.append(end)
        if end.fault:
            yield b'],"Exceptions":' + _encode([end.fault.message]) + b"}"
            return
    outcome = Outcome(None, consumption(), [TableSize(end.rows, end.bytes) for end in ends])
    properties = [[visualization(table.render, ordered=table.ordered)] for table in tables]
    place = len(tables)
    yield b"," + _table(place, _PROPERTIES_COLUMNS, properties)
    yield b"," + _table(place + 1, STATUS_COLUMNS, status_rows(context, outcome))
    yield b"," + _table(place + 2, _CONTENTS_COLUMNS, _contents(context, tables)) + b"]}"


def _result(place: int, table: ResultTable) -> Generator[bytes, None, TableEnd]:
    yield (b"," if place else b"") + _head(place, table.columns)
    end = yield from encoded_blocks(table)
    if end.fault:
        yield (b"," if end.rows else b"") + _encode({"Exceptions": [end.fault.message]})
    yield b"]}"
    return end


def _table(place: int, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> bytes:
    return _head(place, columns) + _encode(rows)[1:-1] + b"]}"


def _head(place: int, columns: Sequence[Column]) -> bytes:
    described = [
        {
            "ColumnName": column.name,
            "DataType": DOTNET_SHORT_NAMES[column.type],
            "ColumnType": column.type.value,
        }
        for column in columns
    ]
    return _encode({"TableName": f"Table_{place}", "Columns": described})[:-1] + b',"Rows":['


def _contents(context: RequestContext, tables: Sequence[ResultTable]) -> list[list[Any]]:
    listed = [("QueryResult", table.name) for table in tables]
    listed.append(("QueryProperties", "@ExtendedProperties"))
    rows = [
        [place, kind, name, str(uuid5(context.activity_id, str(place))), ""]
        for place, (kind, name) in enumerate(listed)
    ]
    return [*rows, [len(rows), "QueryStatus", "QueryStatus", str(_STATUS_ID), ""]]
