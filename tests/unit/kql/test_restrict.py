"""`restrict access to`: what a query can name of the catalogue and of its own."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from gatelog import kql
from gatelog.errors import KqlSemanticError
from gatelog.kql.tables.schema import Column, Table
from gatelog.kql.types import KqlType

NOW = datetime(2024, 5, 1, tzinfo=UTC)
A = Table("A", (Column("x", KqlType.LONG),), "gatelog.a")
SAVED = kql.SavedFunction("Saved", "()", "{ A | take 1 }")
GARBLED = kql.SavedFunction("Garbled", "()", "{ A | frobnicate }")
"""Another version took it."""

CATALOG = kql.Catalog([A], [SAVED, GARBLED])
PATIENCE_CPU_S = 2.5
"""What is tested here takes a fifth of it; what it guards against took more than ten times as long."""

VIEW = "let B = view () { A | where x > 1 }; restrict access to (B); "


def columns(query: str) -> list[str]:
    """The columns of the answer."""
    return [column.name for column in kql.compile(query, CATALOG, now=NOW).columns]


@pytest.mark.parametrize(
    "query",
    [
        VIEW + "B",
        VIEW + "let n = 1; B | where x > n",
        "let V = view () { print x = 1 }; restrict access to (*); V",
        "let V = view () { print x = 1 }; restrict access to (V*); union V*",
        "let A = view () { A | where x > 1 }; restrict access to (A); A",
        "restrict access to (A); database().A",
        "restrict access to (database().*); union database('gatelog').A*",
        "restrict access to (database().*); Saved",
        "let A = view () { print y = 1 }; restrict access to (database().A); union A*",
        "let B = 2; restrict access to (A); A | where x > B",
    ],
)
def test_what_is_listed_can_be_asked(query: str) -> None:
    assert columns(query) == ["x"]


ASKED = [
    "NAME",
    "NAME | count",
    "database().NAME",
    "database('gatelog').NAME()",
    "table('NAME')",
    "NAME()",
    "union NAME, B",
    "union NAME*",
    "union database().NAME*",
    "find in (NAME) where x == 1",
    "search in (NAME) 'a'",
    "search NAME",
    "B | join (NAME) on x",
    "B | lookup database().NAME on x",
    "B | where x in (NAME)",
    "B | where x in ((NAME | project x))",
    "B | extend y = toscalar(NAME)",
    "B | invoke NAME()",
    "print NAME",
    "print NAME()",
    "print 1 + NAME",
    "let y = NAME; y",
    "let f = () { NAME }; f",
    "let f = (T: (x: long)) { T | count }; f(NAME)",
    "let f = (T: (x: long)) { T | count }; f(database().NAME)",
    "materialize(NAME)",
    "restrict access to (*); NAME",
]
"""Ways to name a table or a function."""


def outcome(query: str, name: str) -> str:
    """The columns of an answer or the words of a refusal, whatever was named."""
    try:
        return " ".join(columns(query.replace("NAME", name)))
    except KqlSemanticError as error:
        return f"{error.place} {error.message} {error.hint}".replace(f"'{name}", "'NAME")


@pytest.mark.parametrize("query", ASKED)
@pytest.mark.parametrize(
    ("before", "hidden", "unknown"),
    [
        (VIEW, "A", "Z"),
        (VIEW, "Saved", "Zzzzz"),
        (VIEW, "Garbled", "Zzzzzzz"),
        ("let Q = view () { print x = 1 }; let B = A; restrict access to (B); ", "Q", "Z"),
        ("let Q = A | where x > 1; let B = A; restrict access to (B); ", "Q", "Z"),
    ],
    ids=["table", "function", "garbled", "view", "let"],
)
def test_what_is_hidden_is_as_what_is_not_there(before: str, hidden: str, unknown: str, query: str) -> None:
    """Microsoft's page: it becomes invisible to the rest of the query."""
    assert outcome(before + query, hidden) == outcome(before + query, unknown)


