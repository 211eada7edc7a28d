"""A query's answer on its way out.

    {"tables": [{"name", "columns", "rows": [[…], …]}, …]  as the engine gives them, block by block
     , "statistics": …, "render": …                        where the client prefers so
     , "error": {"code": "PartialError", …}}               where rows are missing

The first block is read before anything is sent: an error until there is an error's answer. One that comes
later, or a limit that is reached, ends the table where it is.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any, NamedTuple

import msgspec

from gatelog.api.loganalytics.faults import partial
from gatelog.api.loganalytics.requests import LogRequest
from gatelog.api.loganalytics.values import encode_rows
from gatelog.api.principal import Principal
from gatelog.api.questions import Question
from gatelog.api.services import Services
from gatelog.api.set_statements import read_set_statements
from gatelog.errors import KqlError, StoreError
from gatelog.kql import Compiled, RenderHint
from gatelog.store import Budget, Store

ROWS_MAX = 500_000
"""Rows of an answer: the service's own limit."""

BYTES_MAX = 100 * 2**20
"""Bytes of an answer, as JSON: the service's own limit, about."""

PORTION_ROWS = 200
"""Rows written at once: where they are too many bytes, they are counted one by one."""

Block = Sequence[Sequence[Any]]
Rows = Generator[bytes, None, "TableEnd"]


class TableEnd(NamedTuple):
    """How a table ended: rows and bytes that were sent, and why not all of them."""

    rows: int
    bytes: int
    error: str = ""


@contextmanager
def open_answer(
    services: Services, principal: Principal, asked: LogRequest, resource: str = ""
) -> Iterator[Iterator[bytes]]:
    """The answer piece by piece while the context lasts; blocks. `resource`: only its rows."""
    began = time.monotonic()
    with services.questions.logged(principal, asked.query) as going:
        budget = services.questions.budget
        if asked.preferences.wait is not None:
            budget = budget.within(asked.preferences.wait, "the wait that the request prefers")
        question = Question(asked.query, asked.timespan, budget=budget, resource=resource)
        compiled = services.questions.compile(principal, question)
        given = read_set_statements(asked.query)
        compiled, budget = tuple(map(given.first_rows, compiled)), given.within(budget)
        first, *rest = [_blocks(services.store(), one.sql, budget, began) for one in compiled]
        going.go_on()
        tables = [going.watched(blocks) for blocks in (_primed(first), *rest)]
        pieces = _document(asked, compiled, tables, budget, began)
        try:
            yield pieces
        finally:
            pieces.close()


def _document(
    asked: LogRequest,
    compiled: Sequence[Compiled],
    tables: Sequence[Iterable[Block]],
    budget: Budget,
    began: float,
) -> Generator[bytes, None, None]:
    ends: list[TableEnd] = []
    separator = b'{"tables":['
    for one, blocks in zip(compiled, tables, strict=True):
        columns = [{"name": column.name, "type": column.type.value} for column in one.columns]
        yield separator + b'{"name":' + msgspec.json.encode(one.name)
        yield b',"columns":' + msgspec.json.encode(columns) + b',"rows":['
        end = yield from _limited_rows(one, blocks, min(ROWS_MAX, budget.rows), min(BYTES_MAX, budget.bytes))
        ends.append(end)
        yield b"]}"
        separator = b","
    yield b"]"
    if asked.preferences.statistics:
        yield b',"statistics":' + msgspec.json.encode(_statistics(ends, time.monotonic() - began))
    if asked.preferences.render:
        yield b',"render":' + msgspec.json.encode(_render(compiled[-1].render, compiled[-1].ordered))
    errors = [end.error for end in ends if end.error]
    if errors:
        yield b',"error":' + msgspec.json.encode(partial(errors[0]))
    yield b"}"


def _limited_rows(one: Compiled, blocks: Iterable[Block], rows_max: int, bytes_max: int) -> Rows:
    """At most so many rows and bytes, without the brackets around them."""
    rows = size = 0
    comma = b""
    try:
        for block in _portions(blocks):
            piece = encode_rows(one.columns, block[: rows_max - rows])
            if size + len(piece) > bytes_max:
                fitting = _fitting(one, block, bytes_max - size)
                if fitting:
                    yield comma + b",".join(fitting)
                end = size + sum(map(len, fitting))
                return TableEnd(rows + len(fitting), end, _too_many(f"{bytes_max} bytes"))
            if piece:
                yield comma + piece
                comma = b","
            size += len(piece)
            if rows + len(block) > rows_max:
                return TableEnd(rows_max, size, _too_many(f"{rows_max} records"))
            rows += len(block)
    except KqlError as error:
        return TableEnd(rows, size, error.advice)
    except StoreError:
        return TableEnd(rows, size, "the store failed while it read the answer; the rows here are not all")
    return TableEnd(rows, size)


def _blocks(store: Store, sql: str, budget: Budget, began: float) -> Iterator[Block]:
    """The engine's blocks, in the time that is left; one row more than there may be: what is cut is known to
    be cut.
    """
    rows = min(ROWS_MAX, budget.rows) + 1
    budget = budget.after(time.monotonic() - began)
    select = f"SELECT * FROM ({sql}) LIMIT {rows}"  # noqa: S608 - from the compiler
    with store.stream_rows(select, budget=budget._replace(rows=rows, bytes=2 * BYTES_MAX)) as blocks:
        yield from blocks


def _fitting(one: Compiled, block: Block, bytes_max: int) -> list[bytes]:
    """The first rows of a block, as far as the bytes go."""
    fitting = []
    for row in block:
        piece = encode_rows(one.columns, [row])
        bytes_max -= len(piece) + 1
        if bytes_max < 0:
            break
        fitting.append(piece)
    return fitting


def _portions(blocks: Iterable[Block]) -> Iterator[Block]:
    """The same rows in blocks small enough that a limit in bytes leaves most of what fits."""
    for block in blocks:
        for start in range(0, len(block), PORTION_ROWS):
            yield block[start : start + PORTION_ROWS]


def _primed(blocks: Iterable[Block]) -> Iterable[Block]:
    """The same blocks, the first of them read now."""
    rest = iter(blocks)
    first = next(rest, None)
    return rest if first is None else chain([first], rest)


def _statistics(ends: Sequence[TableEnd], seconds: float) -> dict[str, Any]:
    tables = [{"tableRowCount": end.rows, "tableSize": end.bytes} for end in ends]
    return {"query": {"executionTime": seconds, "resourceUsage": {}, "datasetStatistics": tables}}


def _render(hint: RenderHint | None, ordered: bool) -> dict[str, Any]:
    given = {name.lower(): text for name, text in hint.properties} if hint else {}
    return {
        "visualization": hint.chart if hint else None,
        "title": given.get("title"),
        "accumulate": given.get("accumulate", "").lower() == "true",
        "isQuerySorted": ordered,
        "kind": given.get("kind"),
        "annotation": "",
        "by": given.get("series"),
        "xColumn": given.get("xcolumn"),
        "yColumns": given.get("ycolumns"),
        "xTitle": given.get("xtitle"),
        "yTitle": given.get("ytitle"),
        "legend": given.get("legend"),
    }


def _too_many(limit: str) -> str:
    return (
        f"The results of this query exceed the set limit of {limit}, so not all records were returned "
        "(E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003)."
    )
