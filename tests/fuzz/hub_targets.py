"""Fuzzed of the hub, before anything reaches the store:

ingest     a byte that chooses the format; a mapping, NUL, the data   → cells of the columns' types, or 4xx
metrics    query parameters                                           → a request, or a refusal
config     a configuration                                            → one, or every problem in it
"""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from gatelog import config
from gatelog.api.held_bodies import HeldBodies, HeldBody
from gatelog.api.kusto.faults import KustoError
from gatelog.api.kusto.ingest import columns_of_cells, find_format, picks_of, text_of
from gatelog.api.kusto.ingest.formats import FORMATS
from gatelog.api.metrics.definitions import NAMESPACES
from gatelog.api.metrics.faults import MetricsError
from gatelog.api.metrics.requests import read_metrics_request
from gatelog.api.metrics.times import POINTS_MAX
from gatelog.errors import ConfigError, KqlError
from gatelog.kql import Column, KqlType, cell_to_json, to_python, to_text
from gatelog.store import UserTable
from gatelog.store.user_table import TableNotes

from .target import Target

# ingest ──────────────────────────────────────────────────────────────────────────────────────────────

COLUMNS = tuple(Column(kind.value, kind) for kind in KqlType)
USER_TABLE = UserTable("t", "db", TableNotes("T", datetime(2026, 9, 21, tzinfo=UTC)), COLUMNS)
FORMAT_NAMES = tuple(FORMATS)
WHOLE_NUMBERS = {KqlType.INT: 31, KqlType.LONG: 63, KqlType.DATETIME: 63, KqlType.TIMESPAN: 63}
"""Bits of a cell without its sign."""

RECORDS = (
    b'true,1,1,1.5,1.5,2024-01-01,1.02:03:04,{"a":1},74be27de-1e4e-49d9-b579-fe0b331d3642,x',
    b'{"bool":true,"long":1e9,"datetime":"2020-01-01","dynamic":[{"key":"a"}],"string":"\\ud83d"}\n{}',
    b'[{"int":99999999999999999999},{"timespan":"1d","real":"NaN"}]',
    b'a\tb\\t\\\\\n"c""d"\t\r\n',
)
MAPPINGS = (
    b'[{"column":"string","Properties":{"Ordinal":1}},{"column":"int","ConstValue":7}]\0a,b',
    b'[{"column":"datetime","path":"$.a[\'b\'][0]","transform":"DateTimeFromUnixSeconds"}]\0{"a":{"b":[1]}}',
    b'[{"column":"dynamic","path":"$.d","transform":"PropertyBagArrayToDictionary"}]\0{"d":[{"key":1}]}',
)


def run_ingest(data: bytes) -> None:
    """The cells of a column are all of its type, or the data is refused."""
    form = find_format(FORMAT_NAMES[data[0] % len(FORMAT_NAMES)] if data else "csv")
    mapping, end, rest = data[1:].partition(b"\0")
    try:
        picks = picks_of(USER_TABLE, form, "", mapping.decode("utf-8", "replace") if end else "")
        text = text_of(rest if end else mapping, "db", "T", HeldBody(HeldBodies()))
        cells = columns_of_cells("db", USER_TABLE, form, picks, text)
    except KustoError as error:
        if error.fault.status not in {400, 413}:
            raise
        return
    for column, values in zip(COLUMNS, cells, strict=True):
        for value in values:
            _check_cell(column.type, value)


def _check_cell(kind: KqlType, value: Any) -> None:
    if bits := WHOLE_NUMBERS.get(kind):
        assert value is None or -(2**bits) <= value < 2**bits
    if isinstance(value, str):
        value.encode()
    cell_to_json(kind, value)
    to_python(kind, value)
    to_text(kind, value)


# metrics ─────────────────────────────────────────────────────────────────────────────────────────────

NOW = datetime(2026, 9, 21, tzinfo=UTC)
PARAMETERS = (
    b"timespan=PT1H&interval=PT5M&aggregation=Total&$filter=A eq '*' and (B eq '1' or B sw '2')&top=5",
    b"timespan=2026-01-01T00:00:00Z/P1D&interval=FULL&resulttype=metadata&orderby=Total desc",
    b"starttime=2026-01-01&endtime=2026-01-01T10:00:00%2B02:00&autoadjusttimegrain=true&interval=PT2H",
    b"endtime=2026-01-01&$filter=startswith(A, 'b''c')&rollupby=A&validatedimensions=false",
    b"endtime=0001-01-01T00:30:00Z",
)


def run_metrics(data: bytes) -> None:
    """Query parameters are a request with a range of time, or refused."""
    pairs = parse_qsl(data.decode("utf-8", "replace"), keep_blank_values=True)
    for namespace in NAMESPACES:
        try:
            asked = read_metrics_request({name.lower(): value for name, value in pairs}, namespace, NOW)
        except (MetricsError, KqlError):
            continue
        assert 0 < asked.times.grains <= POINTS_MAX


# config ──────────────────────────────────────────────────────────────────────────────────────────────

CONFIGURATION = b"""data: ./data
gateway: {listen: "127.0.0.1:8080"}
hub:     {listen: "127.0.0.1:8081", anonymous: true}
backends:
  east: &east {kind: azure-openai, url: "http://127.0.0.1:9001", api_key: "${env:KEY}"}
  west: *east
products:
  default: {backends: [east, west], capture: required}
subscriptions:
  team-a: {product: default, keys: ["$${env:KEY}", a longer text]}
"""


def run_config(data: bytes) -> None:
    """A text is a configuration, or each problem has a place, what it is and a hint."""
    try:
        config.parse(data.decode("utf-8", "replace"), {"KEY": "k" * 20}, Path("/nowhere"))
    except ConfigError as error:
        if not all(problem.path and problem.what and problem.hint for problem in error.problems):
            raise AssertionError("a problem is not explained") from error


TARGETS = (
    Target(
        "ingest",
        tuple(
            bytes([place]) + data
            for place in range(len(FORMAT_NAMES))
            for data in (*RECORDS, *MAPPINGS, gzip.compress(RECORDS[0]))
        ),
        run_ingest,
    ),
    Target("metrics", PARAMETERS, run_metrics),
    Target("config", (CONFIGURATION,), run_config),
)
