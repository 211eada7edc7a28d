"""Writing calls, and asking which have arrived.

An insert is atomic for each day (partition) it touches, not over days, and its answer can be lost. So the
writer asks `present` before it repeats anything; the same batch sent twice is dropped by the store (its token
is the same).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from clickhouse_connect.datatypes.base import ClickHouseType
from clickhouse_connect.datatypes.registry import get_from_name

from gatelog.model import CallId, Exchange
from gatelog.store.calls import COLUMN_NAMES, COLUMNS
from gatelog.store.clients import Clients

ROWS_MAX = 10_000
"""Rows of one insert: bounds memory, and stays one block, which is what makes an insert atomic for each day.
"""


class CallWriter:
    """Inserts exchanges into `calls`."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._types: list[ClickHouseType] = []

    def insert(self, exchanges: Sequence[Exchange]) -> None:
        """Store these calls durably. Raises StoreRefusedError if a value can never be stored, StoreError
        else.
        """
        if len(exchanges) > ROWS_MAX:
            raise ValueError(f"{len(exchanges)} rows in one insert, at most {ROWS_MAX}")
        if not exchanges:
            return
        with self._clients.borrow() as client:
            types = self._types or self._read_types()
            context = client.create_insert_context(
                "calls",
                COLUMN_NAMES,
                column_types=types,
                column_oriented=True,
                settings=_settings(exchanges),
            )
            # The driver would send long rows in several blocks, of which a server keeps the first of a token.
            context.req_block_size = len(exchanges)
            client.insert(data=[list(map(column.read, exchanges)) for column in COLUMNS], context=context)

    def present(self, instance: str, boot: str, low: int, high: int) -> set[int]:
        """Which of the sequences low..high (both included) of a boot are stored."""
        with self._clients.borrow() as client:
            result = client.query(
                "SELECT sequence FROM calls WHERE instance = {instance:String} AND boot = {boot:String}"
                " AND sequence BETWEEN {low:Int64} AND {high:Int64}",
                parameters={"instance": instance, "boot": boot, "low": low, "high": high},
            )
            return {row[0] for row in result.result_rows}

    def _read_types(self) -> list[ClickHouseType]:
        """Column types as the store has them, read once: without them every insert would ask first."""
        with self._clients.borrow() as client:
            rows = client.query("DESCRIBE TABLE calls").result_rows
        types = {name: get_from_name(type_name) for name, type_name, *_ in rows}
        self._types = [types[name] for name in COLUMN_NAMES]
        return self._types


def _settings(exchanges: Sequence[Exchange]) -> dict[str, Any]:
    return {
        "insert_deduplication_token": batch_token([exchange.id for exchange in exchanges]),
        # A batch may span as many days as it has rows (a clock that jumped); refusing it would block the
        # spool.
        "max_partitions_per_insert_block": 0,
        "async_insert": 0,
        # It would take half as long again; merges compute it for what they write.
        "exclude_materialize_skip_indexes_on_insert": "request_word_seams",
    }


def batch_token(ids: Sequence[CallId]) -> str:
    """The same text for the same calls in the same order."""
    digest = hashlib.sha256()
    for call in ids:
        digest.update(f"{call.instance}\0{call.boot}\0{call.sequence}\n".encode())
    return digest.hexdigest()[:32]
