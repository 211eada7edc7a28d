"""Bytes to rows of a table: unpacked, read in their format, mapped, converted."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Sequence
from functools import partial
from typing import Any

from gatelog.api.held_bodies import HeldBody
from gatelog.api.kusto.faults import bad_ingestion, bad_stream, too_large
from gatelog.api.kusto.ingest.cells import cell_of
from gatelog.api.kusto.ingest.formats import Format, IgnoredRecord, MalformedDataError
from gatelog.api.kusto.ingest.mapping import Pick, by_default, by_mapping
from gatelog.provider import UnpackError, unpacked
from gatelog.store import ROWS_A_REQUEST_MAX, UserTable

log = logging.getLogger("gatelog.api.kusto")

INGEST_BYTES_MAX = 16 * 2**20
"""Data of one request, unpacked: it is held in memory, as are its rows. The service takes 4 MiB."""

CELLS_MAX = 10_000_000
"""Rows of one request times the table's columns: a short record can leave many columns empty."""

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP = 16 + zlib.MAX_WBITS


def text_of(data: bytes, database: str, table: str, held: HeldBody) -> str:
    """The text of a body that may be packed: clients name an encoding that they do not always use, so the
    first bytes decide. KustoError 400, 413; RequestError 503 if bodies take all the memory that they may.
    """
    if data.startswith(_GZIP_MAGIC):
        data = _unpacked(data, database, table, held)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise bad_stream(database, table, f"the data is not UTF-8: {error}") from error


def _unpacked(data: bytes, database: str, table: str, held: HeldBody) -> bytes:
    content = bytearray()
    try:
        for piece in unpacked(data, partial(zlib.decompressobj, _GZIP), _GZIP_MAGIC):
            if len(content) + len(piece) > INGEST_BYTES_MAX:
                raise too_large(f"one request brings at most {INGEST_BYTES_MAX} bytes of data, unpacked")
            held.grow(len(piece))
            content += piece
    except (zlib.error, UnpackError) as error:
        raise bad_stream(database, table, f"the gzip stream is damaged: {error}") from error
    return bytes(content)


def picks_of(table: UserTable, form: Format, reference: str, inline: str) -> Sequence[Pick]:
    """How the columns of `table` are read: by the mapping called `reference`, by the one written `inline`, or
    by default. KustoError 400 if there is none of that name.
    """
    if inline:
        return by_mapping(form.mapping_kind, inline, table.columns)
    if not reference:
        return by_default(form.mapping_kind, table.columns)
    mapping = table.mapping(reference, form.mapping_kind)
    if mapping is None:
        message = f"Entity ID '{reference:.200}' of kind 'MappingPersistent' was not found."
        raise bad_ingestion("MappingReferenceWasNotFound", "MappingNotFoundException", message)
    return by_mapping(form.mapping_kind, mapping.text, table.columns)


def columns_of_cells(
    database: str,
    table: UserTable,
    form: Format,
    picks: Sequence[Pick],
    text: str,
    *,
    skip_first: bool = False,
) -> list[list[Any]]:
    """The cells of the data, a list a column. Records that are to be ignored are said in the log. KustoError
    400 if the data is not of its format: then none of its rows counts.
    """
    cells: list[list[Any]] = [[] for _ in table.columns]
    readers = [
        (column.type, pick, column_cells.append)
        for column, pick, column_cells in zip(table.columns, picks, cells, strict=True)
    ]
    number, most = 0, min(ROWS_A_REQUEST_MAX, CELLS_MAX // len(cells))
    ignored, why = 0, ""
    try:
        for number, record in enumerate(form.read(text), start=1):
            if number > most:
                raise too_large(f"one request brings at most {most} rows to this table")
            if isinstance(record, IgnoredRecord):
                ignored, why = ignored + 1, why or f" (BadRequest_NoRecordsOrWrongFormat; {record.reason})"
            elif number > 1 or not skip_first:
                for kql_type, pick, append in readers:
                    append(cell_of(kql_type, pick(record, number)))
    except (MalformedDataError, RecursionError) as error:
        raise bad_stream(database, table.name, f"the data is not {form.name}: {error}") from error
    if number == ignored:
        message = f"The input stream is empty after processing, tip:check stream validity{why}"
        raise bad_stream(database, table.name, message)
    if ignored:
        log.warning("malformed records ignored", extra={"table": table.name, "records": ignored})
    return cells
