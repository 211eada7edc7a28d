"""What a statement weighs for the engine: a few lines of KQL stand for no more than it can analyse."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlglot import exp

from gatelog import kql
from gatelog.kql import Column, KqlType, Table
from gatelog.kql.clickhouse import nodes, sql
from gatelog.kql.clickhouse.scale import Scale
from gatelog.testing.kql import run

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STEPS = 40


def _compiled(text: str) -> str:
    return kql.compile(text, kql.Catalog(), now=NOW).sql


def test_a_name_weighs_as_much_as_what_it_stands_for() -> None:
    twice = sql.call("f", sql.column("x"), sql.column("x"))
    scale = Scale({"x": None, "a": twice})
    assert scale.weight(sql.column("x")) == 1
    assert scale.weight(sql.column("a")) == 3
    assert scale.weight(sql.plus(sql.column("a"), sql.call("g", sql.column("a")))) == 1 + 3 + (1 + 3)


def test_columns_that_are_added_count_at_once() -> None:
    columns: dict[str, sql.Sql | None] = {"x": None}
    scale = Scale(columns)
    columns["a"] = sql.call("f", sql.column("x"))
    columns["b"] = sql.call("f", sql.column("a"), sql.column("a"))
    assert scale.weight(sql.column("b")) == 5


def test_a_subquery_is_one() -> None:
    select = nodes.make(exp.Select, expressions=[sql.call("f", sql.column("x"))])
    assert Scale({}).weight(sql.call("f", sql.subquery(select))) == 2


def test_long_chains_are_weighed_without_recursion() -> None:
    chain = sql.all_of([sql.eq(sql.column("x"), number) for number in range(5_000)])
    assert Scale({"x": None}).weight(chain) > 5_000


def test_columns_that_double_at_every_step_stay_small_for_the_engine() -> None:
    """Put in each other's place they would be 3 to the power of STEPS."""
    steps = "".join(f"| extend x{n + 1} = x{n} + x{n} - x{n}" for n in range(STEPS))
    names, rows = run(f"print x0 = 7 {steps} | project x{STEPS}", now=NOW)
    assert (names, rows) == ([f"x{STEPS}"], [[7]])


def test_conditions_and_aggregates_count_too() -> None:
    steps = "".join(f"| extend x{n + 1} = x{n} + x{n} - x{n}" for n in range(6))
    rows = f"range x0 from 1 to 9 step 1 {steps}"
    assert run(f"{rows} | where x6 > 7 and x6 < 9 | project x6", now=NOW)[1] == [[8]]
    assert run(f"{rows} | summarize a = sum(x6), b = max(x6), c = min(x6)", now=NOW)[1] == [[45, 9, 1]]


def test_a_condition_does_not_repeat_what_subqueries_computed() -> None:
    """The engine would put it together again for the table, whole."""
    steps = "".join(f"| extend x{n + 1} = x{n} + x{n} - x{n}" for n in range(STEPS))
    rows = f"range x0 from 1 to 5 step 1 | sort by x0 desc {steps}"
    assert run(f"{rows} | where x{STEPS} > 2 | take 2 | project x{STEPS}", now=NOW)[1] == [[5], [4]]


def test_a_condition_on_what_heavy_stages_pass_on_is_asked_of_the_table() -> None:
    """There it may find its rows by the primary key; what the stages computed is asked above them."""
    when = Column("TimeGenerated", KqlType.DATETIME)
    table = Table("T", (when, Column("Kind", KqlType.STRING), Column("x0", KqlType.LONG)), "t")
    steps = "".join(f"| extend x{n + 1} = x{n} + x{n} - x{n}" for n in range(2 * STEPS))
    last = f"x{2 * STEPS}"
    asked = f"where {last} > 1 and (Kind == 'a' or Kind == 'b') | where TimeGenerated > ago(1h)"
    select = kql.compile(f"T {steps} | {asked} | project {last}", kql.Catalog([table]), now=NOW).sql
    of_table, _, above = select.rpartition("FROM")[2].partition(" LIMIT ")
    assert of_table.startswith(' "t" WHERE ("Kind" = \'a\' OR "Kind" = \'b\') AND "TimeGenerated" > ')
    assert above.endswith(f'WHERE "{last}" > 1')


def test_rows_are_numbered_before_a_condition_leaves_some_out() -> None:
    steps = "".join(f"| extend x{n + 1} = x{n} + x{n} - x{n}" for n in range(STEPS))
    rows = f"datatable(x0: long)[1, 2, 3, 4, 5] | serialize place = row_number() {steps}"
    found = run(f"{rows} | where x0 > 3 | project place, x{STEPS}", now=NOW)
    assert found[1] == [[4, 4], [5, 5]]


def test_what_is_light_stays_one_select() -> None:
    text = _compiled("print x = 1 | extend y = x + 1 | extend z = y + 1 | where z > 1 | project z")
    assert text.count("SELECT") == 1