@pytest.mark.parametrize(
    "query",
    [
        VIEW + "A",
        VIEW + "database().A",
        VIEW + "table('A')",
        "let V = view () { print x = 1 }; restrict access to (*); A",
        "let V = view () { print x = 1 }; restrict access to (database().*); V",
        "restrict access to (A); restrict access to (*); A",
    ],
)
def test_what_is_not_listed_is_not_there(query: str) -> None:
    with pytest.raises(KqlSemanticError, match=r"there is no table '[AV]'"):
        columns(query)


def test_a_fuzzy_union_passes_over_what_is_hidden_as_over_what_is_not_there() -> None:
    assert columns(VIEW + "union isfuzzy = true A, database().A, Saved(), B") == ["x"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (VIEW + "let A = 5; database().A", "no table 'A'"),
        (VIEW + "let A = B; database().A", "no table 'A'"),
        (VIEW + "let f = (A: long) { database().A | count }; f(1)", "no table 'A'"),
        (VIEW + "B | as A | union (database().A)", "no table 'A'"),
        (VIEW + "let Saved = 5; database().Saved()", "no function 'Saved'"),
        ("let A = 5; let B = view () { print 1 }; restrict access to (B); database().A", "no table 'A'"),
        ("let A = view () { A | where x > 1 }; restrict access to (A); database().A", "no table 'A'"),
    ],
)
def test_a_name_of_the_query_s_own_does_not_open_what_is_restricted(query: str, message: str) -> None:
    with pytest.raises(KqlSemanticError, match=message):
        columns(query)


def test_completion_offers_what_can_be_asked() -> None:
    asked = VIEW + "let C = 1; "
    offered = {one.name for one in kql.complete(asked, len(asked), CATALOG).suggestions}
    assert "B" in offered
    assert not {"A", "Saved"} & offered


def test_wildcards_pass_over_what_is_restricted_whatever_else_has_its_name() -> None:
    with pytest.raises(KqlSemanticError, match="no table matches"):
        columns(VIEW + "let A = B; union database().*")


@pytest.mark.parametrize(
    "query", ["let A = 5; union *", "let A = print y = 1; union A*", "let A = 5; find in (A*) where x == 1"]
)
def test_a_wildcard_means_tables_and_views_and_nothing_else_of_the_query(query: str) -> None:
    assert "x" in columns(query)
    assert "y" not in columns(query)


def test_a_view_takes_the_place_of_the_table_of_its_name_in_a_wildcard() -> None:
    assert columns("let A = view () { print y = 1 }; union A*") == ["y"]


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("let B = A; restrict access to (B); other", "there are: B"),
        ("restrict access to (database().A); other", "there are: A"),
        ("restrict access to (B); AA", ""),
    ],
)
def test_only_tables_that_can_be_asked_are_named_for_an_unknown_one(query: str, hint: str) -> None:
    with pytest.raises(KqlSemanticError, match="there is no table") as refused:
        columns(query)
    assert refused.value.hint == hint


def test_names_and_patterns_cost_no_time_for_each_pair() -> None:
    lets = "".join(f"let a{number} = 1; let t{number} = A;" for number in range(700))
    begin = time.process_time()
    assert columns(f"{lets} restrict access to (A, {', '.join(f'b{n}*' for n in range(1_900))}); A") == ["x"]
    assert time.process_time() - begin < PATIENCE_CPU_S


@pytest.mark.parametrize(
    ("restrictions", "message"),
    [
        ("restrict access to (A); " * 21, "restricts access more than 20 times"),
        (f"restrict access to ({'A, ' * 2_000} A);", "more than 2000 stages"),
    ],
)
def test_restrictions_and_their_parts_are_limited(restrictions: str, message: str) -> None:
    with pytest.raises(KqlSemanticError, match=message):
        columns(f"{restrictions} A")


def test_restrictions_up_to_the_limit_are_taken() -> None:
    assert columns("restrict access to (A); " * 20 + "A") == ["x"]
