"""The rows of one table on their way out."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from typing import NamedTuple

from gatelog.api.kusto.faults import Fault, TruncatedError, fault_of
from gatelog.api.kusto.result import Block, ResultTable
from gatelog.api.kusto.values import encode_rows
from gatelog.errors import KqlError, StoreError

Pieces = Generator[bytes, None, "TableEnd"]


class TableEnd(NamedTuple):
    """How a table ended: rows and bytes that were sent, and what broke it off."""

    rows: int
    bytes: int
    fault: Fault | None


def encoded_blocks(
    table: ResultTable, *, before: bytes = b"", after: bytes = b"", between: bytes = b","
) -> Pieces:
    """The rows of `table`, a piece a block, each with `before` and `after` around it."""
    rows = size = 0
    try:
        for block in filter(None, table.blocks):
            piece = encode_rows(table.columns, block)
            yield (between if rows else b"") + before + piece + after
            rows, size = rows + len(block), size + len(piece)
    except (KqlError, StoreError) as error:
        return TableEnd(rows, size, fault_of(error))
    return TableEnd(rows, size, None)


class Most(NamedTuple):
    """Records and bytes that an answer may have, and what sets each if it is not the request."""

    records: int
    bytes: int
    records_set_by: str = ""
    bytes_set_by: str = ""


def truncated(blocks: Iterable[Block], most: Most) -> Iterator[Block]:
    """At most so many rows of about so many bytes of cells; TruncatedError after them if there are more."""
    rows_left, bytes_left = most.records, most.bytes
    for block in blocks:
        if len(block) > rows_left:
            yield block[:rows_left]
            raise TruncatedError(_too_many(f"{most.records} records{most.records_set_by}"))
        rows_left -= len(block)
        bytes_left -= sum(map(_size, block))
        if bytes_left < 0:
            raise TruncatedError(_too_many(f"{most.bytes} bytes{most.bytes_set_by}"))
        yield block


def first_rows(blocks: Iterable[Block], count: int) -> Iterator[Block]:
    """The first `count` rows."""
    left = count
    for block in blocks:
        if left > 0:
            yield block[:left]
        left -= len(block)


def _size(row: Iterable[object]) -> int:
    """Bytes of a row, roughly: text by its length, everything else 8."""
    return sum(len(cell) if isinstance(cell, str) else 8 for cell in row)


def _too_many(limit: str) -> str:
    return (
        f"The results of this query exceed the set limit of {limit}, so not all records were returned "
        "(E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003). See https://aka.ms/kustoquerylimits for more "
        "information and possible solutions."
    )
