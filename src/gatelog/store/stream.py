"""Answers as they come: rows block by block, or a file format of the engine's own piece by piece.

rows      Native blocks, decoded here                                     json, csv
encoded   server: the engine's bytes as they arrive                       arrow, parquet
          embedded: it cannot hand these over in pieces, so it writes a file that is read from there and is
          already deleted: no answer is held whole in memory
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from clickhouse_connect.driver.binding import format_str
from clickhouse_connect.driver.query import QueryResult

from gatelog.errors import KqlSemanticError, StoreError
from gatelog.store.answer_texts import text_characters
from gatelog.store.clients import Clients, error_code
from gatelog.store.query import Budget, check_length, query_error, query_settings, too_large

PIECE_BYTES = 256 * 1024
"""Bytes of an encoded answer handed on at once."""

ENCODED_TIMES = 2
"""How much larger than its values an encoded answer may be."""

_Part = TypeVar("_Part")

# ClickHouse error codes, src/Common/ErrorCodes.cpp.
_OUT_OF_RANGE = frozenset({69, 70, 321, 407})
_ENCODING = {"output_format_arrow_compression_method": "none"}
"""Arrow is compressed on the way, if at all: not every reader knows LZ4."""


@contextmanager
def stream_rows(clients: Clients, sql: str, budget: Budget) -> Iterator[Iterator[Sequence[Sequence[Any]]]]:
    """Blocks of rows; the query ends with the `with` block. Errors, also late ones, as those of `run`."""
    check_length(sql)
    with _translated(budget), clients.borrow() as client:
        blocks = client.query_row_block_stream(sql, settings=query_settings(sql, budget))
        with blocks as opened:
            types = [kind.name for kind in cast(QueryResult, blocks.source).column_types]
            yield _within(budget, opened, lambda block: text_characters(types, block))


@contextmanager
def stream_encoded(clients: Clients, sql: str, encoding: str, budget: Budget) -> Iterator[Iterator[bytes]]:
    """The answer in a format of ClickHouse's (ArrowStream, Parquet). Errors as those of `run`."""
    check_length(sql)
    encoded = budget._replace(bytes=ENCODED_TIMES * budget.bytes)
    with _translated(budget, encoded=True):
        if clients.embedded:
            with _written(clients, sql, encoding, budget) as file:
                yield _within(encoded, iter(lambda: file.read(PIECE_BYTES), b""), len)
            return
        with clients.borrow() as client:
            settings = query_settings(sql, budget) | _ENCODING
            with client.raw_stream(sql, settings=settings, fmt=encoding) as source:
                yield _within(encoded, iter(lambda: source.read(PIECE_BYTES), b""), len)


def _within(budget: Budget, parts: Iterable[_Part], size: Callable[[_Part], int]) -> Iterator[_Part]:
    """The same parts, as long as they have no more than the budget's bytes together."""
    left = budget.bytes
    for part in parts:
        left -= size(part)
        if left < 0:
            raise too_large(budget)
        yield part


def _written(clients: Clients, sql: str, encoding: str, budget: Budget) -> BinaryIO:
    """The answer in a file that only this process has open."""
    settings = query_settings(sql, budget) | _ENCODING
    clause = ", ".join(f"{name} = '{value}'" for name, value in settings.items())
    with tempfile.TemporaryDirectory(prefix="gatelog-") as directory:
        path = Path(directory) / "answer"
        with clients.borrow() as client:
            client.command(f"{sql} INTO OUTFILE {format_str(str(path))} FORMAT {encoding} SETTINGS {clause}")
        return path.open("rb")


@contextmanager
def _translated(budget: Budget, *, encoded: bool = False) -> Iterator[None]:
    """The errors of the query's author as theirs; of an `encoded` answer, values with no place in it too."""
    try:
        yield
    except StoreError as error:
        if encoded and error.__cause__ is not None and error_code(error.__cause__) in _OUT_OF_RANGE:
            raise KqlSemanticError(
                "the answer has a datetime before 1678 or after 2262, a timespan over 292 years, or a "
                "decimal of 10^20 or more",
                hint="Arrow and Parquet count nanoseconds, and have 38 digits for a decimal: ask for json or "
                "csv, or project it as a string",
            ) from error
        raise query_error(error, budget) or error from error.__cause__
