"""A thousand queries that mean harm: they reach the engine as data or not at all, end within their budget,
and leave the hub as it was.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlglot.dialects.clickhouse import ClickHouse
from sqlglot.tokens import TokenType
from starlette.testclient import TestClient

from gatelog.api.application import HubApi
from gatelog.api.auth import Authenticator
from gatelog.api.principal import LOCAL
from gatelog.api.prometheus import hub_registry
from gatelog.api.questions import Question, Questions
from gatelog.api.services import Services
from gatelog.api.workers import Workers
from gatelog.control import Functions, open_control
from gatelog.errors import GatelogError
from gatelog.kql import SavedFunction
from gatelog.store import CATALOG, Budget, Store
from gatelog.testing.records import chat_exchange

from .conftest import FixedClock

MIB = 2**20
BUDGET = Budget(seconds=1, rows=10_000, bytes=16 * MIB, memory_bytes=400 * MIB)
OVERHEAD_S = 10.0
"""CPU time for compiling the longest query, and for what else the process does meanwhile."""

CORES_MAX = 4
"""The engine may use several for a query; its budget is wall-clock time."""

CANARY = "zqcanary"

PAYLOADS = [
    "'",
    '"',
    "`",
    "\\",
    "\\'",
    "\\u0027",
    "'||'",
    "' OR 1=1 --",
    "'; DROP TABLE calls; --",
    '"; DROP TABLE calls; --',
    "`; DROP TABLE calls; --",
    "') UNION ALL SELECT * FROM system.tables --",
    "*/ DROP TABLE calls /*",
    "/*",
    "{x:String}",
    "%s%(x)s%d",
    "${env:HOME}",
    "FORMAT JSON",
    "INTO OUTFILE '/tmp/zqcanary'",
    "SETTINGS readonly=0",
    "]",
    '"]',
    "\n",
    "\r\n;\r\n",
    "\0",
    "\x1b[31m",
    "\u2028\u202e",
    "ＡＢ＇",
    "👩‍👩‍👧",
    "e\u0301" * 20,
    "$$",
    "x" * 20_000,
]


def verbatim(text: str) -> str:
    """A KQL string in which nothing is an escape."""
    doubled = text.replace('"', '""')
    return f'@"{doubled}"'


def escaped(text: str) -> str:
    """A KQL string with escapes."""
    return json.dumps(text)


def bracketed(text: str) -> str:
    """A KQL name."""
    return f"[{json.dumps(text)}]"


def carrying(payload: str) -> Iterator[str]:
    """Queries that carry a text in every place that takes one."""
    word = CANARY + payload + CANARY
    text, raw, name = escaped(word), verbatim(word), bracketed(word)
    pattern = escaped("".join(f"\\x{{{ord(char):x}}}" for char in word[:200]))
    yield from (
        f"print {name} = {text}",
        f"print a = {text}, b = {raw}",
        f"datatable({name}: string)[{text}]",
        f"datatable(a: string)[{text}] | where a == {raw} | project {name} = a",
        f"Calls | where Method has {text} or Method in ({raw}, 'x')",
        f"Calls | where RequestBody contains {text} | summarize {name} = count()",
        f"Calls | extend {name} = Method | summarize max({name}) by {name}_2 = {name}"
        if word.isalnum()
        else f"Calls | extend {name} = Method | summarize max({name}) by {name}",
        f"Calls | where Method matches regex {text}",
        f"Calls | where Method matches regex {pattern}",
        f"Calls | project x = replace_regex(Method, {text}, {raw})",
        f"Calls | project x = extract({text}, 0, Method)",
        f"Calls | parse Method with {text} rest",
        f"Calls | parse kind = regex Method with {text} rest",
        f"let {name} = {text}; print {name}",
        f"let f = (x: string = {text}) {{ strcat(x, {raw}) }}; print f()",
        f"{name} | count",
        f"Calls | where {name} == 1",
        f"table({text}) | count",
        f"print parse_json({escaped(json.dumps({word: word}))})[{text}]",
        f"print dynamic({json.dumps({word: [word]})})",
        f"print bag_pack({text}, {raw})",
        f"print format_datetime(datetime(2026-01-01), {text})",
        f"print split({text}, {raw}), strcat_array(dynamic([{json.dumps(word)}]), {text})",
        f"print todatetime({text}), tolong({raw}), toguid({text}), parse_url({raw})",
        f"union withsource = {name} Calls | count",
        f"Calls | as {name} | count",
        f"Calls | render timechart with (title = {text})",
        f"search {text}",
        f"Calls | take 1 // {word}",
        f"Calls | take 1 /* {word} */",
        f"set {CANARY} = {text}; print 1",
        f"{payload} Calls | count",
        f"Calls | {payload} | count",
        f"print {payload}",
        f"Calls | evaluate pivot({name})",
        f"Calls | make-series {name} = count() default = 0 on TimeGenerated step 1h by {name}",
    )


DEPTH = 20_000
GREEDY = (
    "(" * DEPTH + "1" + ")" * DEPTH,
    "print " + "(" * DEPTH + "1" + ")" * DEPTH,
    "print " + "-" * DEPTH + "1",
    "print " + "not(" * DEPTH + "true" + ")" * DEPTH,
    "print " + "strcat('a', " * DEPTH + "'b'" + ")" * DEPTH,
    "print dynamic(" + "[" * DEPTH + "]" * DEPTH + ")",
    "print dynamic(" + '{"a":' * DEPTH + "1" + "}" * DEPTH + ")",
    "print parse_json('" + "[" * DEPTH + "]" * DEPTH + "')",
    "print x = 1" + " + 1" * DEPTH,
    "Calls | where " + " or ".join(["Method == 'x'"] * 5_000),
    "Calls | where " + " and ".join(["Sequence != 1"] * 5_000),
    "Calls | where Sequence in (" + ", ".join(map(str, range(30_000))) + ")",
    "Calls" + " | where true" * 5_000,
    "Calls" + " | extend a = 1" * 1_900,
    "print a = 'x'" + " | extend a = strcat(a, a)" * 60,
    "print a = 'x'" + " | extend a = strcat(a, a), b = strlen(a)" * 60,
    "let a0 = Calls; " + " ".join(f"let a{i + 1} = union a{i}, a{i};" for i in range(40)) + " a40 | count",
    "let f0 = (x: long) { x + 1 }; "
    + " ".join(f"let f{i + 1} = (x: long) {{ f{i}(f{i}(x)) }};" for i in range(40))
    + " print f40(1)",
    "let f = () { f() }; f()",
    "let f = (x: long) { f(x) }; print f(1)",
    "range i from 1 to 1000000000000 step 1",
    "range i from 1 to 1000000000000 step 1 | count",
    "range i from 1 to 1000000000000 step 1 | summarize make_list(i)",
    "range i from 1 to 1000000000000 step 1 | sort by i desc",
    "range i from 1 to 1000000000000 step 1 | summarize dcount(i), percentile(i, 50) by bin(i, 1)",
    "range i from 1 to 1000000 step 1 | extend k = 1 | join kind=inner (range j from 1 to 1000000 step 1"
    " | extend k = 1) on k | count",
    "print a = range(1, 100000000000, 1)",
    "print a = repeat(1, 100000000000)",
    "print a = strrep('x', 1000000000000)",
    "range i from 1 to 1000 step 1 | mv-expand j = range(1, 1000000000, 1) | count",
    "range i from 1 to 100000 step 1 | extend s = strrep('x', 100000) | summarize make_list(s)",
    "range i from 1 to 1000000 step 1 | project s = strrep('x', 1000)",
    "print 'x' matches regex '" + "(" * 5_000 + "a" + ")" * 5_000 + "'",
    "print strrep('a', 100000) matches regex '(a*)*b'",
    "print strrep('a', 100000) matches regex '(a|aa)+$b'",
    "print 'x' matches regex '((((a{100}){100}){100}){100})'",
    "print 'x' matches regex '" + "a?" * 20_000 + "'",
    "print replace_regex(strrep('a', 1000000), '', 'xxxxxxxxxxxxxxxxxxxx')",
    "print 1 / 0, 1 % 0, tolong(1e300) + 1, -9223372036854775807 - 10, pow(10, 1000)",
    "print datetime(9999-12-31) + 1000d",
    "print datetime(0001-01-01) - 1tick, 10000000000d * 10000000000",
    "Calls | project " + ", ".join(f"c{i} = Method" for i in range(20_000)),
    "Calls | summarize " + ", ".join("count() " for i in range(3_000)),
    "datatable(a: long)[" + ", ".join(["1"] * 60_000) + "]",
    "print '" + "x" * 250_000 + "'",
    "print " + ", ".join(["1"] * 60_000),
    "print ['" + "n" * 200_000 + "'] = 1",
    "Calls | where TimeGenerated > ago(99999999999999999999d)",
    "Calls | top 99999999999999999999 by Sequence",
    "Calls | sample 1000000000000",
    "Calls | take -1",
    "Calls | make-series count() on TimeGenerated from datetime(0001-01-01) to datetime(9999-01-01) step 1ms",
    "Calls | evaluate pivot(RequestId, make_list(RequestBody))",
    "Calls | summarize hll(RequestBody) by bin(TimeGenerated, 1tick)",
    "Calls | partition by RequestId (join kind=inner Calls on Method | join kind=inner Calls on Method)",
    "cluster('https://evil.example').database('x').T",
    "externaldata(a: string)['https://evil.example/x.csv']",
    "externaldata(a: string)[@'file:///etc/passwd']",
    "evaluate http_request('https://evil.example/')",
    "evaluate sql_request('Server=evil', 'select 1')",
    "evaluate python(typeof(a: string), 'import os')",
    "Calls | evaluate cosmosdb_sql_request('a', 'b', 'c', 'd')",
    "system.tables | count",
    "['system.tables'] | count",
    "['calls'] | count",
    "table('calls') | count",
    "database('system').tables | count",
    "print file('/etc/passwd')",
    "print url('https://evil.example')",
    "print sleep(3), currentUser(), getSetting('readonly'), dictGet('a', 'b', 1), version(), hostName()",
    "print input('a String')",
    ".drop table Calls",
    ".show tables",
    "\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
    "",
    ";" * 10_000,
    "|" * 10_000,
    "// only a comment",
    "'" * 9_999,
    "let " * 5_000,
)

CARRYING = [query for payload in PAYLOADS for query in carrying(payload)]

# fmt: off
FORBIDDEN = frozenset((
    "file", "url", "s3", "hdfs", "remote", "remotesecure", "cluster", "clusterallreplicas", "input", "merge",
    "mysql", "postgresql", "sqlite", "odbc", "jdbc", "mongodb", "redis", "executable", "dictget", "sleep",
    "dictgetordefault", "sleepeachrow", "getsetting", "currentuser", "hostname", "filesystemavailable",
    "generaterandom", "urlcluster", "azureblobstorage", "iceberg", "deltalake", "python", "system",
))
# fmt: on
"""Functions and names of the engine that reach out of the record, in lower case."""


pytestmark = pytest.mark.slow


def test_there_are_a_thousand() -> None:
    assert len(CARRYING) + len(GREEDY) > 1_000


class Lab:
    """A hub over ten calls, with small budgets, that looks at what reaches the engine."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def ask(self, query: str) -> Any:
        """The hub's answer, which is never our fault and never late."""
        began = time.process_time()
        response = self.client.post("/query", json={"query": query})
        assert response.status_code in (200, 400, 408, 413), (query[:200], response.text[:500])
        assert time.process_time() - began < CORES_MAX * BUDGET.seconds + OVERHEAD_S, query[:200]
        return response

    def check_health(self) -> None:
        """The record is what it was."""
        assert self.client.post("/query", json={"query": "Calls | count"}).json()["rows"] == [[10]]


