"""Refusals say where, what, and what to do next."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatelog import kql
from gatelog.errors import KqlError, KqlSemanticError, KqlUnsupportedError
from gatelog.kql import Catalog, Column, KqlType, Table

CATALOG = Catalog(
    [Table("Calls", (Column("Region", KqlType.STRING), Column("Total", KqlType.LONG)), "calls")]
)


def refusal(text: str) -> KqlError:
    with pytest.raises(KqlError) as caught:
        kql.compile(text, CATALOG, now=datetime(2024, 1, 1, tzinfo=UTC))
    return caught.value


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("select * from Calls", (1, 15), "Table | where ... | project ..."),
        ("var x = 5; Calls", (1, 5), "let name = ...;"),
        ("where Total > 5", (1, 1), "a query begins with a table"),
        ("| take 5", (1, 1), "a query begins with a table"),
        ("Calls -- all", (1, 1), "a comment begins with //"),
        ("Calls /* all */ | count", (1, 10), "a comment begins with //"),
        ("Calls # all", (1, 7), "a comment begins with //"),
        ("Calls | left join (Calls) on Region", (1, 9), "join kind=leftouter"),
        ("Calls | join kind=left (Calls) on Region", (1, 14), "'leftouter'"),
        ("Calls | join kind=outer (Calls) on Region", (1, 14), "leftouter, rightouter, fullouter"),
        ("Calls | join (Calls | project No = 1) on Region", (1, 42), "$left.x == $right.y"),
        ("Calls | head 5", (1, 9), "take"),
        ("Calls | count()", (1, 14), "stands alone"),
        ("Calls | count by Region", (1, 15), "summarize ... by"),
        ("Calls | summarize count by Region", (1, 19), "count()"),
        ("Calls | summarize count(*)", (1, 25), "count() takes nothing"),
        ("Calls | summarize average(Total)", (1, 19), "avg()"),
        ("Calls | summarize p95(Total)", (1, 19), "percentile(value, 95)"),
        ("Calls | sort by Region descending", (1, 24), "desc"),
        ("Calls | project Region as R", (1, 24), "R = ..."),
        ("Calls | where Region is null", (1, 22), "isnull()"),
        ("Calls | where Region == null", (1, 25), "isnull()"),
        ("Calls | where Region not in ('a')", (1, 22), "!in"),
        ("Calls | where Region contians 'a'", (1, 22), "'contains'"),
        ("Calls | where contains(Region, 'a')", (1, 15), "text contains 'part'"),
        ("Calls | summarize count() by Total(10)", (1, 30), "it names a column"),
        ("Calls | where Region like 'a%'", (1, 15), "startswith"),
        ("Calls | where Region == gpt", (1, 25), "there are: Region, Total"),
        ("Calls | extend " + ", ".join(f"a{i} = 1" for i in range(9)) + "\n| where gpt", (2, 9), "in quotes"),
        ("Calls | let x = 5", (1, 9), "let begins a statement"),
        ("print 1 ? 2 : 3", (1, 9), "iff("),
        ("print {'a': 1}", (1, 7), "dynamic({...})"),
        ("print day(now())", (1, 7), "dayofmonth()"),
        ("datatable(a: varchar)['x']", (1, 14), "one of bool, datetime, decimal"),
        ("Calls | where Total => 5", (1, 21), ">="),
        ("Calls | where Total === 5", (1, 23), "comparisons are =="),
        ("Calls | where Total between 1 and 5", (1, 29), "between (low .. high)"),
        ("Calls | where Total between (1, 5)", (1, 31), "between (low .. high)"),
        ("Calls | where [a b] > 5", (1, 15), "['name']"),
        ("Calls | where `a b` > 5", (1, 15), "['name']"),
        ("Calls | where Total > 1_000", (1, 23), "digits"),
        ("print now() > '2024-01-01'", (1, 7), "datetime(2026-01-31)"),
        ("print now() - 1", (1, 7), "2d, 3h"),
        ("print ago(1w)", (1, 11), "2d, 3h"),
        ("print ago(1 day)", (1, 13), "2d, 3h"),
        ("print datetime_add(day, 1, now())", (1, 20), "'day'"),
        ("let f = (a) { a }; print f(1)", (1, 13), "have types"),
        ("Nothing", (1, 1), "there are: Calls"),
        ("Calls | mv-apply x = dynamic([1]) on (union Nothing)", (1, 45), "there are: Calls"),
        ("Calls | summarize countif(Total = 5)", (1, 27), "equality is written =="),
        ("Calls | extend x = iff(Total = 5, 1, 2)", (1, 24), "equality is written =="),
        ("Calls | where Total == 1 or 2", (1, 29), "x in (1, 2)"),
        ("Calls | where Region contains ('a', 'b')", (1, 35), "has_any"),
        ("Calls | where Region == 'a' or == 'b'", (1, 32), "both sides"),
        ("Calls | where Region LIKE 'a%'", (1, 22), "startswith"),
        ("Calls | where Region ilike 'a%'", (1, 22), "startswith"),
        ("Calls | where Region IN ('a')", (1, 22), "'in'"),
        ("Calls | where Region matches 'a'", (1, 30), "matches regex 'pattern'"),
        ("Calls | where Region.substring(1) == 'a'", (1, 15), "substring(value, ...)"),
        ("Calls | where exists(Region)", (1, 15), "isnotempty()"),
        ("Calls | where isnull Region", (1, 22), "isnull(...)"),
        ("Calls | where count() > 5", (1, 15), "| summarize n = count() by ... | where n > 1"),
        ("Calls | where (Total > 5", (1, 25), "bracket at 1:15 is not closed"),
        ("Calls | where Total > 5)", (1, 24), "no bracket is open"),
        ("Calls.where(Total > 5)", (1, 1), "Table | where ..."),
        ("Calls || where Total > 5", (1, 8), "strcat()"),
        ("Calls | limit", (1, 14), "take count"),
        ("Calls | limit 5, 10", (1, 16), "row_number()"),
        ("Calls | limit 10 offset 5", (1, 18), "row_number()"),
        ("Calls | take 5 by Region", (1, 16), "top count by column"),
        ("Calls | sort Total desc", (1, 14), "sort by column desc"),
        ("Calls | sort by Total, desc", (1, 24), "behind its column"),
        ("Calls | summarize count(distinct Region)", (1, 34), "dcount(column)"),
        ("Calls | summarize distinct Region", (1, 28), "dcount(column)"),
        ("Calls | summarize count() as c by Region", (1, 27), "c = ..."),
        ("Calls | project Region AS r", (1, 24), "r = ..."),
        ("Calls | project-rename Region = Area", (1, 33), "Area = Region"),
        ("Calls | extend x := 1", (1, 19), "x = x + 1"),
        ("Calls | extend Total += 1", (1, 23), "x = x + 1"),
        ("Calls | extend x = Total ** 2", (1, 29), "pow(base, exponent)"),
        ("Calls | extend x = Total::string", (1, 26), "tostring()"),
        ("Calls | extend x = cast(Total as string)", (1, 31), "tostring()"),
        ("Calls | extend x = .5", (1, 20), "0.5"),
        ("Calls | extend x = lag(Total)", (1, 20), "prev()"),
        ("Calls | serialize n = row_number() over (order by Total)", (1, 36), "sort by"),
        ("Calls | extend x = now", (1, 20), "now()"),
        ("print ago(7)", (1, 7), "2d, 3h"),
        ("Calls | extend x = now() - interval 1 day", (1, 37), "1d, 2h"),
        ("Calls | summarize count() by bin(now(), '1h')", (1, 30), "2d, 3h"),
        ("Calls | mv-expand Region", (1, 19), "split()"),
        ("Calls | join kind inner (Calls) on Region", (1, 19), "kind=inner"),
        ("Calls | join print Region = 'a' on Region", (1, 14), "in parentheses: (print ...)"),
        ("Calls | union all (Calls)", (1, 15), "keeps all rows"),
        ("Calls | except (Calls)", (1, 9), "leftanti"),
        ("Calls | bag_unpack(Region)", (1, 9), "evaluate"),
        ("Calls | evaluate bag_unpack Region", (1, 29), "bag_unpack(...)"),
        ("Calls | parse_json(Region)", (1, 9), "extend name = parse_json(...)"),
        ("Calls | search foo", (1, 16), "search 'foo'"),
        ("let x = 5\nCalls", (2, 1), "; at the end of each statement"),
        ("let f = x => x + 1; print f(1)", (1, 11), "(parameter: type)"),
        ("def f(x): x", (1, 5), "(parameter: type)"),
        ("Calls | count; x = 2", (1, 18), "let name"),
    ],
)
def test_what_other_languages_say_is_answered_with_what_kql_says(
    text: str, place: tuple[int, int], hint: str
) -> None:
    error = refusal(text)
    assert error.place == place
    assert hint in error.hint


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("T\n| whre x", (2, 3)),
        ("T\r\n| whre x", (2, 3)),
        ("T\r| whre x", (2, 3)),
        ("T // ü\u2028| whre x", (2, 3)),
        ("T // ü\u2029| whre x", (2, 3)),
        ("T\r\n\n\r| where 'ü' | whre x", (4, 15)),
        ("T\r\n// ü\r\n\r\n| whre x", (4, 3)),
        ("// a\x0bb\x85c\nT | whre x", (2, 5)),
        ("T\n|\n", (3, 1)),
        ("T\r\n|\r\n", (3, 1)),
    ],
)
def test_lines_are_counted_as_comments_end(text: str, place: tuple[int, int]) -> None:
    assert refusal(text).place == place
    assert "".join(kql.lines_of(text)) == text
    assert len(kql.lines_of(text)) >= place[0]


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("Cals | count", (1, 1), "no table 'Cals'", "'Calls'"),
        ("Calls\n| where region == 'x'", (2, 9), "no column 'region'", "'Region'"),
        ("Calls | extend x = tolowr(Region)", (1, 20), "no function 'tolowr'", "'tolower'"),
        ("Calls | where Region + 1 > 2", (1, 15), "'+' has no meaning between string and long", "strcat"),
        ("Calls | summarize Region by Total", (1, 19), "neither aggregated nor a key", "by"),
        ("Calls | where sum(Total) > 1", (1, 15), "aggregate sum() has no meaning here", "summarize"),
        ("Calls | extend x = strlen(Region, 1)", (1, 20), "takes 1 arguments", ""),
        ("Calls | extend x = labels(Region)", (1, 20), "no function 'labels'", "in graph-match"),
        ("Calls | join (Calls) on Regio", (1, 25), "no column 'Regio' on the left side", "'Region'"),
        ("Calls | where Region", (1, 15), "must be bool", "compare"),
        ("Calls | where Region = 'x'", (1, 22), "'=' compares nothing", "use =="),
        ("Calls | where ['Region'] =\n'x' or Total > 5", (1, 26), "'=' compares nothing", "use =="),
        ("Calls | where Region = // = \n Total", (1, 22), "'=' compares nothing", "use =="),
        ("Calls | where x = Total > 5 and Region", (1, 33), "must be bool", "compare"),
        (
            "restrict access to (T);\nlet x = 5; Calls | take x",
            (2, 12),
            "no table 'Calls'",
            "",
        ),
        (
            "restrict access to (T); table('Calls')",
            (1, 25),
            "no table 'Calls'",
            "",
        ),
        ("set query_datetimescope_to = 'soon'; Calls", (1, 30), "must be a constant datetime", "datetime("),
        ("Calls | where Region has 'a' or 'b'", (1, 33), "must be bool, this is string", "compare"),
        ("print make_datetime(true)", (1, 7), "make_datetime() cannot take a bool", ""),
        ("print make_timespan(now())", (1, 7), "make_timespan() cannot take a datetime", ""),
        ("Calls | make-series n=count() on 1s from now() step 1s", (1, 42), "expected timespan", "write a"),
        ("let FACTOR = 5; print factor", (1, 23), "no column 'factor'", "did you mean 'FACTOR'?"),
        ("Calls | project Total, Total = 1", (1, 24), "two columns 'Total'", ""),
        ("let f = (a: int, b: int = 2) { a }; print f(b = 1, 5)", (1, 52), "'b', which is not in", ""),
        ("Calls | extend x = datetime_add('eon', 1, now())", (1, 20), "no part of a date", "year"),
        ("Calls | extend n = row_number()", (1, 20), "needs rows in order", "serialize"),
        ("datatable(a: long)[1, 2, 3] | project-away b", (1, 44), "no column 'b'", ""),
        ("datatable(a: long, b: long)[1, 2, 3]", (1, 1), "do not fill rows", ""),
        ("let f = (x: long) { x }; print f()", (1, 32), "argument 'x'", ""),
        ("print x = 1 | take -1", (1, 20), "below 0", ""),
        ("print x = extract('(', 1, 'a')", (1, 11), "bracket", ""),
        ("print x = 'a' matches regex '['", (1, 11), "bracket", ""),
        ("print x = replace_regex('a', @'a(?=b)', '')", (1, 11), "look around", "no lookahead"),
        ("print x = 'aa' matches regex @'(a)\\1'", (1, 11), "refer back", "no back-references"),
    ],
)
def test_the_authors_mistakes_are_shown_in_their_place(
    text: str, place: tuple[int, int], message: str, hint: str
) -> None:
    error = refusal(text)
    assert isinstance(error, KqlSemanticError)
    assert error.place == place
    assert message in error.message
    assert hint in error.hint


@pytest.mark.parametrize(
    "text",
    [
        "Calls | evaluate diffpatterns_text(Region, Region == '')",
        "Calls | extend x = hash_combine(1, 2)",
        "Calls | assert-schema (Region: string)",
        "externaldata(a: long)['https://example.com/x.csv']",
        "Calls | extend x = extent_id()",
    ],
)
def test_valid_kql_that_is_not_built_is_refused_not_guessed(text: str) -> None:
    assert isinstance(refusal(text), KqlUnsupportedError)


def test_a_name_of_a_table_is_no_value() -> None:
    assert "is no value" in refusal("let T = print 1; print x = T").message


WORDS = [
    "Calls",
    "|",
    "where",
    "extend",
    "project",
    "summarize",
    "by",
    "sort",
    "top",
    "take",
    "count()",
    "join",
    "union",
    "(Calls)",
    "on",
    "Region",
    "Total",
    "=",
    "==",
    "+",
    "-",
    "/",
    "and",
    "or",
    "not(",
    ")",
    "(",
    ",",
    "[",
    "]",
    "'x'",
    "1",
    "1.5",
    "1h",
    "now()",
    "dynamic([1])",
    "dynamic({'a':1})",
    "bin(Total,",
    "10)",
    "sum(Total)",
    "arg_max(Total,",
    "*)",
    "tostring(",
    "parse_json(",
    ".",
    "a",
    "*",
    "let",
    "x",
    ";",
    "in",
    "has",
    "between",
    "..",
    "mv-expand",
    "make_list(",
    "iff(",
    "null",
    "long(null)",
    "prev(",
    "serialize",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=14))
def test_whatever_the_text_it_compiles_or_is_refused(words: list[str]) -> None:
    with contextlib.suppress(KqlError):
        kql.compile("Calls | " + " ".join(words), CATALOG, now=datetime(2024, 1, 1, tzinfo=UTC))
