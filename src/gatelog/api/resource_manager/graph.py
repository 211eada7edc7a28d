"""Azure Resource Graph: KQL over two tables, `resources` and `resourcecontainers`.

    {"query": "resources | where type == '…'", "subscriptions": [any], "options": {"resultFormat": …,
     "$top": n, "$skip": n, "$skipToken": text}}

    {"totalRecords", "count", "data", "facets": [], "resultTruncated": "false", "$skipToken"?}
      objectArray   "data": [{column: value}]
      table         "data": {"columns": [{"name", "type"}], "rows": [[…]]}

Names of tables are taken in any case, as the service does.
https://learn.microsoft.com/rest/api/azureresourcegraph/resourcegraph/resources/resources
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from gatelog.api.datatable import datatable
from gatelog.api.json_faults import json_fault
from gatelog.api.kusto.result import columns_of
from gatelog.api.kusto.values import kusto_rows
from gatelog.api.metrics.faults import bad_request
from gatelog.api.principal import Principal
from gatelog.api.questions import Question
from gatelog.api.services import Services
from gatelog.errors import KqlBudgetError, KqlError
from gatelog.kql import Catalog, Column, KqlType, SavedFunction

_SKIP_TOKEN = re.compile(r"[0-9]{1,18}")

ROWS_MAX = 1000
"""Rows of a page: the service's own limit; `$skipToken` leads to the next."""

SPELLINGS_MAX = 8
"""Ways to spell a table in one query: each is a view, which takes time to read."""

_COLUMNS = columns_of(
    "id:string,name:string,type:string,tenantId:string,kind:string,location:string,resourceGroup:string,"
    "subscriptionId:string,tags:dynamic,properties:dynamic"
)
_EMPTY_COLUMNS = (
    "extend managedBy = '', sku = dynamic(null), plan = dynamic(null), identity = dynamic(null), "
    "zones = dynamic(null), extendedLocation = dynamic(null) | project id, name, type, tenantId, kind, "
    "location, resourceGroup, subscriptionId, managedBy, sku, plan, properties, tags, identity, zones, "
    "extendedLocation"
)
"""The service's columns that nothing here fills, and the order of all.

https://learn.microsoft.com/azure/governance/resource-graph/concepts/query-language
"""
_TYPES = {
    KqlType.INT: "integer",
    KqlType.LONG: "integer",
    KqlType.REAL: "number",
    KqlType.DECIMAL: "number",
    KqlType.BOOL: "boolean",
    KqlType.DATETIME: "datetime",
    KqlType.DYNAMIC: "object",
}
"""Everything else is a string."""


class Options(msgspec.Struct, rename={"skip_token": "$skipToken", "top": "$top", "skip": "$skip"}):
    """`options` of a request."""

    resultFormat: Literal["objectArray", "table"] = "objectArray"  # noqa: N815 - the service's name
    top: int | None = None
    skip: int | None = None
    skip_token: str | None = None


class GraphRequest(NamedTuple):
    """A query and which of its rows to give."""

    query: str
    as_table: bool
    start: int
    most: int


def read_graph_request(document: Mapping[str, Any]) -> GraphRequest:
    """The request in a body whose names are in lower case. MetricsError 400."""
    query = document.get("query")
    if not isinstance(query, str) or not query.strip():
        raise bad_request("the request has no query")
    try:
        options = msgspec.convert(document.get("options") or {}, Options)
    except msgspec.ValidationError as error:
        raise bad_request(f"options: {json_fault(error, Options)}") from error
    if options.skip_token and not _SKIP_TOKEN.fullmatch(options.skip_token):
        raise bad_request("$skipToken is none that was in an answer of this hub")
    start = int(options.skip_token or options.skip or 0)
    most = ROWS_MAX if options.top is None else options.top
    if start < 0 or not 0 < most <= ROWS_MAX:
        raise bad_request(f"$top is a number from 1 to {ROWS_MAX}, and $skip is not negative")
    return GraphRequest(query, options.resultFormat == "table", start, most)


class Page(NamedTuple):
    """Some rows of an answer that has `total`, from the row `start` on."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    start: int
    total: int


def answer_graph(
    services: Services,
    principal: Principal,
    asked: GraphRequest,
    tables: Mapping[str, Sequence[Sequence[Any]]],
) -> dict[str, Any]:
    """The answer over `tables`, rows by names in lower case. Blocks; MetricsError 400 for a bad query."""
    question = Question(asked.query, catalog=_catalog(asked.query, tables))
    try:
        page = _asked(services, principal, asked, question)
    except KqlBudgetError:
        raise
    except KqlError as error:
        raise bad_request(f"Query is invalid: {error}", "InvalidQuery") from error
    return _document(page, as_table=asked.as_table)


def _asked(services: Services, principal: Principal, asked: GraphRequest, question: Question) -> Page:
    questions, began = services.questions, time.monotonic()
    with questions.logged(principal, question.text) as going:
        compiled = questions.compile(principal, question)[-1]
        going.go_on()
        budget = questions.budget.after(time.monotonic() - began)
        with services.store().stream_rows(compiled.sql, budget=budget) as blocks:
            rows, total = _part(blocks, asked.start, asked.start + asked.most)
    return Page(compiled.columns, rows, asked.start, total)


def _part(blocks: Iterable[Sequence[Sequence[Any]]], start: int, end: int) -> tuple[list[Sequence[Any]], int]:
    """The rows from one place to another, and how many there are: no others are kept."""
    rows: list[Sequence[Any]] = []
    total = 0
    for block in blocks:
        rows += block[max(start - total, 0) : max(end - total, 0)]
        total += len(block)
    return rows, total


def _catalog(query: str, tables: Mapping[str, Sequence[Sequence[Any]]]) -> Catalog:
    """The tables as views, in every spelling that the query has of them."""
    views = []
    for name, rows in tables.items():
        body = f"{{ {datatable(_COLUMNS, rows)} | {_EMPTY_COLUMNS} }}"
        spellings = set(re.findall(rf"\b{name}\b", query, re.IGNORECASE))
        if len(spellings) > SPELLINGS_MAX:
            raise bad_request(f"{name} is spelled in more than {SPELLINGS_MAX} ways", "InvalidQuery")
        views += [SavedFunction(spelling, "()", body) for spelling in sorted(spellings)]
    return Catalog(functions=views)


def _document(page: Page, *, as_table: bool) -> dict[str, Any]:
    end = page.start + len(page.rows)
    rows = kusto_rows(page.columns, page.rows)
    document: dict[str, Any] = {
        "totalRecords": page.total,
        "count": len(rows),
        "data": _table(page.columns, rows) if as_table else _objects(page.columns, rows),
        "facets": [],
        "resultTruncated": "false",
    }
    if end < page.total:
        document["$skipToken"] = str(end)
    return document


def _objects(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    names = [column.name for column in columns]
    return [dict(zip(names, row, strict=True)) for row in rows]


def _table(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    described = [{"name": column.name, "type": _TYPES.get(column.type, "string")} for column in columns]
    return {"columns": described, "rows": rows}