class Watched(Store):
    """A store that looks at every question before the engine does."""

    def run(self, sql: str, **more: Any) -> Any:
        check_statement(sql)
        return super().run(sql, **more)

    def stream_rows(self, sql: str, **more: Any) -> Any:
        check_statement(sql)
        return super().stream_rows(sql, **more)

    def stream_encoded(self, sql: str, encoding: str, **more: Any) -> Any:
        check_statement(sql)
        return super().stream_encoded(sql, encoding, **more)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    store = Watched.open("chdb://:memory:", database="hostile_test")
    store.insert([*map(chat_exchange, range(1, 11))])
    workers, clock = Workers(), FixedClock()
    questions = Questions(lambda: store, clock, budget=BUDGET)
    with open_control(tmp_path_factory.mktemp("control")) as control:
        services = Services(
            Authenticator([], anonymous=True),
            workers,
            questions,
            lambda: store,
            Functions(control, clock),
            clock,
        )
        application = HubApi(services, hub_registry()).application()
        yield Lab(TestClient(application, base_url="http://localhost"))
    workers.close()
    store.close()


def check_statement(sql: str) -> None:
    """One SELECT; the canary only in literals and quoted names; nothing that reaches out of the record."""
    words: list[str] = []
    for token in ClickHouse().tokenize(sql):
        assert token.token_type is not TokenType.SEMICOLON, sql[:300]
        if token.token_type not in (TokenType.STRING, TokenType.IDENTIFIER):
            assert CANARY not in token.text, sql[:300]
            words.append(token.text.lower())
    assert words[0] in ("select", "with", "("), sql[:300]
    assert not FORBIDDEN.intersection(words), sql[:300]


