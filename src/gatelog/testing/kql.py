"""The query language for tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from gatelog import kql
from gatelog.kql import parser


def parse(query: str) -> None:
    """Return when `query` is KQL; raise KqlSyntaxError when it is not."""
    parser.parse(query)


def run(query: str, *, now: datetime | None = None) -> tuple[list[str], list[list[Any]]]:
    """The columns and rows of a query that brings its own data (datatable, print, range), on an engine in
    memory.

    Values are as `kql.to_python` gives them. `now` is what now() and ago() see, by default the clock.
    """
    compiled = kql.compile(query, kql.Catalog(), now=now or datetime.now(UTC), ask=_ask)
    result = engine().query(compiled.sql)
    types = [column.type for column in compiled.columns]
    rows = [
        [kql.to_python(kind, cell) for kind, cell in zip(types, row, strict=True)]
        for row in result.result_rows
    ]
    return [column.name for column in compiled.columns], rows


def _ask(select: str) -> Sequence[Sequence[object]]:
    return engine().query(select).result_rows


@cache
def engine() -> Client:
    """The engine in memory, one for the process; it interprets expressions, as the store has it do."""
    return clickhouse_connect.get_client(dsn="chdb://:memory:", settings={"compile_expressions": 0})
