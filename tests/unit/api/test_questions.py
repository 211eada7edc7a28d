"""Asking: every table of an answer, what it took, and whose budget holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest

from gatelog.api import questions as module
from gatelog.api.encodings import Format
from gatelog.api.principal import LOCAL, Role
from gatelog.api.problems import without_values
from gatelog.api.questions import Question, Questions
from gatelog.errors import KqlBudgetError, KqlError, KqlSemanticError, KqlTimeoutError
from gatelog.kql import SavedFunction
from gatelog.store import Budget, Rows, Store

from .conftest import FixedClock


@pytest.fixture
def questions(store: Store) -> Questions:
    return Questions(lambda: store, FixedClock(), budget=Budget(rows=5))


def test_each_statement_has_its_table(questions: Questions) -> None:
    answered = questions.ask(LOCAL, Question("print a = 1; Calls | sort by Sequence asc | take 2 | as Two"))
    first, second = answered.tables
    assert (first.name, first.rows, first.ordered) == ("PrimaryResult", [(1,)], False)
    assert (second.name, len(second.rows), second.ordered) == ("Two", 2, True)


def test_what_it_took_is_counted_or_left_unknown(questions: Questions) -> None:
    """The embedded engine tells time only."""
    statistics = questions.ask(LOCAL, Question("Calls | summarize sum(DurationMs)")).statistics
    assert statistics.seconds > 0
    assert statistics[1:] == (0, 0, 0)


def test_a_question_can_narrow_its_budget_and_not_widen_it(questions: Questions) -> None:
    with pytest.raises(KqlBudgetError, match="more than 5 rows"):
        questions.ask(LOCAL, Question("Calls", budget=Budget(rows=1_000_000)))
    with pytest.raises(KqlBudgetError, match="more than 2 rows"):
        questions.ask(LOCAL, Question("Calls | take 3", budget=Budget(rows=2)))


def test_what_a_query_sets_for_its_answer_holds_whichever_way_it_is_asked(questions: Questions) -> None:
    numbers = "range x from 1 to 4 step 1 | sort by x desc"

    def answer(query: str, form: Format | None) -> bytes:
        if form is None:
            return b"".join(table.to_json() for table in questions.ask(LOCAL, Question(query)).tables)
        with questions.document(LOCAL, Question(query), form) as pieces:
            return b"".join(pieces)

    for form in (None, "json", "csv", "arrow"):
        with pytest.raises(KqlBudgetError, match="more than 3 rows, the limit of set truncationmaxrecords "):
            answer(f"set truncationmaxrecords = 3; {numbers}", cast(Format, form))
        with pytest.raises(KqlBudgetError, match="larger than 20 bytes, the limit of set truncationmaxsize "):
            answer(f"set truncationmaxsize = 20; {numbers}", cast(Format, form))
    assert answer(f"set query_take_max_records = 2; {numbers}", "csv").split() == [b"x", b"4", b"3"]
    assert answer(f"set query_take_max_records = 2; {numbers}", None).endswith(b'"rows":[[4],[3]]}')
    assert answer(f"set notruncation; set truncationmaxrecords = 3; {numbers}", "csv").count(b"\n") == 5
    with (
        pytest.raises(KqlBudgetError, match="more than 3 rows"),
        questions.json_of_all(LOCAL, Question(f"set truncationmaxrecords = 3; print 1; {numbers}")) as pieces,
    ):
        b"".join(pieces)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("set truncationmaxrecords = 'many'", "truncationmaxrecords is set to a number from 1"),
        ("set truncationmaxrecords = 0", "truncationmaxrecords is set to a number from 1"),
        ("set truncationmaxsize", "truncationmaxsize is set to a number from 1"),
        ("set query_take_max_records = true", "query_take_max_records is set to a number from 0"),
        ("set notruncation = 1.5", "notruncation is set to true or false"),
    ],
)
def test_what_cannot_be_set_is_refused_at_its_place(
    questions: Questions, statement: str, message: str
) -> None:
    with pytest.raises(KqlSemanticError, match=message) as caught:
        questions.ask(LOCAL, Question(f"print 1;\n{statement};\nprint 2"))
    assert caught.value.place == (2, 1)


def test_parameters_and_time_are_the_questions(questions: Questions) -> None:
    text = "declare query_parameters(n: long); print n, now()"
    moment = datetime(2020, 1, 1, tzinfo=UTC)
    (answer,) = questions.ask(LOCAL, Question(text, parameters={"n": "7"}, now=moment)).tables
    assert answer.to_json().endswith(b'"rows":[[7,"2020-01-01T00:00:00.0000000Z"]]}')


def test_a_timespan_is_text_or_two_times(questions: Questions) -> None:
    from_start = (None, datetime(2026, 9, 21, 14, 13, 23, tzinfo=UTC))
    for timespan, expected in (("PT1M", 0), (from_start, 2), ("", 10), (None, 10)):
        (answer,) = questions.ask(LOCAL, Question("Calls | count", timespan)).tables
        assert answer.rows == [(expected,)]


def test_a_long_text_is_refused(questions: Questions) -> None:
    with pytest.raises(KqlSemanticError, match="characters"):
        questions.ask(LOCAL, Question("x" * 300_000))


def test_catalogs_are_kept_until_users_change_something(store: Store) -> None:
    saved = [(SavedFunction("F", "()", "{ Calls }"),), (SavedFunction("F", "()", "{ Calls | take 1 }"),)]
    at = 0
    questions = Questions(lambda: store, FixedClock(), functions=lambda: saved[at])
    first = questions.catalog(LOCAL)
    assert questions.catalog(LOCAL) is first
    at = 1
    assert questions.catalog(LOCAL) is not first
    assert questions.catalog(LOCAL._replace(role=Role.METRICS)).names == ("AzureMetrics",)


@pytest.mark.parametrize(
    "place",
    [
        "database('prod')",
        "database('PROD')",
        "workspace('prod')",
        "workspace('Ws-1')",
        "workspace('/subscriptions/s/resourcegroups/g/providers/microsoft.operationalinsights/workspaces/ws-1')",
    ],
)
@pytest.mark.parametrize("role", [Role.METRICS, Role.LOG, Role.LOG_WITH_BODIES])
def test_a_query_may_name_the_record_as_the_configuration_does(store: Store, place: str, role: Role) -> None:
    questions = Questions(lambda: store, FixedClock(), database="prod", workspace="ws-1")
    asked = Question(f"union AzureMetrics, {place}.AzureMetrics | count")
    assert questions.ask(LOCAL._replace(role=role), asked).tables[0].rows
    for other in ("database('gatelog')", "workspace('gatelog')", "workspace('')"):
        with pytest.raises(KqlError, match="'prod'"):
            questions.ask(LOCAL, Question(f"{other}.Calls | count"))


def test_nobody_becomes_more_than_they_are() -> None:
    assert LOCAL.without_bodies().role is Role.LOG
    metrics = LOCAL._replace(role=Role.METRICS)
    assert metrics.without_bodies() == metrics
    assert [one.includes(other) for one in Role for other in Role] == [
        *(True, False, False),
        *(True, True, False),
        *(True, True, True),
    ]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Cannot parse string 'my secret' as Int64", "Cannot parse string '…' as Int64"),
        ("Cannot parse 'it\\'s mine' here", "Cannot parse '…' here"),
        ("cut off 'in the mid", "cut off '…'"),
        ("nothing quoted", "nothing quoted"),
    ],
)
def test_an_engines_message_is_told_without_what_it_quotes(message: str, expected: str) -> None:
    assert without_values(message) == expected


@pytest.mark.parametrize(
    "query", ["print 1; print 2; print 3; print 4", "; ".join(["Calls | evaluate pivot(Method)"] * 4)]
)
def test_all_that_a_question_asks_shares_its_time(
    store: Store, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    """Its statements, and what the compiler asks for itself."""
    passed, left = [0.0], []

    class Slow:
        def run(self, sql: str, *, budget: Budget) -> Rows:
            left.append(budget.seconds)
            passed[0] += 20
            return store.run(sql, budget=budget)

    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: passed[0]))
    questions = Questions(lambda: cast(Store, Slow()), FixedClock(), budget=Budget(seconds=50))
    with pytest.raises(KqlTimeoutError, match="more than 50 s"):
        questions.ask(LOCAL, Question(query))
    assert left == [50, 30, 10]


@pytest.mark.parametrize("form", ["json", "arrow"])
def test_a_document_has_the_time_that_its_compiler_left(
    store: Store, monkeypatch: pytest.MonkeyPatch, form: Format
) -> None:
    passed, left = [0.0], []

    class Slow:
        def run(self, sql: str, *, budget: Budget) -> Rows:
            passed[0] += 20
            return store.run(sql, budget=budget)

        def stream_rows(self, _: str, *, budget: Budget) -> AbstractContextManager[Iterator[bytes]]:
            left.append(budget.seconds)
            return nullcontext(iter(()))

        def stream_encoded(
            self, sql: str, _: str, *, budget: Budget
        ) -> AbstractContextManager[Iterator[bytes]]:
            return self.stream_rows(sql, budget=budget)

    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: passed[0]))
    questions = Questions(lambda: cast(Store, Slow()), FixedClock(), budget=Budget(seconds=50))
    with questions.document(LOCAL, Question("Calls | evaluate pivot(Method)"), form) as pieces:
        list(pieces)
    assert left == [30]
