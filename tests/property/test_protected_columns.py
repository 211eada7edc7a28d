"""A reader without a right to bodies: no expression, however it is built, becomes SQL that reads one."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelog.errors import KqlError
from gatelog.kql import Catalog, SavedFunction, compile_batch
from gatelog.kql.aggregates import AGGREGATES
from gatelog.kql.functions import FUNCTIONS, SEVERAL_COLUMNS
from gatelog.kql.special.special_functions import SPECIAL_FUNCTIONS
from gatelog.store import TABLES

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONTENT = {table.name: sorted(table.content) for table in TABLES if table.content}
SAVED = [
    SavedFunction("Bodies", "()", "{ Calls | project RequestBody, ResponseBody, RequestId }"),
    SavedFunction("Longer", "(text: string)", "{ strlen(text) }"),
    SavedFunction("Everything", "()", "{ ApiManagementGatewayLogs }", view=True),
]
GUARDED = Catalog([table.kql_table().without(table.content) for table in TABLES], SAVED, workspace="gatelog")
OPEN = Catalog([table.kql_table() for table in TABLES], SAVED)

# A column of content in the SQL, whether of the view (in quotes) or of the table behind it.
_SHOWN = {column.name for table in TABLES for column in table.columns if not column.content}
_NAMES = {name for names in CONTENT.values() for name in names} - _SHOWN
_STORED = {"request_body", "response_body", "request_sha256", "response_sha256", "error_message"}
READS_CONTENT = re.compile(
    "|".join(
        [
            *(f'"{name}"' for name in sorted(_NAMES)),
            *(rf"\b{name}\b" for name in sorted(_STORED)),
            "__(?:words|origin)_",
        ]
    )
)


def sql_of(query: str, catalog: Catalog = GUARDED) -> list[str]:
    """The SQL of all answers and of what the compiler itself asks; nothing where the query is refused."""
    asked: list[str] = []

    def ask(select: str) -> list[list[object]]:
        asked.append(select)
        return [["x"]]

    try:
        return [*(one.sql for one in compile_batch(query, catalog, now=NOW, ask=ask)), *asked]
    except KqlError:
        return asked


def check(query: str) -> None:
    for sql in sql_of(query):
        assert not READS_CONTENT.search(sql), (query, sql)


@pytest.mark.parametrize("name", sorted(_NAMES | _STORED))
@pytest.mark.parametrize(
    "query",
    [
        "{rows} | extend y = strcat({name}, '')",
        "{rows} | join kind=fullouter Calls on $left.{name} == $right.RequestId",
        "let f = (x: string) {{ toscalar(Calls | project strcat(x, '')) }}; {rows} | extend y = f({name})",
        "let f = (x: string) {{ Calls | where x has 'a' }}; {rows} | where 'a' in (f({name}))",
        "Calls | extend {name} = RequestId | summarize take_any(*) by {name}",
    ],
)
def test_a_column_of_the_readers_own_has_no_name_of_content(query: str, name: str) -> None:
    """Whatever becomes of it, the engine cannot take it for the stored one."""
    check(query.format(rows=f"(datatable(['{name}']: string)['a'])", name=f"['{name}']"))


def test_the_check_sees_what_it_looks_for() -> None:
    """With the right to bodies the same queries do read them."""
    queries = [
        f"{table} | project {name}" for table, names in CONTENT.items() for name in _NAMES.intersection(names)
    ]
    assert len(queries) >= len(CONTENT)
    for query in queries:
        (sql,) = sql_of(query, OPEN)
        assert READS_CONTENT.search(sql)


@pytest.mark.parametrize("table", CONTENT)
def test_content_is_not_among_the_columns_of_a_table(table: str) -> None:
    (sql,) = sql_of(f"{table} | getschema")
    assert not any(f"'{name}'" in sql for name in CONTENT[table])
    (sql,) = sql_of(table)
    assert not READS_CONTENT.search(sql)


@pytest.mark.parametrize("table", CONTENT)
def test_naming_content_is_refused_with_the_role_that_is_needed(table: str) -> None:
    for name in CONTENT[table]:
        with pytest.raises(KqlError, match="log-with-bodies") as refused:
            compile_batch(f"{table}\n| where strlen({name}) > 3", GUARDED, now=NOW)
        assert refused.value.place == (2, 16)


_OTHERS = ("", ", 1", ", 'a'", ", 1, 2", ", 'a', 'b'", ", 'a', 1", ", 1h", ", dynamic(['$.a'])", ", Method")


@pytest.mark.parametrize("function", sorted({*FUNCTIONS, *SPECIAL_FUNCTIONS, *SEVERAL_COLUMNS}))
def test_no_scalar_function_reaches_content(function: str) -> None:
    for others in _OTHERS:
        check(f"Calls | project found = {function}(ResponseBody{others})")
        check(f"Calls | where {function}(parse_json(ResponseBody){others}) == 1 | count")
    check(f"Calls | extend found = {function}('a', RequestBody)")
    check(f"Calls | sort by Method | extend found = {function}('a', 1, RequestBody)")


@pytest.mark.parametrize("aggregate", sorted(AGGREGATES))
def test_no_aggregate_reaches_content(aggregate: str) -> None:
    for others in _OTHERS:
        check(f"Calls | summarize found = {aggregate}(ResponseBody{others}) by Method")
        check(f"Calls | summarize found = {aggregate}(parse_json(ResponseBody){others})")
    for arguments in ("*", "TimeGenerated, *", "TimeGenerated, RequestBody", "1, RequestBody == 'x'"):
        check(f"Calls | summarize {aggregate}({arguments})")


_PIPELINES = (
    "Calls | where ResponseBody has 'x'",
    "Calls | where * has 'x'",
    "Calls | extend a = ResponseBody | project a",
    "Calls | extend a = ResponseBody | summarize dcount(a)",
    "Calls | project ResponseBody",
    "Calls | project-rename a = ResponseBody",
    "Calls | project-keep *Body",
    "Calls | project-reorder ResponseBody",
    "Calls | project-smart ResponseBody",
    "Calls | distinct ResponseBody",
    "Calls | distinct *",
    "Calls | sort by ResponseBody",
    "Calls | sort by strlen(ResponseBody) | project Method",
    "Calls | top 3 by ResponseBody",
    "Calls | top-nested 3 of ResponseBody by count()",
    "Calls | top-hitters 3 of ResponseBody",
    "Calls | sample-distinct 3 of ResponseBody",
    "Calls | summarize count() by ResponseBody",
    "Calls | summarize count() by bin(strlen(ResponseBody), 10)",
    "Calls | make-series n = count() on TimeGenerated step 1h by ResponseBody",
    "Calls | make-series n = max(strlen(ResponseBody)) on TimeGenerated step 1h",
    "Calls | mv-expand a = parse_json(ResponseBody).choices",
    "Calls | mv-expand parse_json(ResponseBody)",
    "Calls | mv-apply c = parse_json(ResponseBody).choices on (where c has 'x')",
    "Calls | parse ResponseBody with * 'content' rest",
    "Calls | parse-where ResponseBody with * 'content' rest",
    "Calls | parse-kv ResponseBody as (a: string)",
    "Calls | evaluate bag_unpack(ResponseBody)",
    "Calls | evaluate bag_unpack(parse_json(ResponseBody))",
    "Calls | extend b = parse_json(ResponseBody) | evaluate bag_unpack(b)",
    "Calls | evaluate pivot(ResponseBody)",
    "Calls | evaluate pivot(Method, take_any(ResponseBody))",
    "Calls | evaluate narrow()",
    "Calls | join (Calls | project RequestId, a = RequestBody) on RequestId",
    "Calls | join ApiManagementGatewayLogs on $left.ResponseBody == $right.BackendResponseBody",
    "Calls | join kind=leftouter Calls on ResponseBody",
    "Calls | lookup (Calls | project Method, RequestBody) on Method",
    "Calls | union (Calls | project RequestBody)",
    "union Calls, ApiManagementGatewayLogs | where ResponseBody has 'x'",
    "union * | where RequestBody has 'x'",
    "union withsource = t * | summarize count() by t",
    "search 'x'",
    "search ResponseBody: 'x'",
    "Calls | search 'x'",
    "find where RequestBody has 'x'",
    "find 'x'",
    "find in (Calls) where ResponseBody has 'x' project RequestBody",
    "Calls | partition by Method (summarize max(strlen(ResponseBody)))",
    "Calls | partition by ResponseBody (take 1)",
    "Calls | fork (where ResponseBody has 'x') (project RequestBody)",
    "Calls | facet by ResponseBody",
    "Calls | facet by Method with (project RequestBody)",
    "Calls | as T | where ResponseBody has 'x'",
    "Calls | as T; T | where ResponseBody has 'x'",
    "Calls | serialize a = prev(ResponseBody)",
    "Calls | sort by Method | extend a = row_cumsum(strlen(ResponseBody))",
    "Calls | scan with (step s: ResponseBody has 'x';)",
    "Calls | scan declare (a: string) with (step s: true => a = ResponseBody;)",
    "Calls | project pack_all()",
    "Calls | project a = column_ifexists('ResponseBody', 'none')",
    "Calls | project a = ['ResponseBody']",
    "Calls | project a = pack('b', ResponseBody)",
    "Calls | project a = bag_pack_columns(ResponseBody)",
    "let b = Calls | project ResponseBody; b",
    "let b = materialize(Calls); b | project ResponseBody",
    "let f = (t: (ResponseBody: string)) { t | project ResponseBody }; f(Calls)",
    "let f = (t: (*)) { t | project ResponseBody }; Calls | invoke f()",
    "let f = (x: string) { strlen(x) }; Calls | project f(ResponseBody)",
    "print toscalar(Calls | project ResponseBody)",
    "print array_length(toscalar(Calls | summarize make_list(ResponseBody)))",
    "Calls | where Method in ((Calls | project RequestBody))",
    "Calls | where ResponseBody in (dynamic(['a']))",
    "Calls | where ResponseBody !in (Bodies)",
    "range i from 1 to toscalar(Calls | summarize max(strlen(ResponseBody))) step 1",
    "Bodies",
    "Bodies | count",
    "Bodies() | project RequestBody",
    "Calls | project Longer(ResponseBody)",
    "Everything | project BackendResponseBody",
    "table('Calls') | project ResponseBody",
    "database('gatelog').Calls | project ResponseBody",
    "Calls | extend ResponseBody = strcat(ResponseBody, '') | project x = ResponseBody",
    "ApiManagementGatewayLlmLog | where RequestMessages has 'x'",
    "ApiManagementGatewayLlmLog | project ResponseMessages[0].content",
    "AzureDiagnostics | where ResultDescription has 'x'",
    "Calls | make-graph RequestId --> ResponseBody | graph-match (a)-->(b) project a.ResponseBody",
    "Calls | consume | render table",
    "Calls | where assert(ResponseBody has 'x', 'no')",
)
"""Every operator with a protected column wherever it takes one."""


@pytest.mark.parametrize("query", _PIPELINES)
def test_no_operator_reaches_content(query: str) -> None:
    check(query)


@pytest.mark.parametrize(
    ("expression", "twin"),
    [
        ("tolong(parse_json(BackendResponseBody).usage.total_tokens)", "__reported_total_tokens"),
        ("parse_json(parse_json(BackendResponseBody)['usage'])['prompt_tokens']", "__reported_prompt_tokens"),
        ("tostring(parse_json(BackendResponseBody)['model'])", "__reported_model"),
        ("todynamic(ResponseBody).usage.completion_tokens", "__reported_completion_tokens"),
    ],
)
def test_numbers_beside_what_was_said_are_read_from_their_own_columns(expression: str, twin: str) -> None:
    for query in (
        f"ApiManagementGatewayLogs | summarize count() by k = tostring({expression})",
        f"ApiManagementGatewayLogs | extend b = {expression} | project b",
        f"ApiManagementGatewayLogs | sort by TimeGenerated | take 5 | summarize take_any({expression})",
    ):
        (sql,) = sql_of(query)
        assert f'"{twin}' in sql
        assert not READS_CONTENT.search(sql)


def test_the_dug_out_body_may_stand_beside_its_numbers_while_nobody_reads_it() -> None:
    query = "Calls | extend body = parse_json(ResponseBody) | extend t = tolong(body.usage.total_tokens)"
    (sql,) = sql_of(f"{query} | summarize sum(t) by Method")
    assert "__reported_total_tokens" in sql
    assert sql_of(f"{query} | project body") == []


_LEAVES = st.sampled_from(
    [
        *(
            "ResponseBody",
            "RequestBody",
            "ErrorMessage",
            "RequestSha256",
            "Method",
            "TotalTokens",
            "1",
            "'x'",
        ),
        *("parse_json(ResponseBody)", "parse_json(ResponseBody).usage", "pack_all()", "Parameters", "now()"),
        *("['ResponseBody']", "column_ifexists('RequestBody', '')", "bag_pack_columns(RequestBody)"),
        *("Longer(ResponseBody)", "toscalar(Bodies | summarize max(RequestBody))", "prev(ResponseBody)"),
        *("toscalar(Everything | summarize take_any(*))", "estimate_data_size(*)", "_"),
    ]
)
_CALLS = st.sampled_from(
    [
        *("strlen({0})", "hash({0})", "tostring({0})", "parse_json({0})", "{0} == {1}", "{0} has {1}"),
        *("iff({0} == '', {1}, {2})", "strcat({0}, {1})", "{0}['usage']", "tolong({0})", "isempty({0})"),
        *("coalesce({0}, {1})", "extract('a', 0, {0})", "case({0} has 'a', {1}, {2})", "{0} in ({1}, {2})"),
        *("bag_keys({0})", "array_length({0})", "replace_string({0}, {1}, {2})", "{0} matches regex {1}"),
        *(
            "pack('a', {0})",
            "substring({0}, 0, 1)",
            "gettype({0})",
            "{0}.usage.total_tokens",
            "not({0} has 'a')",
        ),
    ]
)


def _combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(lambda call, *parts: call.format(*parts), _CALLS, inner, inner, inner)


EXPRESSIONS = st.recursive(_LEAVES, _combined, max_leaves=8)
STAGES = st.sampled_from(
    [
        *(
            "where {0} == {1}",
            "extend a = {0}, b = {1}",
            "project a = {0}, Method",
            "sort by {0}",
        ),
        *(
            "summarize a = max({0}), b = make_list({1}) by c = tostring({2})",
            "summarize take_any(*)",
            "take 5",
        ),
        *("distinct a = {0}", "top 3 by {0}", "mv-expand a = {0}", "where * has 'a'", "as T", "count"),
        *("join (Calls | extend a = {0}) on RequestId", "union (Calls | extend a = {0})", "project-away a"),
        *(
            "extend a = toscalar(Calls | summarize max({0}))",
            "extend a = prev({0})",
            "serialize",
            "getschema",
        ),
        *("partition by Method (extend a = {0})", "parse {0} with * 'a' b", "lookup Calls on RequestId"),
        *("evaluate narrow()", "make-series a = count() on TimeGenerated step 1d by b = {0}", "search 'x'"),
        *("evaluate autocluster()", "evaluate basket()", "evaluate diffpatterns(Method, 'a', 'b')"),
        *(
            "evaluate pivot(Method, max(strlen({0})))",
            "reduce by Method",
            "reduce by ResponseBody",
            "consume",
        ),
        *(
            "project-rename a = ResponseBody",
            "project-keep *Body",
            "project-reorder *Body",
            "project-away b*",
        ),
        *("mv-apply x = {0} on (where x has 'a')", "top-nested 3 of tostring({0}) by b = max({1})"),
        *(
            "scan declare (s: string) with (step q: true => s = tostring({0});)",
            "sample 3",
            "as ResponseBody",
        ),
        *(
            "fork (where {0} == {1}) (project {2})",
            "facet by Method with (extend x = {0})",
            "invoke Through()",
        ),
        *("union isfuzzy=true withsource=t *", "union Bodies", "join kind=leftouter Everything on Method"),
        "make-graph RequestId --> Method with Calls on RequestId"
        " | graph-match (n)-[e]->(m) project n.ResponseBody, e.RequestBody, {0}",
        "make-graph RequestId --> Method | graph-to-table nodes as N, edges as E",
    ]
)


SOURCES = st.sampled_from(
    [
        *("Calls", "['Calls']", "table('Calls')", "database('gatelog').Calls", "materialize(Calls)"),
        *("Everything", "Bodies", "union Calls, ApiManagementGatewayLogs", "union kind=outer withsource=t *"),
        *("search *", "search 'x' or 'y*'", "find where Method == 'x'", "find 'x'", "Through(Calls)"),
        *("ApiManagementGatewayLogs", "ApiManagementGatewayLlmLog", "AzureDiagnostics", "union *L*, C*"),
        *("workspace('gatelog').Calls", "gatelog.calls", "request_body", "calls", "print x = 1"),
        "datatable(request_body: string, RequestBody: string, error_message: string)['a', 'b', 'c']",
    ]
)
"""Every way to name a table."""


@given(SOURCES, st.lists(st.tuples(STAGES, EXPRESSIONS, EXPRESSIONS, EXPRESSIONS), min_size=1, max_size=5))
def test_no_combination_reaches_content(source: str, stages: list[tuple[str, str, str, str]]) -> None:
    query = " | ".join([source, *(stage.format(*parts) for stage, *parts in stages)])
    check(f"let Through = (t: (*)) {{ t | extend th = 1 }}; let _ = 'ResponseBody'; {query}")
