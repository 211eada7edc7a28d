"""find and search over tables with columns that the asker may not read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gatelog import kql
from gatelog.errors import KqlSemanticError
from gatelog.kql import Catalog, Column, KqlType, SavedFunction, Table
from gatelog.kql.names.context import MOST_COLUMNS, MOST_SEARCHES, MOST_STAGES
from gatelog.kql.stages import table_lists

CATALOG = Catalog(
    [
        Table("Logs", (Column("Code", KqlType.LONG),), "t.logs", protected=(Column("Body", KqlType.STRING),)),
        Table("Names", (Column("Code", KqlType.LONG), Column("Name", KqlType.STRING)), "t.names"),
    ]
)


def sql(text: str) -> str:
    return kql.compile(text, CATALOG, now=datetime(2024, 1, 1, tzinfo=UTC)).sql


@pytest.mark.parametrize(
    "text",
    [
        "find Body has 'x'",
        "find in (Logs, Names) where Code == 1 or Body == 'y'",
        "find in (Logs, Names) where Code == 1 project Body",
        "find in (Logs, Names) where Code == 1 project Body: string, pack_all()",
        "search Body: 'x'",
        "Logs | facet by Body",
        "Logs | fork (count) (project Body)",
        "Logs | top-nested 1 of Body with others = 'x' by count()",
    ],
)
def test_naming_a_protected_column_is_refused(text: str) -> None:
    with pytest.raises(KqlSemanticError, match="role log-with-bodies is needed"):
        kql.compile_batch(text, CATALOG, now=datetime(2024, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("text", ["find 'x'", "search 'x'", "find Code == 1", "union *", "search *"])
def test_looking_everywhere_does_not_look_into_it(text: str) -> None:
    assert "Body" not in sql(text)


def view(name: str, body: str) -> SavedFunction:
    return SavedFunction(name, "()", body, view=True)


MADE_BY_OTHERS = CATALOG.with_functions(
    [
        view("Whole", "{ Logs | extend Length = strlen(Body), Twice = Code * 2 }"),
        view("Chosen", "{ Logs | where Body has 'x' }"),
        view("Told", "{ print Answer = toscalar(Logs | summarize max(Body)) }"),
        view("Elsewhere", "{ Gone | project Name }"),
    ]
)


@pytest.mark.parametrize("text", ["union *", "search 'x'", "find 'x'", "search *", "union Who*, Names"])
def test_a_view_of_others_shows_what_its_reader_may_read(text: str) -> None:
    """Its columns made of protected ones are passed over, and views that are nothing without them."""
    compiled = kql.compile(text, MADE_BY_OTHERS, now=datetime(2024, 1, 1, tzinfo=UTC))
    assert "Body" not in compiled.sql
    names = {column.name for column in compiled.columns}
    assert not names & {"Length", "Answer", "Body"}
    assert "Twice" in names or text.startswith("find")


@pytest.mark.parametrize("text", ["Chosen", "Told", "Elsewhere", "union Chosen, Names", "union Tol*"])
def test_a_view_that_is_named_is_answered_or_refused(text: str) -> None:
    with pytest.raises(KqlSemanticError):
        kql.compile(text, MADE_BY_OTHERS, now=datetime(2024, 1, 1, tzinfo=UTC))


def test_a_view_does_not_hide_that_the_query_has_too_many_stages() -> None:
    long = "union " + ", ".join(["(print a = 1 | where true)"] * MOST_STAGES)
    catalog = CATALOG.with_functions([view("Long", f"{{ {long} }}")])
    with pytest.raises(KqlSemanticError, match=f"more than {MOST_STAGES} stages"):
        kql.compile("union *", catalog, now=datetime(2024, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("let T = Wide; T", "columns, those of every stage counted"),
        ("Wide | where * has 'x'", "looks for words in more than"),
    ],
)
def test_a_view_does_not_hide_that_the_query_has_too_many_columns(body: str, words: str) -> None:
    count = 1 + (MOST_COLUMNS if body.startswith("let") else MOST_SEARCHES)
    wide = Table("Wide", tuple(Column(f"c{n}", KqlType.STRING) for n in range(count)), "t.wide")
    catalog = Catalog([wide]).with_functions([view("Few", "{ print a = 1 }"), view("Many", f"{{ {body} }}")])
    with pytest.raises(KqlSemanticError, match=words):
        kql.compile("union Few*, Many*", catalog, now=datetime(2024, 1, 1, tzinfo=UTC))


def test_what_a_view_keeps_for_several_uses_is_shown_without_what_is_protected() -> None:
    kept = "let m = materialize(Logs | extend Drawn = rand(), Length = strlen(Body), Last = 1); union m, m"
    catalog = CATALOG.with_functions([view("Twice", f"{{ {kept} }}")])
    compiled = kql.compile("union Twi*", catalog, now=datetime(2024, 1, 1, tzinfo=UTC))
    assert [column.name for column in compiled.columns] == ["Code", "Drawn", "Last"]
    assert "Body" not in compiled.sql


def test_a_view_of_many_columns_is_lowered_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may save a view does not decide how long a search of others takes."""
    lowered: list[int] = []
    lower = table_lists.lower
    monkeypatch.setattr(
        table_lists, "lower", lambda relation, need: lowered.append(len(need)) or lower(relation, need)
    )
    columns = ", ".join(f"c{number} = Code + {number}" for number in range(500))
    wide = view("Wide", f"{{ Logs | extend Length = strlen(Body), {columns} }}")
    catalog = CATALOG.with_functions([wide])
    compiled = kql.compile("union Wid*", catalog, now=datetime(2024, 1, 1, tzinfo=UTC))
    assert len(compiled.columns) == 501
    assert len(lowered) < 50
