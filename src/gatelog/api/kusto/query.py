"""A query on its way to an answer: compiled at once, its rows read while the answer is sent.

limit of the engine   one row more than the request wants: what is cut is known to be cut
first block           read before anything is sent: an error until there has its HTTP status
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import NamedTuple

from gatelog.api.activity import UNNAMED, Origin
from gatelog.api.kusto.commands import Source
from gatelog.api.kusto.completion import Consumption
from gatelog.api.kusto.options import Options
from gatelog.api.kusto.requests import KustoRequest
from gatelog.api.kusto.result import Block, ResultTable, columns_of
from gatelog.api.kusto.rows import Most, first_rows, truncated
from gatelog.api.principal import Principal
from gatelog.api.questions import Question
from gatelog.api.services import Services
from gatelog.api.set_statements import read_set_statements
from gatelog.kql import DOTNET_TYPES, Column, Compiled
from gatelog.store import Budget, Store

SCHEMA_COLUMNS = columns_of("ColumnName:string,ColumnOrdinal:int,DataType:string,ColumnType:string")
"""What `getschema` answers."""

_PERMISSION_COLUMNS = columns_of("Result:string")


class QueryAnswer(NamedTuple):
    """The tables of an answer. `began` is when its work did, on the monotonic clock."""

    tables: Sequence[ResultTable]
    began: float

    def consumption(self) -> Consumption:
        """What it took so far."""
        return Consumption(time.monotonic() - self.began)


@contextmanager
def open_answer(
    services: Services,
    principal: Principal,
    request: KustoRequest,
    source: Source,
    origin: Origin = UNNAMED,
) -> Iterator[QueryAnswer]:
    """Answer the query that a request is, or that a command makes, while the context lasts; blocks. KqlError:
    the author's fault; StoreError: ours.
    """
    began = time.monotonic()
    with services.questions.logged(principal, request.text, origin) as asked:
        budget = _budget(services, request.options)
        compiled = services.questions.compile(principal, _question(request, source, budget))
        asked.go_on()
        options = request.options.changed_by(read_set_statements(source.text))
        tables = _tables(services, options, compiled, budget, began)
        yield QueryAnswer([one._replace(blocks=asked.watched(one.blocks)) for one in tables], began)


def _budget(services: Services, options: Options) -> Budget:
    budget = services.questions.budget
    if options.timeout is None:
        return budget
    return budget.within(options.timeout.total_seconds(), "the request's servertimeout")


def _question(request: KustoRequest, source: Source, budget: Budget) -> Question:
    options = request.options
    return Question(
        source.text,
        options.scope,
        request.parameters,
        budget,
        options.now,
        catalog=source.catalog,
        settings=options.settings,
    )


def _tables(
    services: Services, options: Options, compiled: Sequence[Compiled], budget: Budget, began: float
) -> list[ResultTable]:
    if options.only_permissions:
        return [ResultTable("PrimaryResult", _PERMISSION_COLUMNS, [[["OK"]]])]
    if options.only_schema:
        return [ResultTable(one.name, SCHEMA_COLUMNS, [_schema_rows(one.columns)]) for one in compiled]
    store = services.store()
    results = [_result(store, one, options, budget, began) for one in compiled]
    return [results[0]._replace(blocks=_primed(results[0].blocks)), *results[1:]]


def _result(store: Store, one: Compiled, options: Options, budget: Budget, began: float) -> ResultTable:
    blocks = _limited(store, one.sql, options, budget, began)
    return ResultTable(one.name, one.columns, blocks, one.render, one.ordered)


def _limited(store: Store, sql: str, options: Options, budget: Budget, began: float) -> Iterable[Block]:
    """The rows as far as the request wants them: cut silently by `take`, with an error by truncation."""
    most = _most(options, budget)
    records = most.records
    wanted = records if options.take is None else min(options.take, records)
    select = f"SELECT * FROM ({sql}) LIMIT {wanted + 1}"  # noqa: S608 - from the compiler
    blocks = _blocks(store, select, budget._replace(rows=wanted + 1, bytes=2 * budget.bytes), began)
    if options.take is not None and options.take <= records:
        blocks = first_rows(blocks, options.take)
    return truncated(blocks, most)


def _most(options: Options, budget: Budget) -> Most:
    """What the request wants at most, and the hub allows. A limit of the hub's own is named."""
    records, size = (options.records, options.bytes) if options.truncates else (math.inf, math.inf)
    return Most(
        int(min(records, budget.rows)),
        int(min(size, budget.bytes)),
        budget.limit("rows_max", budget.rows_set_by) if records > budget.rows else "",
        budget.limit("answer_bytes_max", budget.bytes_set_by) if size > budget.bytes else "",
    )


def _blocks(store: Store, select: str, budget: Budget, began: float) -> Iterator[Block]:
    """The engine's blocks, in the time that the request has left; the query ends when nobody reads on."""
    with store.stream_rows(select, budget=budget.after(time.monotonic() - began)) as blocks:
        yield from blocks


def _primed(blocks: Iterable[Block]) -> Iterable[Block]:
    """The same blocks, the first of them read now."""
    rest = iter(blocks)
    first = next(rest, None)
    return rest if first is None else chain([first], rest)


def _schema_rows(columns: Sequence[Column]) -> list[list[object]]:
    return [
        [column.name, place, DOTNET_TYPES[column.type], column.type.value]
        for place, column in enumerate(columns)
    ]
