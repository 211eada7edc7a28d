"""What the writer writes is what sqlglot's generator writes, and what is shared is written once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from gatelog.kql import sql
from gatelog.kql.dialect import Verbatim
from gatelog.kql.formula import formula
from gatelog.kql.sql import Sql
from gatelog.kql.writer import written

DEEP = 16
"""So many doublings of one node: 65,536 times in the text."""


def select(node: Sql) -> exp.Select:
    return exp.Select(expressions=[node])


def generated(node: Sql) -> str:
    return Verbatim().generate(select(node))


def nodes() -> st.SearchStrategy[Sql]:
    leaves = st.one_of(
        st.text().map(sql.literal),
        st.integers().map(sql.literal),
        st.text(min_size=1).map(sql.column),
        st.tuples(st.text(min_size=1), st.text(min_size=1)).map(lambda names: sql.column(*names)),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda items: sql.call("f", *items)),
            st.tuples(inner, inner).map(lambda pair: sql.plus(*pair)),
            st.tuples(inner, inner).map(lambda pair: sql.all_of([sql.eq(*pair), sql.not_(pair[0])])),
            inner.map(lambda body: sql.with_value(sql.call("g", body), "x", lambda x: sql.times(x, x))),
        ),
    )


@given(nodes())
def test_a_statement_is_what_the_generator_writes(node: Sql) -> None:
    assert written(select(node)) == generated(node)


@pytest.mark.parametrize("name", ['"; DROP TABLE x --', "\\", "'", "a\nb", "\0"])
def test_names_and_texts_cannot_leave_their_quotes(name: str) -> None:
    node = sql.call("f", name, sql.column(name))
    assert written(select(node)) == generated(node)


def test_a_shared_node_costs_one_writing() -> None:
    node: Sql = sql.call("f", 1)
    for _ in range(DEEP):
        node = sql.call("g", node, node)
    assert written(select(node)).count("f(1)") == 2**DEEP


def test_a_shared_node_is_read_once() -> None:
    node: Sql = sql.column("x")
    for _ in range(1_000):
        node = sql.call("g", node, node)
    assert sql.columns_read(node) == {"x"}


def test_a_subquery_reads_its_own_columns() -> None:
    inner = exp.Select(expressions=[sql.column("inner")])
    assert sql.columns_read(sql.call("f", sql.column("outer"), sql.subquery(inner))) == {"outer"}


@pytest.mark.parametrize("text", ["x[1]", "x[-1]", "x[length(x)]", "x[i + 1]", "f(x)[1][2]", "x['key']"])
def test_indexes_are_written_as_they_are_in_a_formula(text: str) -> None:
    values = {name: exp.Column(this=exp.Identifier(this=name)) for name in ("x", "i")}
    assert written(select(formula(text, **values))) == f"SELECT {text}".replace("length", "LENGTH")


def test_a_formula_is_filled_anew_each_time() -> None:
    first, second = (formula("a + f(a)", a=sql.literal(n)) for n in (1, 2))
    assert [written(select(node)) for node in (first, second)] == ["SELECT 1 + f(1)", "SELECT 2 + f(2)"]
