"""A shape says what its body makes of a value, in one node."""

from __future__ import annotations

import pytest

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.nodes import Filled
from gatelog.kql.clickhouse.scale import Scale
from gatelog.kql.clickhouse.shapes import Shape, once
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.clickhouse.writer import text_of

LONGER = sql.call("f", sql.column("a"), sql.plus(sql.column("b"), 1))
NAMES = [sql.column("a"), sql.column("a", "l"), sql.literal("it's"), sql.literal(5), sql.variable("x")]


def doubled(value: Sql) -> Sql:
    return sql.call("g", sql.plus(value, value), value)


@pytest.mark.parametrize("value", [*NAMES, LONGER])
def test_a_shape_is_written_as_its_body(value: Sql) -> None:
    shape = Shape(lambda text: sql.call("f", text, sql.call("g", text), "□"))
    assert text_of(shape(value)) == text_of(sql.call("f", value, sql.call("g", value), "□"))


@pytest.mark.parametrize("value", [*NAMES, LONGER, sql.plus(sql.column("a"), 1), sql.literal(-1)])
def test_a_value_is_computed_once(value: Sql) -> None:
    assert text_of(once("x", doubled)(value)) == text_of(sql.with_value(value, "x", doubled))


def test_a_body_is_asked_once_for_all_values() -> None:
    asked: list[Sql] = []

    def body(value: Sql) -> Sql:
        asked.append(value)
        return sql.call("f", value)

    shape = Shape(body)
    assert [text_of(shape(sql.column(name))) for name in "ab"] == ['f("a")', 'f("b")']
    assert len(asked) == 1


def test_a_shape_is_one_node_and_reads_what_its_value_reads() -> None:
    made = once("x", doubled)(LONGER)
    assert isinstance(made, Filled)
    assert made.args["expressions"] == [LONGER]
    assert sql.columns_read(made) == {"a", "b"}


def test_an_operator_at_the_top_of_a_shape_is_refused() -> None:
    with pytest.raises(AssertionError, match="operator"):
        Shape(sql.not_)(sql.column("a"))


def test_a_heavy_one_weighs_as_much_as_its_body() -> None:
    columns = {"points": LONGER}
    for value in (LONGER, sql.call("h", sql.column("points"))):
        body = sql.with_value(value, "x", lambda x: sql.call("f", x, sql.call("g", x)))
        heavy = once("x", lambda x: sql.call("f", x, sql.call("g", x)), heavy=True)
        light = once("x", lambda x: sql.call("f", x, sql.call("g", x)))
        assert Scale(columns).weight(heavy(value)) == Scale(columns).weight(body)
        assert Scale(columns).weight(light(value)) == 1 + Scale(columns).weight(value)
