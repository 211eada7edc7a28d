"""What the SQL looks like: small, pruned, and safe."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatelog import kql
from gatelog.errors import KqlBudgetError, KqlSemanticError
from gatelog.kql import Catalog, Column, Compiled, KqlType, PathColumn, Table
from gatelog.testing.kql import engine, run

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)

LOGS = Table(
    "Logs",
    (
        Column("TimeGenerated", KqlType.DATETIME),
        Column("ResponseCode", KqlType.INT),
        Column("Region", KqlType.STRING),
        Column("Body", KqlType.STRING),
    ),
    "logs.raw",
    {
        ("Body", ("usage", "total_tokens")): PathColumn("__total", KqlType.LONG),
        ("Body", ("model",)): PathColumn("__model", KqlType.STRING),
    },
    frozenset({"TimeGenerated"}),
)
CATALOG = Catalog([LOGS])


def compiled(text: str, **options: object) -> Compiled:
    return kql.compile(text, CATALOG, now=NOW, **options)  # type: ignore[arg-type]


def test_where_extend_and_project_make_one_select() -> None:
    sql = compiled(
        "Logs | where ResponseCode == 200 | extend r = tolower(Region) | where r != 'x' | project r"
    ).sql
    assert sql.count("SELECT") == 1


def test_columns_that_nobody_needs_are_not_read() -> None:
    sql = compiled(
        "Logs | extend big = strlen(Body) | where ResponseCode > 499 | summarize count() by Region"
    ).sql
    assert '"Body"' not in sql
    assert "TimeGenerated" not in sql


def test_rows_are_not_sorted_within_a_join_unless_the_order_says_which_they_are() -> None:
    for operators, sorts in (("sort by Region asc", 0), ("sort by Region asc | take 5", 1)):
        sql = compiled(f"Logs | {operators} | join kind=inner (Logs | {operators}) on Region").sql
        assert sql.count("ORDER BY") == 2 * sorts


def test_of_a_materialized_table_those_columns_are_kept_that_some_use_needs() -> None:
    uses = "T | where ResponseCode == toscalar(T | summarize max(ResponseCode)) | distinct Region"
    sql = compiled(f"let T = materialize(Logs | take 100); {uses}").sql
    assert '"Body"' not in sql
    assert sql.count('groupArray(tuple("ResponseCode", "Region"))') == 2, "both uses have the same text"


def test_a_column_that_is_not_null_is_compared_bare() -> None:
    sql = compiled("Logs | where TimeGenerated > ago(1h) | count").sql
    assert "WHERE \"TimeGenerated\" > toDateTime64('2024-05-01 11:00:00.0000000', 7, 'UTC')" in sql


def test_texts_that_are_packed_into_an_array_are_a_list_to_look_in() -> None:
    packed = compiled("let names = pack_array('a', 'b'); Logs | where Region in (names) | count").sql
    assert packed == compiled("Logs | where Region in ('a', 'b') | count").sql


def test_a_filter_needs_no_null_check_around_equality() -> None:
    assert 'WHERE "ResponseCode" = 200' in compiled("Logs | where ResponseCode == 200 | count").sql


def test_a_stored_text_is_looked_at_for_the_letters_before_it_is_lowered() -> None:
    sql = compiled("Logs | where Region has 'West' | count").sql
    assert sql.index("position(lower(\"Region\"), 'west') > 0") < sql.index("match(lowerUTF8(")
    made = compiled("Logs | extend made = strcat(Region, Body) | where made has 'West' | count").sql
    assert "position(lower(" not in made, "to make it twice takes longer"


@pytest.mark.parametrize("searched", ["West", "West*", "*West", "*West*", "4x", "e4"])
def test_a_word_is_not_looked_for_in_numbers(searched: str) -> None:
    assert "ResponseCode" not in compiled(f"search in (Logs) '{searched}' | count").sql
    assert "ResponseCode" in compiled(f"search in (Logs) '{searched.strip('*Westx')}4' | count").sql


@pytest.mark.parametrize(
    ("number", "searched", "found"),
    [
        ("long(-4711)", "4711", 1),
        ("long(-4711)", "*-47*", 1),
        ("long(4711)", "e", 0),
        ("1e300", "*E+300*", 1),
        ("real(-inf)", "INFINITY", 1),
        ("real(nan)", "na*", 1),
        ("real(4.5)", "4.5*", 1),
        ("real(4.5)", "*x*", 0),
        ("real(null)", "x", 0),
        ("int(47)", "47", 1),
    ],
)
def test_numbers_are_searched_as_they_are_written(number: str, searched: str, found: int) -> None:
    assert run(f"print n = {number} | search '{searched}' | count")[1] == [[found]]


def test_text_that_is_a_number_is_compared_as_one() -> None:
    assert 'WHERE "ResponseCode" = 200' in compiled("Logs | where ResponseCode == '200' | count").sql


def test_the_time_range_restricts_every_scan() -> None:
    span = (NOW - timedelta(days=1), None)
    sql = compiled("Logs | join (Logs) on Region | count", timespan=span).sql
    assert sql.count("2024-04-30 12:00:00.0000000") == 2


@pytest.mark.parametrize(
    ("options", "restricted"),
    [
        ("set query_datetimescope_from = datetime(2024-04-30); ", 2),
        (
            "set query_datetimescope_column = 'TimeGenerated';"
            " set query_datetimescope_to=datetime(2024-04-30);",
            2,
        ),
        ("set query_datetimescope_from = '30 Apr 2024'; ", 2),
        ("set query_datetimescope_column = Elsewhere; set query_datetimescope_to = datetime(2024-04-30);", 0),
    ],
)
def test_the_query_may_set_the_time_range_itself(options: str, restricted: int) -> None:
    sql = compiled(f"{options} Logs | join (Logs) on Region | count").sql
    assert sql.count("2024-04-30 00:00:00.0000000") == restricted


def test_the_source_may_name_its_database() -> None:
    assert 'FROM "logs"."raw"' in compiled("Logs | count").sql


@pytest.mark.parametrize(
    "path",
    [
        "parse_json(Body)['usage']['total_tokens']",
        "parse_json(parse_json(Body)['usage'])['total_tokens']",
        "parse_json(Body).usage.total_tokens",
        "todynamic(Body).usage['total_tokens']",
    ],
)
def test_a_json_path_is_served_from_its_typed_column(path: str) -> None:
    sql = compiled(f"Logs | summarize sum(todecimal({path}))").sql
    assert "__total" in sql
    assert '"Body"' not in sql
    assert "JSONExtract" not in sql


def test_a_json_path_is_followed_through_other_columns() -> None:
    text = """Logs
        | project x = parse_json(Body), Region
        | where Region != ''
        | extend u = x.usage
        | project t = tolong(u.total_tokens)"""
    assert '"Body"' not in compiled(text).sql


def test_without_paths_the_json_is_read() -> None:
    sql = compiled("Logs | project parse_json(Body).usage.total_tokens", use_paths=False).sql
    assert "__total" not in sql
    assert "Body" in sql


def test_a_path_that_the_table_does_not_know_is_read_from_the_json() -> None:
    assert "Body" in compiled("Logs | project parse_json(Body).id").sql


def test_columns_are_named_and_typed_as_kusto_does() -> None:
    text = """Logs
        | summarize count(), avg(ResponseCode), sum(todecimal(parse_json(Body).usage.total_tokens))
            by bin(TimeGenerated, 1h)"""
    assert compiled(text).columns == (
        Column("TimeGenerated", KqlType.DATETIME),
        Column("count_", KqlType.LONG),
        Column("avg_ResponseCode", KqlType.REAL),
        Column("sum_Body_usage_total_tokens", KqlType.DECIMAL),
    )


def test_order_and_render_are_told() -> None:
    chart = compiled(
        "Logs | sort by TimeGenerated | project TimeGenerated | render timechart with (title='x')"
    )
    assert chart.ordered
    assert chart.render is not None
    assert chart.render.chart == "timechart"
    assert not compiled("Logs | sort by Region | summarize count() by Region").ordered


def test_a_table_used_twice_has_columns_of_its_own_each_time() -> None:
    text = """let T = datatable(a: long)[1, 2];
        T | join kind=inner (T | extend a = a + 1) on a | project a, b = a1"""
    assert run(text) == (["a", "b"], [[2, 2]])


def test_the_name_of_one_stored_column_is_never_taken_for_another() -> None:
    """`a` is called a_2 in the SQL where there is an `a` already: what is stored as a_2 stays its own."""
    engine().command(
        "CREATE OR REPLACE TABLE pairs ENGINE = Memory AS SELECT toInt64(1) AS a, toInt64(7) AS a_2"
    )
    columns = (Column("a", KqlType.LONG), Column("a_2", KqlType.LONG))
    text = "datatable(a: long)[1] | join kind=inner Pairs on a | project a, a_2"
    sql = kql.compile(text, Catalog([Table("Pairs", columns, "pairs")]), now=NOW).sql
    assert engine().query(sql).result_rows == [(1, 7)]
    engine().command("DROP TABLE pairs")


def test_a_rename_that_swaps_columns_swaps_them() -> None:
    assert run("datatable(a: long, b: long)[1, 2] | project-rename c = a, a = b | project a, c") == (
        ["a", "c"],
        [[2, 1]],
    )


def test_a_column_may_be_computed_from_the_one_it_replaces() -> None:
    assert run("datatable(a: long)[1] | extend a = a + 1 | extend a = a * 10 | where a == 20") == (
        ["a"],
        [[20]],
    )


def test_a_wall_of_stages_is_refused() -> None:
    doubling = "let t0 = print x = 1; " + "".join(
        f"let t{i} = union t{i - 1}, t{i - 1}; " for i in range(1, 13)
    )
    with pytest.raises(KqlSemanticError, match="stages"):
        compiled(doubling + "t12")


@pytest.mark.parametrize("doubled", ["{0} + {0}", "strcat({0}, {0})", "pack('a', {0}, 'b', {0})"])
def test_a_value_that_doubles_with_every_line_is_refused(doubled: str) -> None:
    lines = "".join(f"let t{i} = {doubled.format(f't{i - 1}')}; " for i in range(1, 26))
    with pytest.raises(KqlBudgetError, match="too long for the engine"):
        compiled(f"let t0 = toscalar(rand()); {lines} print t25")


@pytest.mark.parametrize("doubled", ["{0} + {0}", "strcat({0}, {0})", "pack('a', {0}, 'b', {0})"])
def test_draws_that_double_with_every_line_are_refused(doubled: str) -> None:
    lines = "".join(f"let t{i} = {doubled.format(f't{i - 1}')}; " for i in range(1, 41))
    with pytest.raises(KqlSemanticError, match="draws more than 1000 values"):
        compiled(f"let t0 = rand(); {lines} print t40")


@pytest.mark.parametrize("function", ["totimespan", "todecimal", "tobool", "bin", "parse_json", "todatetime"])
def test_calls_inside_each_other_are_answered_or_refused_whatever_each_says_twice(function: str) -> None:
    rest = ", 1" if function == "bin" else ""
    nested = f"{function}(" * 30 + ("ResponseCode" if rest else "Body") + f"{rest})" * 30
    with suppress(KqlBudgetError, KqlSemanticError):
        assert len(compiled(f"Logs | project x = {nested}").sql) < 2**21


def test_a_table_that_grows_wider_with_every_line_is_refused() -> None:
    with pytest.raises(KqlSemanticError, match="more than 20000 columns") as refused:
        compiled("Logs" + " | join Logs on Region" * 600)
    assert refused.value.place is not None


def test_a_function_that_calls_itself_is_refused() -> None:
    with pytest.raises(KqlSemanticError):
        compiled("let f = (x: long) { f(x) }; print f(1)")


def quoted(text: str) -> str:
    """A KQL string literal with this value."""
    escaped = "".join(
        f"\\u{ord(c):04x}" if ord(c) < 32 or c in "\"'\\`\x7f\x85\u2028\u2029" else c for c in text
    )
    return f'"{escaped}"'


TEXTS = st.text(st.characters(blacklist_categories=("Cs",), max_codepoint=0xFFFF), max_size=30)


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_the_authors_text_comes_back_as_it_was(text: str) -> None:
    _, rows = run(f"print x = {quoted(text)}, y = strlen({quoted(text)})")
    assert rows == [[text, len(text)]]


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("ab '\"\\`;-)(%{}"), min_size=1, max_size=12))
def test_a_column_may_have_any_name(name: str) -> None:
    table = f"datatable([{quoted(name)}]: long)[1]"
    columns, rows = run(f"{table} | extend z = [{quoted(name)}] + 1 | where z == 2")
    assert columns[0] == name
    assert rows == [[1, 2]]


def test_columns_may_have_the_names_that_the_engine_uses() -> None:
    assert run("datatable(a: long, c0: long, c1: long)[1, 2, 3] | project c1, c0, a")[1] == [[3, 2, 1]]
    assert run("range number from 1 to 2 step 1 | extend x = number * 2")[1] == [[1, 2], [2, 4]]
    assert run("print number = 1, l = 2, r = 3 | join (print number = 1, item = 4) on number")[1] == [
        [1, 2, 3, 1, 4]
    ]


def test_rows_in_order_are_expanded_without_being_sorted_first() -> None:
    """The first few are then found without an order of all. Elements of elements need no second number."""
    expanded = "mv-expand x = parse_json(Body) | mv-expand x"
    text = compiled(f"Logs | sort by TimeGenerated desc | {expanded} | take 10").sql
    assert "OVER" not in text
    assert text.count("rowNumberInAllBlocks()") == 1