@pytest.mark.parametrize("payload", PAYLOADS, ids=ascii)
def test_a_text_stays_a_text(lab: Lab, payload: str) -> None:
    """Wherever it stands in a query; where it is a value, it comes back as it was."""
    for query in carrying(payload):
        lab.ask(query)
    word = CANARY + payload + CANARY
    for query, column in (
        (f"print {bracketed(word)} = {escaped(word)}", word),
        (f"datatable(a: string)[{verbatim(word)}]", "a"),
        (f"print a = strcat({escaped(word)}, '')", "a"),
    ):
        answer = lab.ask(query).json()
        assert answer["rows"] == [[word]]
        assert answer["columns"] == [{"name": column, "type": "string"}]
    assert not Path("/tmp/zqcanary").exists()
    lab.check_health()


@pytest.mark.parametrize("query", GREEDY, ids=lambda query: ascii(query[:50]))
def test_a_greedy_query_ends_within_its_budget(lab: Lab, query: str) -> None:
    lab.ask(query)
    lab.check_health()


@pytest.mark.parametrize("form", ["csv", "arrow", "parquet"])
def test_names_stay_names_in_every_format(lab: Lab, form: str) -> None:
    for payload in PAYLOADS:
        query = f"print {bracketed(CANARY + payload)} = {escaped(payload)}"
        response = lab.client.post("/query", json={"query": query, "format": form})
        assert response.status_code == 200, (query[:200], response.text[:300])
        assert CANARY.encode() in response.content
    lab.check_health()


def test_function_bodies_are_no_way_in(functions: Functions) -> None:
    """A saved function is a function, or it is not saved."""
    questions = Questions(_nothing, FixedClock(), functions=functions.saved)
    refused = 0
    for payload in PAYLOADS:
        said = escaped(payload)
        for body in (f"{{ {payload} }}", f"{{ Calls | where Method == {said} }}", f"{{ Calls }} {payload}"):
            try:
                functions.save(SavedFunction("F", "()", body), CATALOG, by="mallory")
            except GatelogError:
                refused += 1
                continue
            with suppress(GatelogError):  # a value is no table, and a table no value
                for one in questions.compile(LOCAL, Question("F | take 1; print F()")):
                    check_statement(one.sql)
    assert len(PAYLOADS) < refused < 3 * len(PAYLOADS)


def _nothing() -> Store:
    raise AssertionError("nothing is asked")
