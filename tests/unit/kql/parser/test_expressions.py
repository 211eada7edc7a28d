"""Scalar expressions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gatelog.errors import KqlSyntaxError
from gatelog.kql import ast
from gatelog.kql.parser import parse
from gatelog.kql.parser.cursor import MAX_DEPTH

Shaped = Callable[[str], str]


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("a or b and c", "(a or (b and c))"),
        ("a and b or c", "((a and b) or c)"),
        ("a == b and c < d", "((a == b) and (c < d))"),
        ("a + b * c - d", "((a + (b * c)) - d)"),
        ("a / b % c", "((a / b) % c)"),
        ("(a + b) * c", "((a + b) * c)"),
        ("a + b > c == d", "(((a + b) > c) == d)"),
        ("a =~ b and c !~ d", "((a =~ b) and (c !~ d))"),
        ("a has b or c !contains_cs d", "((a has b) or (c !contains_cs d))"),
        ("a matches regex @'x'", "(a matches regex 'x')"),
        ("a <> 1", "(a != 1)"),
        ("a notcontains b", "(a !contains b)"),
        ("-a.b", "Unary(-, a.b)"),
        ("-(1)", "Unary(-, 1)"),
        ("a - 1", "(a - 1)"),
        ("a -1", "(a - 1)"),
        ("-1 - -2", "(-1 - -2)"),
    ],
)
def test_operators_bind_by_precedence(expression: Shaped, text: str, shape: str) -> None:
    assert expression(text) == shape


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("a in (1, 2)", "InList(in, a, [1, 2])"),
        ("a !in~ ('x')", "InList(!in~, a, ['x'])"),
        ("a has_any (list)", "InList(has_any, a, [list])"),
        ("a has_all (dynamic(['x']))", "InList(has_all, a, [dynamic(['x'])])"),
        ("a in ((T | project x))", "InList(in, a, [T | Project([x])])"),
        ("a in (T | project x)", "InList(in, a, [T | Project([x])])"),
        ("a between (1 .. 2)", "Between(False, a, 1, 2)"),
        ("a !between (1..b + 2)", "Between(True, a, 1, (b + 2))"),
    ],
)
def test_list_and_range_operators(expression: Shaped, text: str, shape: str) -> None:
    assert expression(text) == shape


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("a.b.c", "a.b.c"),
        ("a['b'][0][-1]", "a['b'][0][-1]"),
        ("a.['b c'].d", "a.b c.d"),
        ("a.[0]", "a[0]"),
        ("['x y'].z", "x y.z"),
        ("f(x)['a'].b", "f(x)['a'].b"),
        ("f()", "f()"),
        ("['my f'](1)", "my f(1)"),
        ("f(a, b = 2)", "f(a, NamedArgument(b, 2))"),
        ("arg_max(a, *)", "arg_max(a, *)"),
        ("database('d').f(1).T", "Call(f, [1], database('d')).T"),
        ("toscalar(T | count)", "toscalar(T | Count())"),
        ("materialize(range x from 1 to 2 step 1)", "materialize(Range(x, 1, 2, 1))"),
        ("range(1, 3)", "range(1, 3)"),
        ("extract('x', 1, a, typeof(long))", "extract('x', 1, a, TypeOf([long]))"),
        ("typeof(*, a: int)", "TypeOf([], [a:int], True)"),
        ("toscalar kind=nooptimization (T)", "toscalar(T)"),
    ],
)
def test_paths_and_calls(expression: Shaped, text: str, shape: str) -> None:
    assert expression(text) == shape


@pytest.mark.parametrize(
    "word",
    ["top", "type", "from", "count", "order", "on", "step", "with", "range", "id", "view", "table"],
)
def test_keywords_are_names_where_nothing_else_fits(operator: Shaped, word: str) -> None:
    assert operator(f"where {word} =~ 'x'") == f"Where(({word} =~ 'x'))"
    assert operator(f"extend {word} = 1, b") == f"Extend([{word}=1, b])"


def test_a_keyword_of_many_operators_is_a_column_that_is_there_but_not_a_new_one(operator: Shaped) -> None:
    assert operator("where kind =~ 'x'") == "Where((kind =~ 'x'))"
    with pytest.raises(KqlSyntaxError) as caught:
        parse("T | extend kind = 1")
    assert "['kind']" in caught.value.hint


@pytest.mark.parametrize("word", ["to", "title", "search", "where", "set", "has"])
def test_some_keywords_are_names_only_where_a_column_gets_its_name(operator: Shaped, word: str) -> None:
    assert operator(f"extend {word} = 1 | project ['{word}']") == f"Extend([{word}=1]) | Project([{word}])"
    with pytest.raises(KqlSyntaxError) as caught:
        parse(f"T | project {word}")
    assert f"['{word}']" in caught.value.hint


@pytest.mark.parametrize("word", ["first", "last", "asc", "desc", "true", "by", "and", "kind"])
def test_a_reserved_word_names_a_column_only_in_brackets(operator: Shaped, word: str) -> None:
    assert operator(f"extend ['{word}'] = 1") == f"Extend([{word}=1])"
    with pytest.raises(KqlSyntaxError) as caught:
        parse(f"T | extend {word} = 1")
    assert f"['{word}']" in caught.value.hint


def test_a_name_may_begin_with_a_digit(operator: Shaped) -> None:
    assert operator("extend 24h_total = 3rd") == "Extend([24h_total=3rd])"


def test_for_brackets_that_are_closed_no_place_is_worked_out(
    expression: Shaped, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes the time to go through the text before it: thousands of brackets took minutes."""
    monkeypatch.setattr("gatelog.kql.ast.nodes.place_of", None)
    assert expression("(a + b) * (c - (d))") == "((a + b) * (c - d))"


def test_a_thousand_alternatives_make_a_shallow_tree(expression: Shaped) -> None:
    def height(node: ast.Expression) -> int:
        if isinstance(node, ast.Binary) and node.op == "or":
            return 1 + max(height(node.left), height(node.right))
        return 0

    text = " or ".join(f"a == {number}" for number in range(1000))
    match parse(f"T | where {text}").statements[0]:
        case ast.QueryStatement(pipeline=ast.Pipeline(operators=(ast.Where(predicate=predicate),))):
            assert height(predicate) == 10
    assert expression("a or b or c or d") == "((a or b) or (c or d))"


def test_a_span_covers_the_whole_expression() -> None:
    text = "print  a.b + f(x)[0]"
    match parse(text).statements[0]:
        case ast.QueryStatement(pipeline=ast.Pipeline(source=ast.Print(columns=(column,)))):
            span = column.value.span
            assert text[span.start : span.end] == "a.b + f(x)[0]"


@pytest.mark.parametrize("opening", ["(", "f(", "[", "a in (", "dynamic([", "x[", "-(", "a + (b * ("])
def test_nesting_has_a_limit(opening: str) -> None:
    with pytest.raises(KqlSyntaxError):
        parse("print " + opening * 5000)
    with pytest.raises(KqlSyntaxError, match=f"more than {MAX_DEPTH} levels"):
        parse("print " + "(" * MAX_DEPTH + "1")


@pytest.mark.parametrize("step", [" + a", ".b", "[0]", " == a"])
def test_a_chain_has_a_limit(step: str) -> None:
    assert parse("print a" + step * (MAX_DEPTH // 2))
    with pytest.raises(KqlSyntaxError, match=f"more than {MAX_DEPTH} levels"):
        parse("print a" + step * MAX_DEPTH)
