"""Tables of the users' own through commands: made, changed, filled, joined to the record, dropped."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gatelog.store import CATALOG

from .conftest import Kusto, names

pytestmark = pytest.mark.usefixtures("tidy")


def test_a_price_list_is_made_filled_and_joined_to_the_record(kusto: Kusto) -> None:
    kusto.command(
        ".create table Prices (ModelName: string, Price: decimal) with (docstring='per 1k', folder='f')"
    )
    [model] = kusto.rows("Calls | where isnotempty(ModelName) | take 1 | project ModelName")[0]
    kusto.command(f".ingest inline into table Prices <|\n{model},2.5\nother,0.1")
    joined = "Calls | where ResponseCode == 200 | join kind=inner Prices on ModelName | summarize sum(Price)"
    assert kusto.rows(joined) == [["22.5"]]
    assert kusto.command(".show table Prices") == [["Prices", "gatelog", "f", "per 1k"]]


def test_creating_answers_the_schema_and_is_harmless_the_second_time(kusto: Kusto) -> None:
    [row] = kusto.command(".create table T (a: string, ['b c']: long)")
    assert json.loads(row[1])["OrderedColumns"][1] == {
        "Name": "b c",
        "Type": "System.Int64",
        "CslType": "long",
    }
    kusto.command(".ingest inline into table T <| x,1")
    assert kusto.command(".create table T (z: real)") == [row]
    assert kusto.rows("T") == [["x", 1]]
    assert kusto.command(".show table T cslschema")[0][1] == "a:string,['b c']:long"


def test_columns_are_added_dropped_and_moved(kusto: Kusto) -> None:
    kusto.command(".create table T (a: string, b: long)")
    kusto.command(".ingest inline into table T <| x,1")
    kusto.command(".create-merge table T (b: long, c: datetime)")
    assert kusto.rows("T") == [["x", 1, None]]
    kusto.command(".alter table T (c: datetime, a: string) with (docstring='d')")
    assert kusto.rows("T") == [[None, "x"]]
    kusto.command(".alter-merge table T (e: real)")
    assert kusto.command(".show table T cslschema")[0][1:] == [
        "c:datetime,a:string,e:real",
        "gatelog",
        "",
        "d",
    ]
    assert "cannot become" in kusto.refusal(".alter-merge table T (a: long)")[2]


def test_several_tables_are_made_at_once(kusto: Kusto) -> None:
    kusto.command(".create tables T (a: string), U (b: long) with (folder='f')")
    kusto.command(".create tables T (other: real)")
    rows = kusto.command(".create-merge tables T (c: long), V (d: real)")
    assert [row[0] for row in rows] == ["T", "V"]
    assert names(kusto) == ["T", "U", "V"]
    assert kusto.command(".show table T cslschema")[0][1:4] == ["a:string,c:long", "gatelog", "f"]


def test_a_table_is_declared_once_in_a_command(kusto: Kusto) -> None:
    """The second declaration would be merged into the table as it was before the first."""
    kusto.command(".create table T (a: long)")
    for verb in (".create-merge tables", ".create tables"):
        refused = kusto.refusal(f"{verb} T (b: long), U (a: long), T (c: long)")
        assert refused[::2] == (400, "Table 'T' is declared twice: write its columns in one list")
    assert names(kusto) == ["T"]
    assert kusto.command(".show table T cslschema")[0][1] == "a:long"


def test_docstring_folder_and_name_are_changed(kusto: Kusto) -> None:
    kusto.command(".create-merge table T (a: string)")
    kusto.command(".alter table T docstring 'says \\'hello\\''")
    kusto.command(".alter table T folder @'a\\b'")
    kusto.command(".rename table T to ['U 2']")
    assert kusto.command(".show table ['U 2']") == [["U 2", "gatelog", "a\\b", "says 'hello'"]]
    assert names(kusto) == ["U 2"]


def test_dropping_answers_what_remains(kusto: Kusto) -> None:
    kusto.command(".create table T (a: string)")
    kusto.command(".create table U (a: string)")
    assert "U" in [row[0] for row in kusto.command(".drop table T")]
    assert kusto.refusal(".drop table T")[1] == "BadRequest_EntityNotFound"
    kusto.command(".drop table T ifexists")
    kusto.command(".drop tables (T, U) ifexists")
    assert names(kusto) == []


@pytest.mark.parametrize(
    "command",
    [
        ".create table Calls (a: string)",
        ".create-merge table Calls (a: string)",
        ".drop table Calls",
        ".drop table Calls ifexists",
        ".clear table Calls data",
        ".ingest inline into table Calls <| 1",
        ".set-or-append Calls <| print 1",
        ".append AzureMetrics <| print 1",
        ".alter table Calls (a: string)",
        ".alter table Calls policy retention '{}'",
    ],
)
def test_the_record_is_not_the_users_to_change(kusto: Kusto, command: str) -> None:
    status, _, message = kusto.refusal(command)
    assert (status, "table of the record" in message) == (400, True)
    assert kusto.rows("Calls | count") == [[10]]


def test_a_table_cannot_take_the_name_of_another_table_or_function(kusto: Kusto) -> None:
    kusto.command(".create-or-alter function F() { print 1 }")
    assert "is a function" in kusto.refusal(".create table F (a: string)")[2]
    kusto.command(".drop function F")
    kusto.command(".create table T (a: string)")
    kusto.command(".create table U (a: string)")
    assert "exists already" in kusto.refusal(".rename table T to U")[2]
    assert kusto.refusal(".rename table T to Calls")[1] == "BadRequest_EntityAlreadyExists"


@pytest.mark.parametrize("name", ["['a`b']", "['a\"b']", "['a\\\\b']", "['a;b']", "['']", f"['{'a' * 300}']"])
def test_names_that_kusto_does_not_take_are_refused(kusto: Kusto, name: str) -> None:
    assert kusto.refusal(f".create table {name} (a: string)")[0] == 400
    assert kusto.refusal(f".create table T ({name}: string)")[0] == 400
    assert names(kusto) == []


def test_names_with_every_sign_that_kusto_takes_work(kusto: Kusto) -> None:
    kusto.command(".create table ['Größe 1.2-x_'] (['c .-_']: string, ['Ω']: long)")
    kusto.command(".ingest inline into table ['Größe 1.2-x_'] <| a,1")
    assert kusto.rows("['Größe 1.2-x_'] | project ['Ω'], ['c .-_']") == [[1, "a"]]


def test_rows_come_from_queries(kusto: Kusto) -> None:
    assert kusto.command(".set T with (docstring='d') <| range x from 1 to 3 step 1")[0][5] == 3
    assert kusto.refusal(".set T <| print x = 1")[1] == "BadRequest_EntityAlreadyExists"
    assert kusto.command(".append T <| print 4")[0][5] == 1
    assert kusto.command(".set-or-append T <| T | where x > 3")[0][5] == 1
    assert kusto.rows("T | sort by x asc") == [[1], [2], [3], [4], [4]]
    assert kusto.command(".set-or-replace T <| T | summarize x = sum(x)")[0][5] == 1
    assert kusto.rows("T") == [[14]]
    kusto.command(".set-or-replace T <| T | where false")
    assert kusto.rows("T") == []
    assert kusto.refusal(".append U <| print 1")[1] == "BadRequest_EntityNotFound"


def test_every_type_survives_the_way_through_a_table(kusto: Kusto) -> None:
    query = (
        "print b = true, i = int(1), l = 2, r = 1.5, d = decimal(1.25), s = 'x',"
        " t = datetime(2024-01-01T00:00:00.0000001), p = 1.5h,"
        " g = guid(123e27de-1e4e-49d9-b579-fe0b331d3642), j = dynamic({'a': [1]})"
        " | union (print b = bool(null), s = '')"
    )
    kusto.command(f".set T <| {query}")
    assert sorted(kusto.rows("T"), key=str) == sorted(kusto.rows(query), key=str)
    assert kusto.rows("T | getschema | project ColumnType") == kusto.rows(
        f"{query} | getschema | project ColumnType"
    )


def test_columns_that_only_the_query_has_are_added_where_that_is_said(kusto: Kusto) -> None:
    kusto.command(".set T with (folder='f') <| print x = 1")
    kusto.command(".append T with (extend_schema=true, docstring='d') <| print 2, more = 'm'")
    assert kusto.rows("T | sort by x asc") == [[1, ""], [2, "m"]]
    assert kusto.command(".show table T")[0][2:] == ["f", "d"]


def test_a_table_is_made_anew_where_that_is_said(kusto: Kusto) -> None:
    kusto.command(".set T with (folder='f') <| print x = 1, y = 2")
    kusto.command('.create table T ingestion csv mapping \'m\' \'[{"Column":"x","Ordinal":0}]\'')
    command = ".set-or-replace T with (recreate_schema=true) <| T | project x = strcat('was ', x)"
    assert kusto.command(command)[0][5] == 1
    assert kusto.rows("T") == [["was 1"]]
    assert kusto.command(".show table T cslschema")[0][1:4] == ["x:string", "gatelog", "f"]
    assert len(kusto.command(".show table T ingestion mappings")) == 1
    kusto.command(".set-or-replace T with (recreate_schema=true) <| Calls | project ResponseBody")
    assert kusto.refusal("T | count", path="/v1/rest/query", token="clerk")[0] == 400
    assert kusto.rows("T | count") == [[10]]


def test_an_asynchronous_command_answers_an_operation_that_can_be_asked_for(kusto: Kusto) -> None:
    [[operation]] = kusto.command(".set async T <| print x = 1")
    assert kusto.rows("T") == [[1]]
    [shown] = kusto.command(f".show operations {operation} | project Operation, State, Status")
    assert shown == ["TableSet", "Completed", ""]
    kusto.command(".set async <| print x = 2")  # a table of that name
    assert kusto.rows("['async']") == [[2]]


def test_a_command_may_be_kept_too(kusto: Kusto) -> None:
    kusto.command(".set T <| .show tables | where TableName == 'Calls' | project TableName")
    assert kusto.rows("T") == [["Calls"]]
    assert "changes something" in kusto.refusal(".append T <| .drop table T")[2]


@pytest.mark.parametrize(
    ("command", "part"),
    [
        (".append T <| print 'x'", "Query schema does not match table schema. QuerySchema=(string)"),
        (".append T <| print 1, 2", "QuerySchema=(long, long), TableSchema=(long)"),
        (".append T <| print 1; print 2", "answers 2 tables"),
        (".append T <| Nope", "there is no table"),
        (".append T <|", "'<|' and a query"),
        (".append T", "'<|' and a query"),
        (".set async U <| Nope", "there is no table"),
        (".append T with (extend_schema=true) <| print 'x', 1", "QuerySchema=(string, long)"),
        (".append T with (extend_schema=true) <| print y = 1, x = 2", "two columns have the same name"),
        (".append T with (recreate_schema=true) <| print 'x'", "QuerySchema=(string)"),
        (".append T with (ingestIfNotExists='[\"a\"]') <| print 1", "what is sent again is stored again"),
        (".append T with (creationTime='2020-01-01') <| print 1", "rows begin to age when they come"),
    ],
)
def test_a_query_that_cannot_be_kept_is_refused(kusto: Kusto, command: str, part: str) -> None:
    kusto.command(".create table T (x: long)")
    assert part in kusto.refusal(command)[2]
    assert kusto.rows("T") == []


def test_a_query_that_fails_on_its_way_leaves_no_table_and_no_rows(kusto: Kusto) -> None:
    failing = "range x from 1 to 10 step 1 | where x < 5 or tostring(x) matches regex strcat('(', x)"
    status, code, message = kusto.refusal(f".set T <| {failing}")
    assert (status, code) == (400, "General_BadRequest")
    assert "a regular expression is not valid" in message
    assert names(kusto) == []
    kusto.command(".create table T (x: long)")
    assert kusto.refusal(f".append T <| {failing}")[:2] == (400, "General_BadRequest")
    assert kusto.rows("T | count") == [[0]]


def test_what_was_said_does_not_leak_through_a_table(kusto: Kusto) -> None:
    kusto.command(".set Open <| Calls | project RequestId, TotalTokens")
    kusto.command(".set Said <| Calls | project RequestId, ResponseBody")
    kusto.command(".set Again <| Said | project ResponseBody")
    kusto.command(".set Later <| print RequestId = '', ResponseBody = ''")
    kusto.command(".append Later <| Calls | project RequestId, ResponseBody")
    shown = [row[0] for row in kusto.command(".show tables", token="clerk")]
    assert ("Open" in shown, "Said" in shown, "Again" in shown, "Later" in shown) == (
        True,
        False,
        False,
        False,
    )
    assert kusto.rows("Open | count", token="clerk") == [[10]]
    for name in ("Said", "Again", "Later"):
        assert kusto.refusal(f"{name} | count", path="/v1/rest/query", token="clerk")[0] == 400
        assert kusto.refusal(f".show table {name} cslschema", token="clerk")[0] == 400
        assert kusto.refusal(f".append Open <| {name}", token="clerk")[0] == 400
    assert kusto.rows("Said | count", token="reader") == [[10]]
    assert kusto.refusal("Open", path="/v1/rest/query", token="meter")[0] == 400


@pytest.mark.parametrize("token", ["reader", "meter"])
@pytest.mark.parametrize(
    "command", [".create table T (a: string)", ".set T <| print 1", ".create function f() { print 1 }"]
)
def test_changes_need_the_right_to_write(kusto: Kusto, command: str, token: str) -> None:
    status, code, message = kusto.refusal(command, token=token)
    assert (status, code) == (403, "Forbidden")
    assert token in message
    assert kusto.ingest("T", b"x", token=token, streamFormat="csv").status_code == 403


def test_a_request_may_forbid_itself_to_write(kusto: Kusto) -> None:
    answer = kusto.post("/v1/rest/mgmt", ".create table T (a: string)", request_readonly=True)
    assert answer.status_code == 403


def test_retention_is_a_policy_that_is_applied(kusto: Kusto) -> None:
    kusto.command(".create table T (a: string)")
    assert '"36500.00:00:00"' in kusto.command(".show table T policy retention")[0][2]
    kusto.command(".alter-merge table T policy retention softdelete = 10d recoverability = disabled")
    [row] = kusto.command('.alter table T policy retention \'{"SoftDeletePeriod": "1.00:00:00"}\'')
    assert row[:2] == ["RetentionPolicy", "[gatelog].[T]"]
    assert json.loads(row[2]) == {"SoftDeletePeriod": "1.00:00:00", "Recoverability": "Disabled"}
    assert '"1.00:00:00"' in kusto.command(".show table T details")[0][13]
    kusto.command(".alter table T policy streamingingestion enable")
    kusto.command(".delete table T policy retention")
    assert '"36500.00:00:00"' in kusto.command(".show table T policy retention")[0][2]


@pytest.mark.parametrize(
    "policy",
    [
        '\'{"SoftDeletePeriod":"2.00:00:00","Recoverability":"Enabled"}\'',
        "softdelete=2d recoverability=enabled",
    ],
)
def test_recoverability_is_taken_and_not_in_effect(kusto: Kusto, policy: str) -> None:
    """It is in every policy that the service writes; what is shown is what is so."""
    kusto.command(".create table T (a: string)")
    [row] = kusto.command(f".alter-merge table T policy retention {policy}")
    assert json.loads(row[2]) == {"SoftDeletePeriod": "2.00:00:00", "Recoverability": "Disabled"}
    assert kusto.command(".show table T policy retention") == [row]


RECORD_KEPT = '{"SoftDeletePeriod":"365.00:00:00","Recoverability":"Disabled"}'


@pytest.mark.parametrize(
    ("shown", "row"),
    [
        ("table Calls policy retention", ["RetentionPolicy", "[gatelog].[Calls]", RECORD_KEPT, "", "Table"]),
        (
            "table AzureMetrics policy streamingingestion",
            ["StreamingIngestionPolicy", "[gatelog].[AzureMetrics]", "null", "", "Table"],
        ),
        ("table Calls policy update", ["update", "[gatelog].[Calls]", "null", "", "Table"]),
        ("database gatelog policy retention", ["RetentionPolicy", "[gatelog]", RECORD_KEPT, "", "Database"]),
        ("database policy caching", ["CachingPolicy", "[gatelog]", "null", "", "Database"]),
    ],
)
def test_policies_of_the_record_are_shown(kusto: Kusto, shown: str, row: list[str]) -> None:
    assert kusto.command(f".show {shown}", token="reader") == [row]


def test_the_record_shows_how_long_it_is_kept(kusto: Kusto) -> None:
    assert kusto.command(".show table Calls details")[0][13] == RECORD_KEPT
    assert kusto.command(".show database gatelog details")[0][7] == RECORD_KEPT


def test_policies_of_a_table_that_is_not_seen_are_not_shown(kusto: Kusto) -> None:
    assert (
        "'Calls' of kind 'Table' was not found"
        in kusto.refusal(".show table Calls policy retention", token="meter")[2]
    )
    assert "known are auto_delete, caching" in kusto.refusal(".show database gatelog policy nothing")[2]


def test_mappings_are_shown_of_every_table_and_the_cluster(kusto: Kusto) -> None:
    kusto.command(".create table T (a: string)")
    kusto.command(
        """.create table T ingestion csv mapping 'm' '[{"Column": "a", "Properties": {"Ordinal": 0}}]'"""
    )
    assert kusto.command(".show cluster ingestion mappings") == kusto.command(
        ".show table T ingestion mappings"
    )
    assert kusto.command(".show cluster ingestion json mappings") == []
    assert kusto.command(".show table Calls ingestion mappings") == []
    assert "'m'" in kusto.refusal(".show table Calls ingestion csv mapping 'm'")[2]
    assert "table of the record" in kusto.refusal(".show table Calls extents")[2]


def test_policies_about_the_work_of_a_cluster_are_kept_as_written(kusto: Kusto) -> None:
    kusto.command(".create tables T (a: string), U (a: string)")
    kusto.command(".alter table T policy caching hot = 3d")
    kusto.command(".alter-merge table T policy ingestionbatching '{\"MaximumNumberOfItems\": 5}'")
    kusto.command(".alter table T policy ingestiontime true")
    [row] = kusto.command(".show table T policy caching")
    assert row[:3] == [
        "CachingPolicy",
        "[gatelog].[T]",
        '{"DataHotSpan":"3.00:00:00","IndexHotSpan":"3.00:00:00"}',
    ]
    assert kusto.command(".show table T policy ingestionbatching")[0][2] == '{"MaximumNumberOfItems": 5}'
    shown = {row[1]: row[2] for row in kusto.command(".show table * policy caching")}
    assert shown.pop("[gatelog].[T]") == row[2]
    assert set(shown) == {f"[gatelog].[{name}]" for name in ("U", *CATALOG.names)}
    assert set(shown.values()) == {"null"}
    assert kusto.command(".delete table T policy caching")[0][2] == "null"
    assert kusto.command(".show table T policy update")[0][2] == "null"


@pytest.mark.parametrize(
    "policy",
    [
        "retention '{'",
        'retention \'{"SoftDeletePeriod": "soon"}\'',
        'retention \'{"Recoverability": "Often"}\'',
        "caching soon",
        "caching '['",
        "sharding hot = 1d",
        "ingestiontime false",
        "update '[]'",
        "row_level_security enable 'T'",
        "restricted_view_access true",
        "nothing true",
        "streamingingestion disable",
        pytest.param("caching '" + '{"a":' + "[" * 50_000 + "'", id="deep"),
    ],
)
def test_policies_that_cannot_be_are_refused(kusto: Kusto, policy: str) -> None:
    kusto.command(".create table T (a: string)")
    assert kusto.refusal(f".alter table T policy {policy}")[0] == 400


def test_there_is_no_cache_of_schemas_to_clear(kusto: Kusto) -> None:
    """Scripts for streaming ingestion do, after every change of a table."""
    kusto.command(".create table T (a: long)")
    for what in ("table T", "database"):
        assert kusto.command(f".clear {what} cache streamingingestion schema") == [["", "Succeeded"]]
        assert kusto.refusal(f".clear {what} cache everything")[0] == 400
    kusto.command(".drop table T")


def test_several_tables_are_made_or_none(kusto: Kusto) -> None:
    for refused in (
        ".create tables One (a: long), Calls (a: long)",
        ".create tables One (a: long), One (b: long)",
        ".create tables One (a: long), Two (a: long, a: string)",
    ):
        assert kusto.refusal(refused)[0] == 400
        assert kusto.refusal(".show table One")[0] == 400
    kusto.command(".create tables One (a: long), Two (b: long)")
    refused = ".create-merge tables Three (a: long), One (a: long, z: string), Two (b: string)"
    assert "cannot become" in kusto.refusal(refused)[2]
    assert kusto.refusal(".show table Three")[0] == 400
    assert kusto.rows(".show table One cslschema | project Schema") == [["a:long"]]
    kusto.command(".create-merge tables Three (a: long), One (a: long, z: string)")
    assert kusto.rows(".show table One cslschema | project Schema") == [["a:long,z:string"]]
    assert kusto.refusal(".drop tables (One, Nope, Three)")[0] == 400
    assert kusto.rows(".show tables | where TableName in ('One', 'Two', 'Three') | count") == [[3]]
    kusto.command(".drop tables (One, Two, Three, Nope) ifexists")
    assert kusto.rows(".show tables | where TableName in ('One', 'Two', 'Three') | count") == [[0]]


@pytest.mark.parametrize("command", [".set", ".set-or-append", ".set-or-replace"])
def test_a_query_that_fails_while_it_fills_a_new_table_leaves_none(kusto: Kusto, command: str) -> None:
    most = "toscalar(range n from 1 to 9 step 1 | summarize max(n))"
    failing = f"range n from 1 to 9 step 1 | where assert({most} < 5, 'too many')"
    assert "too many" in kusto.refusal(f"{command} T <| {failing}")[2]
    assert kusto.refusal(".show table T")[0] == 400


def test_a_query_that_fails_while_it_extends_a_table_leaves_its_columns(kusto: Kusto) -> None:
    kusto.command(".set T with (docstring='old') <| print a = 1")
    failing = "print 1, b = 2 | where assert(toscalar(print b = 2) < 0, 'never')"
    for command in (".set-or-append", ".set-or-replace"):
        extending = f"{command} T with (extend_schema=true, docstring='new') <| {failing}"
        assert "never" in kusto.refusal(extending)[2]
    assert kusto.rows(".show table T cslschema | project Schema, DocString") == [["a:long", "old"]]
    kusto.command(".set-or-replace T with (extend_schema=true, docstring='new') <| print 1, b = 2")
    assert kusto.rows(".show table T cslschema | project Schema, DocString") == [["a:long,b:long", "new"]]
    assert kusto.rows("T") == [[1, 2]]
    kusto.command(".drop table T")


def test_a_docstring_that_a_table_cannot_keep_leaves_its_rows(kusto: Kusto) -> None:
    kusto.command(".set T <| print a = 1")
    text = "x" * 60_000
    for name in "mnop":
        mapping = json.dumps([{"Column": "a", "Properties": {"Path": "$.a", "x": text}}])
        kusto.command(f".create table T ingestion json mapping '{name}' '{mapping}'")
    assert "at most" in kusto.refusal(f".append T with (docstring='{text}') <| print 2")[2]
    assert kusto.rows("T") == [[1]]


def test_a_table_that_is_renamed_while_it_is_filled_gets_the_rows(
    kusto: Kusto, monkeypatch: pytest.MonkeyPatch
) -> None:
    kusto.command(".set T <| print a = 1")
    append = kusto.store.user_tables.append

    def renaming(*said: Any) -> Any:
        kusto.store.user_tables.rename({"T": "U"})
        return append(*said)

    monkeypatch.setattr(kusto.store.user_tables, "append", renaming)
    assert kusto.command(".append T <| print a = 2")[0][5] == 1
    assert kusto.rows("U | count") == [[2]]


def test_clearing_keeps_the_table(kusto: Kusto) -> None:
    kusto.command(".set T <| print a = 1")
    assert kusto.command(".clear table T data") == [["T", "Succeeded"]]
    assert kusto.rows("T") == []


def test_functions_are_kept_shown_and_dropped(kusto: Kusto) -> None:
    properties = "with (docstring='d', folder='f')"
    create = f".create-or-alter function {properties} Slow(ms: real) {{ Calls | where DurationMs > ms }}"
    row = ["Slow", "(ms: real)", "{ Calls | where DurationMs > ms }", "f", "d"]
    assert kusto.command(create) == [row]
    assert kusto.command(".show functions") == [row]
    assert kusto.rows("Slow(0.0) | count")[0][0] > 0
    assert "already exists" in kusto.refusal(".create function Slow() { print 1 }")[2]
    assert kusto.command(".create function ifnotexists Slow() { print 1 }") == [row]
    kusto.command(".alter function Slow docstring 'new'")
    kusto.command(".alter function Slow() { print 2 }")
    assert kusto.rows("Slow()") == [[2]]
    [[schema]] = kusto.command(".show schema as json")
    assert json.loads(schema)["Databases"]["gatelog"]["Functions"]["Slow"]["Body"] == "{ print 2 }"
    assert "SEM0100" in kusto.refusal(".create function Bad() { Nope }")[2]
    kusto.command(".drop function Slow")
    assert kusto.refusal(".drop function Slow")[1] == "BadRequest_EntityNotFound"
    assert kusto.command(".drop functions (Slow, Other) ifexists") == []


def test_the_schema_names_the_parameters_of_functions(kusto: Kusto) -> None:
    kusto.command(".create-or-alter function P(n: long, T: (x: string)) { T | take n }")
    [[schema]] = kusto.command(".show schema as json")
    kusto.command(".drop function P")
    assert json.loads(schema)["Databases"]["gatelog"]["Functions"]["P"]["InputParameters"] == [
        {"Name": "n", "Type": "System.Int64", "CslType": "long"},
        {"Name": "T", "Columns": [{"Name": "x", "Type": "System.String", "CslType": "string"}]},
    ]
