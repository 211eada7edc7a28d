"""What the writer writes is what sqlglot's generator writes, and what is shared is written once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.dialect import Verbatim
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.length import is_longer
from gatelog.kql.clickhouse.replacing import Replacing
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.clickhouse.writer import text_of, written

DEEP = 16
"""So many doublings of one node: 65,536 times in the text."""


def select(node: Sql) -> exp.Select:
    return exp.Select(expressions=[node])


def plain(node: Sql) -> Sql:
    """The tree in sqlglot's own nodes only."""
    kind = next(kind for kind in type(node).__mro__ if kind.__module__.startswith("sqlglot"))
    parts = {
        key: [plain(one) for one in part] if isinstance(part, list) else part
        for key, part in node.args.items()
    }
    return kind(**{key: plain(part) if isinstance(part, exp.Expr) else part for key, part in parts.items()})


def generated(node: Sql) -> str:
    return Verbatim().generate(plain(select(node)))


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
            st.tuples(inner, inner).map(lambda pair: sql.any_of([*map(sql.is_null, pair), sql.less(*pair)])),
            st.tuples(inner, inner).map(lambda pair: sql.not_(sql.in_(pair[0], [pair[1], sql.null()]))),
            st.tuples(inner, inner).map(lambda pair: sql.over(sql.minus(*pair), sql.cast(pair[0], "Int64"))),
            inner.map(
                lambda body: sql.call("h", sql.lambda_pair("a", "b", sql.plus(body, sql.variable("a"))))
            ),
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


@given(nodes())
def test_what_a_node_reads_is_every_column_below(node: Sql) -> None:
    assert sql.columns_read(node) == {column.name for column in plain(node).find_all(exp.Column)}


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


def statements() -> st.SearchStrategy[exp.Select]:
    """SELECTs with every clause that a relation can have."""
    names = st.sampled_from(["a", "b c", "d'e"])
    items = st.lists(st.tuples(nodes(), names).map(lambda pair: sql.alias(*pair)), min_size=1, max_size=3)
    source = names.map(lambda name: exp.From(this=exp.Table(this=sql.identifier(name))))
    inner = st.builds(lambda shown, read: exp.Select(expressions=shown, from_=read), items, source)

    def whole(shown: list[Sql], below: exp.Select, test: Sql, name: str) -> exp.Select:
        side = exp.Subquery(this=below, alias=exp.TableAlias(this=sql.identifier("l")))
        return exp.Select(
            expressions=shown,
            with_=exp.With(expressions=[exp.CTE(this=test, alias=sql.identifier(name), scalar=True)]),
            from_=exp.From(this=side),
            joins=[exp.Join(this=sql.subquery(below), side="LEFT", on=sql.eq(sql.column(name), test))],
            where=exp.Where(this=test),
            group=exp.Group(expressions=[sql.column(name)]),
            order=exp.Order(expressions=[exp.Ordered(this=sql.column(name), desc=True, nulls_first=False)]),
            limit=exp.Limit(expression=sql.literal(5), expressions=[sql.column(name)]),
        )

    return st.one_of(inner, st.builds(whole, items, inner, nodes(), names))


@given(statements())
def test_a_whole_statement_is_what_the_generator_writes(statement: exp.Select) -> None:
    assert written(statement) == Verbatim().generate(plain(statement))


@pytest.mark.parametrize("descending", [None, False, True])
@pytest.mark.parametrize("nulls_first", [False, True])
def test_the_keys_of_an_order_are_what_the_generator_writes(
    descending: bool | None, nulls_first: bool
) -> None:
    key = exp.Ordered(this=sql.column("a"), desc=descending, nulls_first=nulls_first)
    statement = exp.Select(
        expressions=[sql.column("a")],
        order=exp.Order(expressions=[key, exp.Ordered(this=sql.column("b"))]),
        limit=exp.Limit(expression=sql.literal(1)),
    )
    assert written(statement) == Verbatim().generate(plain(statement))


@pytest.mark.parametrize(
    "node",
    [
        sql.literal(-5),
        exp.Neg(this=sql.literal(-5)),
        exp.Tuple(expressions=[sql.literal(1), sql.literal(-2)]),
        sql.parametric("topK", [10, "x"], sql.column("a"), -1),
    ],
)
def test_rarer_nodes_are_what_the_generator_writes(node: Sql) -> None:
    assert written(select(node)) == generated(node)


def test_a_column_of_a_table_is_written_with_both_names_in_quotes() -> None:
    assert written(select(sql.stored('T"', "c"))) == 'SELECT "T"""."c"'


def test_a_long_chain_is_written_without_recursion() -> None:
    conditions = [sql.eq(sql.column("a"), number) for number in range(5_000)]
    assert written(select(sql.any_of(conditions))).count(" OR ") == 4_999


def test_a_leaf_said_twice_is_one_object() -> None:
    assert sql.column("a") is sql.column("a")
    assert sql.literal("a") is sql.literal("a")
    assert sql.literal(1) is not sql.literal("1")


def test_a_leaf_keeps_nothing_of_the_statement_around_it() -> None:
    leaf = sql.column("a")
    exp.Alias(this=leaf, alias=sql.identifier("b"))
    assert leaf.parent is None


def test_columns_are_replaced_in_every_kind_of_node() -> None:
    node = formula("f(x) + x * 2", x=sql.call("g", sql.column("a"), sql.not_(sql.column("b"))))
    made = Replacing({"a": sql.literal(1)})(node)
    assert written(select(made)) == 'SELECT f(g(1, NOT "b")) + g(1, NOT "b") * 2'
    assert sql.columns_read(made) == {"b"}
    assert sql.columns_read(node) == {"a", "b"}


def test_what_reads_no_column_to_replace_stays_the_same_node() -> None:
    shared = sql.call("g", sql.column("a"))
    made = Replacing({"a": sql.column("c")})(sql.call("f", shared, sql.call("h", sql.column("b")), shared))
    assert written(select(made)) == 'SELECT f(g("c"), h("b"), g("c"))'
    assert made.args["expressions"][0] is made.args["expressions"][2]
    assert Replacing({"x": sql.literal(1)})(made) is made


def test_columns_of_a_long_chain_are_replaced_without_recursion() -> None:
    chain = sql.all_of([sql.eq(sql.column("x"), number) for number in range(5_000)])
    assert sql.columns_read(Replacing({"x": sql.column("y")})(chain)) == {"y"}


@pytest.mark.parametrize("text", ["f(x, y)", "f(g(x), [x, 1])", "if(x, 'text', concat(x, 'b'))"])
def test_the_length_of_calls_is_known_without_writing_them(text: str) -> None:
    node = formula(text, **{name: sql.call("h", sql.column(name), 12) for name in "xy" if name in text})
    length = len(text_of(node))
    assert is_longer(node, length - 1)
    assert not is_longer(node, length)


def test_whether_an_expression_is_long_is_told_without_going_through_all_of_it() -> None:
    node = sql.column("x")
    for _ in range(60):
        node = sql.call("f", node, sql.plus(node, node))
    assert is_longer(node, 10_000)


@pytest.mark.parametrize("text", ["-x", "f(-x)", "-x + 1", "1 - x"])
@pytest.mark.parametrize("value", [-1, sql.literal(-2), exp.Neg(this=sql.column("c"))])
def test_a_minus_before_a_negative_value_is_no_comment(text: str, value: sql.Argument) -> None:
    assert "--" not in written(select(formula(text, x=value)))
