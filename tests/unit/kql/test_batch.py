"""Queries with several answers: statements, fork, facet; their names, and the parameters of the request."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gatelog import kql
from gatelog.errors import KqlError, KqlSemanticError
from gatelog.kql import Catalog, to_text
from gatelog.testing.kql import engine

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)


def answers(text: str, **parameters: str | int | float | bool) -> dict[str, list[list[str]]]:
    """Each answer by its name: the header, then the rows as text, in order."""
    found = {}
    for compiled in kql.compile_batch(text, Catalog(), now=NOW, parameters=parameters):
        rows = [
            [to_text(column.type, cell) for column, cell in zip(compiled.columns, row, strict=True)]
            for row in engine().query(compiled.sql).result_rows
        ]
        found[compiled.name] = [[column.name for column in compiled.columns], *sorted(rows)]
    return found


def names(text: str) -> list[str]:
    return [compiled.name for compiled in kql.compile_batch(text, Catalog(), now=NOW)]


def test_each_query_statement_has_an_answer_in_order() -> None:
    text = "let a = 1; print a; let b = 2; print x = a + b | as Sum; print c = 3 | as D | render card"
    assert names(text) == ["PrimaryResult", "Sum", "D"]
    assert answers(text)["Sum"] == [["x"], ["3"]]


def test_a_name_given_before_the_last_operator_is_not_the_answers() -> None:
    assert names("print x = 1 | as Before | extend y = 2") == ["PrimaryResult"]


def test_compile_gives_the_last_answer() -> None:
    assert kql.compile("print 1 | as A; print 2 | as B", Catalog(), now=NOW).name == "B"


def test_only_the_answer_that_says_how_is_drawn() -> None:
    first, second = kql.compile_batch("print 1 | render card; print 2", Catalog(), now=NOW)
    assert first.render is not None
    assert first.render.chart == "card"
    assert second.render is None


def test_a_render_behind_several_answers_is_for_each_of_them() -> None:
    for text in ("print x = 1 | fork (count) (take 1)", "print x = 1 | evaluate preview(1)"):
        drawn = kql.compile_batch(f"{text} | render linechart with (title='t')", Catalog(), now=NOW)
        assert [one.render.chart for one in drawn if one.render is not None] == ["linechart", "linechart"]


def test_the_branches_of_fork_read_the_same_input() -> None:
    found = answers(
        "range x from 1 to 4 step 1 | as All | fork Big = (where x > 2) (count | as Many) (where x in (All))"
    )
    assert found == {
        "Big": [["x"], ["3"], ["4"]],
        "Many": [["Count"], ["4"]],
        "PrimaryResult": [["x"], ["1"], ["2"], ["3"], ["4"]],
    }


def test_a_filter_of_one_branch_does_not_choose_the_rows_of_a_join() -> None:
    found = answers(
        "datatable(k: long, v: long)[1, 1, 1, 2] | join (print k = 1) on k"
        " | fork One = (where v == 1) Two = (where v == 2)"
    )
    assert sorted(len(rows) for rows in found.values()) == [1, 2]


def test_facet_counts_the_values_of_each_column() -> None:
    text = (
        'datatable(a: string, b: long)["x", 1, "y", 2, "x", 3] | facet by a, b with (where b > 1 | project a)'
    )
    assert answers(text) == {
        "PrimaryResult": [["a"], ["x"], ["y"]],
        "a": [["a", "count_a"], ["x", "2"], ["y", "1"]],
        "b": [["b", "count_b"], ["1", "1"], ["2", "1"], ["3", "1"]],
    }


@pytest.mark.parametrize("operator", ["fork (count)", "facet by x"])
def test_several_answers_stand_at_the_end_only(operator: str) -> None:
    with pytest.raises(KqlError):
        kql.compile_batch(f"print x = 1 | {operator} | count", Catalog(), now=NOW)
    with pytest.raises(KqlError):
        kql.compile_batch(f"print x = toscalar(print x = 1 | {operator})", Catalog(), now=NOW)


DECLARED = "declare query_parameters({}); print p"


@pytest.mark.parametrize(
    ("declared", "given", "shown"),
    [
        ("p: long", "5", "5"),
        ("p: long", "long(5)", "5"),
        ("p: long", -5, "-5"),
        ("p: int = 3", "-1", "-1"),
        ("p: real", 1.5, "1.5"),
        ("p: real", "2", "2.0"),
        ("p: decimal", "1.25", "1.25"),
        ("p: bool", True, "true"),
        ("p: string", "plain 'text'", "plain 'text'"),
        ("p: string", '"quoted \\"text\\""', 'quoted "text"'),
        ("p: string", "'unfinished", "'unfinished"),
        ("p: string", "5", "5"),
        ("p: datetime", "datetime(2024-01-31)", "2024-01-31T00:00:00.0000000Z"),
        ("p: datetime", "2024-01-31T10:00:00Z", "2024-01-31T10:00:00.0000000Z"),
        ("p: timespan", "1h", "01:00:00"),
        ("p: timespan", "time(1.02:03:04)", "1.02:03:04"),
        ("p: dynamic", "dynamic(['a', 1])", '["a",1]'),
        ("p: dynamic", '{"a":1}', '{"a":1}'),
        ("p: long", "long(null)", ""),
        ("p: guid", "74be27de-1e4e-49d9-b579-fe0b331d3642", "74be27de-1e4e-49d9-b579-fe0b331d3642"),
    ],
)
def test_a_parameter_has_the_value_given(declared: str, given: str | float, shown: str) -> None:
    assert answers(DECLARED.format(declared), p=given) == {"PrimaryResult": [["print_0"], [shown]]}


def test_a_parameter_without_a_value_has_its_default() -> None:
    assert answers(DECLARED.format("p: long = 7")) == {"PrimaryResult": [["print_0"], ["7"]]}


def test_a_value_nobody_declared_is_passed_over() -> None:
    assert answers(DECLARED.format("p: long = 7"), other="1")["PrimaryResult"][1] == ["7"]


@pytest.mark.parametrize(
    ("declared", "given"),
    [
        ("p: long", "abc"),
        ("p: long", "1; print 2"),
        ("p: long", "1.5"),
        ("p: int", "99999999999"),
        ("p: datetime", "ago(1d)"),
        ("p: long", "'1'"),
        ("p: dynamic", "{not json}"),
    ],
)
def test_a_value_of_another_type_is_refused(declared: str, given: str) -> None:
    with pytest.raises(KqlSemanticError, match="the value given for the parameter 'p'") as caught:
        answers(DECLARED.format(declared), p=given)
    assert caught.value.place == (1, 26)


def test_a_missing_value_is_refused() -> None:
    with pytest.raises(KqlSemanticError, match="the parameter 'p' has no value"):
        answers(DECLARED.format("p: long"))


def test_a_string_given_is_only_ever_a_string() -> None:
    hostile = "x' | union (print 1) //"
    assert answers(DECLARED.format("p: string"), p=hostile)["PrimaryResult"][1] == [hostile]


def test_preview_has_some_rows_and_how_many_there_are() -> None:
    text = "range x from 1 to 5 step 1 | order by x asc | evaluate preview(2); print end = 1"
    some, all_of_them, after = kql.compile_batch(text, Catalog(), now=NOW)
    assert engine().query(some.sql).result_rows == [(1,), (2,)]
    assert [column.name for column in all_of_them.columns] == ["Count"]
    assert engine().query(all_of_them.sql).result_rows == [(5,)]
    assert [column.name for column in after.columns] == ["end"]


@pytest.mark.parametrize("number", ["-1", "int(null)"])
def test_a_computed_number_of_rows_below_0_fails_when_it_is_known(number: str) -> None:
    compiled = kql.compile(f"range x from 1 to 5 step 1 | take toscalar(print {number})", Catalog(), now=NOW)
    with pytest.raises(Exception, match="the number of rows is null or below 0"):
        engine().query(compiled.sql)


def test_a_funnel_of_a_sequence_has_three_answers_by_prev_and_next_by_each_of_them() -> None:
    rows = ", ".join(
        f"{who}, datetime(2024-01-01 {hour}:00), '{page}'"
        for who, pages in (("1", "home shop help"), ("2", "mail shop help"))
        for hour, page in zip(("08", "09", "10"), pages.split(), strict=True)
    )
    visits = f"datatable(who: long, t: datetime, page: string)[{rows}]"
    funnel = (
        "evaluate funnel_sequence(who, t, datetime(2024-01-01), datetime(2024-01-02), 1d, 1d, page, states)"
    )
    text = f"let states = dynamic(['shop']); {visits} | {funnel}"
    compiled = kql.compile_batch(text, Catalog(), now=NOW)
    both, before, after = (engine().query(one.sql).result_rows for one in compiled)
    assert [row[1:4] for row in both] == [("home", "help", 1), ("mail", "help", 1)]
    assert [row[1:3] for row in before] == [("home", 1), ("mail", 1)]
    assert [row[1:3] for row in after] == [("help", 2)]


@pytest.mark.parametrize("step", ["-1", "0"])
def test_a_computed_step_of_a_series_that_is_not_above_0_fails_when_it_is_known(step: str) -> None:
    series = f"make-series count() on x from 1 to 5 step toscalar(print {step})"
    compiled = kql.compile(f"range x from 1 to 5 step 1 | {series}", Catalog(), now=NOW)
    with pytest.raises(Exception, match="the step of a series must be above 0"):
        engine().query(compiled.sql)
