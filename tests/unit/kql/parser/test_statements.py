"""Statements and whole queries."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gatelog.errors import KqlSyntaxError
from gatelog.kql.parser import parse

Shaped = Callable[[str], str]


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("let a = 1; print a", "Let(a, 1); Print([a])"),
        ("let a = T | take 1; a", "Let(a, T | Take(1)); a"),
        ("let ['a b'] = (T); T;", "Let(a b, T); T"),
        ("let f = () { T }; f", "Let(f, Function([], [QueryStatement(T)])); f"),
        (
            "let f = (a: int, b: string = 'x', T: (c: long), U: (*)) { let d = a; T | take d; }; f(1)",
            "Let(f, Function([a:int, b:string='x', TabularParameter(T, [c:long]), "
            "TabularParameter(U, [], True)], [Let(d, a), QueryStatement(T | Take(d))])); f(1)",
        ),
        ("let v = view () { T }; v", "Let(v, Function([], [QueryStatement(T)], True)); v"),
        ("let m = materialize(T | count); m", "Let(m, materialize(T | Count())); m"),
        ("let g = entity_group [database('a')]; g", "Let(g, EntityGroup([database('a')])); g"),
        ("set notruncation; T", "SetOption(notruncation); T"),
        ("set query_now = datetime(0001-01-01); T", "SetOption(query_now, datetime(0)); T"),
        (
            "declare query_parameters(a: long, b: string = 'x'); T",
            "DeclareParameters([a:long, b:string='x']); T",
        ),
        (
            "declare pattern p = (a: string)[b: string] { ('x').['y'] = { T }; }; p",
            "DeclarePattern(p, [a:string], b:string, [PatternCase(['x'], 'y', [QueryStatement(T)])]); p",
        ),
        ("declare pattern p; p", "DeclarePattern(p); p"),
        (
            "alias database d = cluster('c').database('x'); T",
            "AliasDatabase(d, Call(database, ['x'], cluster('c'))); T",
        ),
        ("restrict access to (T, U*); T", "Restrict([T, WildcardName(U*)]); T"),
        ("T; U | count; print 1", "T; U | Count(); Print([1])"),
        (";; T ;", "T"),
        ("declare | take 1", "declare | Take(1)"),
    ],
)
def test_statements(query: Shaped, text: str, shape: str) -> None:
    assert query(text) == shape


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        (
            "T | sumarize count()",
            (1, 5),
            "expected an operator, found 'sumarize'",
            "did you mean 'summarize'?",
        ),
        (
            "T\n| where a.b = 1",
            (2, 13),
            "expected '|' or the end of the query, found '='",
            "equality is written ==",
        ),
        ("T\n\n  where a == 1", (3, 3), "expected ';' or the end of the query", "'where' follows a pipe"),
        ("T | where a == 'x", (1, 16), "the string is not closed", "end it with the quote"),
        ("T | where a && b", (1, 13), "the character '&' has no meaning here", "joined with and"),
        ("T | where a == \u201cx\u201d", (1, 16), "has no meaning here", "quotes must be straight"),
        ("T | where a || b", (1, 14), "expected an operator", "KQL says or"),
        ("T | select a", (1, 5), "expected an operator", "KQL says project"),
        ("let f = () { T", (1, 15), "expected ';' or '}'", ""),
        ("T | where a in b", (1, 16), "expected '('", "in takes a list in parentheses"),
        ("T | where # a", (1, 11), "the character '#' has no meaning here", ""),
        (".show tables", (1, 1), "expected a query, found '.'", "management command"),
        ("// nothing", (1, 11), "expected a query, found the end of the query", ""),
        ("T | print 1", (1, 5), "expected an operator", "print begins a statement"),
        (
            "T | join kind=leftoutr (U) on a",
            (1, 10),
            "there is no kind 'leftoutr'",
            "did you mean 'leftouter'?",
        ),
        ("T | extend a = typeof(strng)", (1, 23), "expected a type", "did you mean 'string'?"),
        ("T | where not a", (1, 11), "expected an expression, found 'not'", "not is a function"),
        ("T | extend a = iff(b, c", (1, 24), "expected ',' or ')'", "the call of iff() is not closed"),
        ("datatable(a: long)[1, long(2", (1, 29), "the literal long(...) is not closed", ""),
        ('datatable(a: string)[string("x")]', (1, 22), "expected a literal", ""),
        ("datatable(a: string)[null]", (1, 22), "expected a literal", "a null is typed"),
        ("T | where a == 1 extend b", (1, 18), "expected '|'", "| extend ..."),
        ("let a 1", (1, 7), "expected '='", "let name = value"),
        ("declare query_parameter(a: int)", (1, 9), "expected 'query_parameters'", "did you mean"),
    ],
)
def test_an_error_says_where_what_and_what_next(
    text: str, place: tuple[int, int], message: str, hint: str
) -> None:
    with pytest.raises(KqlSyntaxError) as caught:
        parse(text)
    error = caught.value
    assert error.place == place
    assert message in error.message
    assert hint in error.hint


def test_an_error_repeats_only_the_beginning_of_a_long_token() -> None:
    with pytest.raises(KqlSyntaxError) as caught:
        parse("T | " + "x" * 500)
    assert len(caught.value.message) < 100
