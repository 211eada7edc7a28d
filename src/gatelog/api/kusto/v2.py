"""Answers of version 2: a JSON array of frames, written as the rows arrive.

    DataSetHeader
    DataTable  @ExtendedProperties            how to draw each result
    then for each result, one of
      DataTable                               all rows in one frame
      TableHeader TableFragment… TableCompletion                  results_v2_fragment_primary_tables
      TableHeader (TableFragment TableProgress)… TableCompletion  results_progressive_enabled
    DataTable  QueryCompletionInformation
    DataSetCompletion

A query that breaks off after its first rows says so where `results_error_reporting_placement` wants it, and
always in DataSetCompletion, unless `deferpartialqueryfailures` leaves it to QueryCompletionInformation.
Members come in this order: streaming readers rely on it.
https://learn.microsoft.com/azure/data-explorer/kusto/api/rest/response-http-v2
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, NamedTuple

import msgspec

from gatelog.api.kusto.completion import (
    INFORMATION_COLUMNS,
    Consumption,
    Outcome,
    TableSize,
    information_rows,
)
from gatelog.api.kusto.context import RequestContext
from gatelog.api.kusto.faults import Fault
from gatelog.api.kusto.options import Options, Placement
from gatelog.api.kusto.result import ResultTable, columns_of
from gatelog.api.kusto.rows import TableEnd, encoded_blocks
from gatelog.api.kusto.visualization import visualization
from gatelog.kql import Column

_encode = msgspec.json.encode

_PROPERTIES_COLUMNS = columns_of("TableId:int,Key:string,Value:dynamic")
_DONE_PERCENT = 100.0

Ending = Generator[bytes, None, TableEnd]


def query_frames(
    context: RequestContext,
    options: Options,
    tables: Sequence[ResultTable],
    consumption: Callable[[], Consumption],
) -> Generator[bytes, None, None]:
    """The answer to a query, piece by piece."""
    return _Frames(context, options, tables, consumption).pieces()


class _Frames(NamedTuple):
    context: RequestContext
    options: Options
    tables: Sequence[ResultTable]
    consumption: Callable[[], Consumption]

    def pieces(self) -> Generator[bytes, None, None]:
        between = b"\n," if self.options.newlines else b","
        yield b"[" + self._header()
        yield between + self._properties()
        ends = []
        for number, table in enumerate(self.tables, start=1):
            yield between
            write = self._fragmented if self.options.fragmented else self._data_table
            ends.append((yield from write(number, table, between)))
            if ends[-1].fault:
                break
        fault = ends[-1].fault if ends else None
        outcome = Outcome(fault, self.consumption(), [TableSize(end.rows, end.bytes) for end in ends])
        information = information_rows(self.context, outcome)
        yield between + _table(
            len(self.tables) + 1, "QueryCompletionInformation", INFORMATION_COLUMNS, information
        )
        yield between + self._completion(fault)
        yield b"\n]" if self.options.newlines else b"]"

    def _header(self) -> bytes:
        frame: dict[str, Any] = {
            "FrameType": "DataSetHeader",
            "IsProgressive": self.options.progressive,
            "Version": "v2.0",
        }
        if self.options.fragmented or self.options.placement is not Placement.IN_DATA:
            frame["IsFragmented"] = self.options.fragmented
            frame["ErrorReportingPlacement"] = self.options.placement.value
        return _encode(frame)

    def _properties(self) -> bytes:
        rows = [
            [number, "Visualization", visualization(table.render, ordered=table.ordered)]
            for number, table in enumerate(self.tables, start=1)
        ]
        return _table(0, "QueryProperties", _PROPERTIES_COLUMNS, rows, name="@ExtendedProperties")

    def _data_table(self, number: int, table: ResultTable, _: bytes) -> Ending:
        yield _head("DataTable", number, "PrimaryResult", table.name, table.columns)[:-1] + b',"Rows":['
        end = yield from encoded_blocks(table)
        if end.fault and self._reports(Placement.IN_DATA):
            yield (b"," if end.rows else b"") + _encode(self._errors(end.fault))
        yield b"]}"
        return end

    def _fragmented(self, number: int, table: ResultTable, between: bytes) -> Ending:
        yield _head("TableHeader", number, "PrimaryResult", table.name, table.columns)
        head = {"FrameType": "TableFragment", "TableFragmentType": "DataAppend", "TableId": number}
        opening = between + _encode(head | {"FieldCount": len(table.columns)})[:-1] + b',"Rows":['
        end = yield from encoded_blocks(table, before=opening, after=b"]}", between=b"")
        if self.options.progressive and not end.fault:
            yield between + _progress(number)
        frame = {"FrameType": "TableCompletion", "TableId": number, "RowCount": end.rows}
        if end.fault and (self._reports(Placement.END_OF_TABLE) or self._reports(Placement.IN_DATA)):
            frame |= self._errors(end.fault)
        yield between + _encode(frame)
        return end

    def _completion(self, fault: Fault | None) -> bytes:
        fails = fault is not None and not self.options.defer_failures
        frame: dict[str, Any] = {"FrameType": "DataSetCompletion", "HasErrors": fails, "Cancelled": False}
        if fault is not None and fails:
            frame |= self._errors(fault)
        return _encode(frame)

    def _reports(self, placement: Placement) -> bool:
        return self.options.placement is placement and not self.options.defer_failures

    def _errors(self, fault: Fault) -> dict[str, Any]:
        return {"OneApiErrors": [fault.to_dict(self.context)]}


def _table(
    number: int, kind: str, columns: Sequence[Column], rows: Sequence[Sequence[Any]], *, name: str = ""
) -> bytes:
    head = _head("DataTable", number, kind, name or kind, columns)
    return head[:-1] + b',"Rows":' + _encode(rows) + b"}"


def _head(frame_type: str, number: int, kind: str, name: str, columns: Sequence[Column]) -> bytes:
    return _encode(
        {
            "FrameType": frame_type,
            "TableId": number,
            "TableKind": kind,
            "TableName": name,
            "Columns": [{"ColumnName": column.name, "ColumnType": column.type.value} for column in columns],
        }
    )


def _progress(number: int) -> bytes:
    return _encode({"FrameType": "TableProgress", "TableId": number, "TableProgress": _DONE_PERCENT})
