"""Answers that come in pieces, from either engine."""

from __future__ import annotations

import io
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gatelog.errors import KqlBudgetError, KqlSemanticError, KqlTimeoutError, StoreError
from gatelog.store import Budget, Store
from gatelog.store.query import SQL_BYTES_MAX

NUMBERS = "SELECT toInt64(number) AS n FROM numbers({0})"
BUDGET = Budget(rows=300_000)


def encoded(store: Store, sql: str, encoding: str, budget: Budget = BUDGET) -> bytes:
    with store.stream_encoded(sql, encoding, budget=budget) as pieces:
        return b"".join(pieces)


def test_rows_come_in_blocks(store: Store) -> None:
    with store.stream_rows(NUMBERS.format(200_000), budget=BUDGET) as blocks:
        lengths, last = [], None
        for block in blocks:
            lengths.append(len(block))
            last = block[-1]
    assert sum(lengths) == 200_000
    assert len(lengths) > 1
    assert last == (199_999,)


def test_an_answer_may_be_left_before_its_end(store: Store) -> None:
    """And the next question is answered as if nothing had been."""
    with store.stream_rows(NUMBERS.format(200_000), budget=BUDGET) as blocks:
        assert next(blocks)[0] == (0,)
    assert store.run("SELECT 1").rows == [(1,)]


def test_an_answer_over_its_budget_fails_as_a_whole_one_does(store: Store) -> None:
    with (
        pytest.raises(KqlBudgetError, match="300000 rows"),
        store.stream_rows(NUMBERS.format(1_000_000), budget=BUDGET) as blocks,
    ):
        list(blocks)


@pytest.mark.parametrize("encoding", ["ArrowStream", "Parquet"])
def test_the_engine_writes_files(store: Store, encoding: str) -> None:
    raw = encoded(store, NUMBERS.format(200_000), encoding)
    table = (
        pa.ipc.open_stream(raw).read_all() if encoding == "ArrowStream" else pq.read_table(io.BytesIO(raw))
    )
    assert (table.num_rows, table.column("n")[199_999].as_py()) == (200_000, 199_999)


@pytest.mark.parametrize("encoding", ["ArrowStream", "Parquet"])
def test_a_file_over_its_budget_is_refused(store: Store, encoding: str) -> None:
    with pytest.raises(KqlBudgetError):
        encoded(store, NUMBERS.format(1_000_000), encoding)


def test_a_time_that_arrow_cannot_count_is_the_authors_to_change(store: Store) -> None:
    sql = "SELECT reinterpret(toInt64(9e17), 'DateTime64(7, ''UTC'')') AS t"
    with pytest.raises(KqlSemanticError, match="1678"):
        encoded(store, sql, "ArrowStream")


def test_rows_are_not_told_what_only_arrow_cannot_count(store: Store) -> None:
    """A decimal that grows too large in the query itself."""
    large = f"toDecimal256('{'9' * 40}', 34)"
    sql = f"SELECT multiplyDecimal({large}, {large}, 34) AS d"
    with (
        pytest.raises(KqlBudgetError, match="grows too large"),
        store.stream_rows(sql, budget=BUDGET) as blocks,
    ):
        list(blocks)


def test_streams_only_read(store: Store) -> None:
    with pytest.raises(StoreError), store.stream_rows("DROP TABLE calls", budget=BUDGET) as blocks:
        list(blocks)
    assert store.run("SELECT count() FROM calls").rows


def test_a_statement_that_the_engine_would_not_read_is_refused_before(store: Store) -> None:
    sql = f"SELECT '{'x' * SQL_BYTES_MAX}' AS x"
    with pytest.raises(KqlBudgetError, match="too long"):
        store.run(sql)
    with pytest.raises(KqlBudgetError, match="too long"), store.stream_rows(sql, budget=BUDGET):
        pass
    longest = f"SELECT '{'x' * (SQL_BYTES_MAX - 100)}' AS x"
    assert len(store.run(longest).rows[0][0]) == SQL_BYTES_MAX - 100


@pytest.mark.parametrize(
    ("sql", "error", "words"),
    [
        ("SELECT replaceRegexpAll('a', '\\\\u', '')", KqlSemanticError, "regular expression"),
        ("SELECT arrayWithConstant(1000000000000, 1)", KqlBudgetError, "too large"),
        ("SELECT match('a', '(')", KqlSemanticError, "regular expression"),
    ],
)
def test_what_the_author_can_change_is_the_authors_error(
    store: Store, sql: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        store.run(sql)


def test_a_budget_can_be_narrowed_and_not_widened() -> None:
    wide, narrow = Budget(10, 100, 1000, 10_000), Budget(20, 10, 2000, 1_000)
    assert wide.narrowed(narrow)[:4] == narrow.narrowed(wide)[:4] == Budget(10, 10, 1000, 1_000)[:4]


def test_a_budget_says_who_set_its_time() -> None:
    """The operator, or what the request shortened it with; and how long all may take, not what is left."""
    hubs = Budget(10, settings="hub.query")
    waiting = hubs.within(2, "the request's servertimeout")
    assert hubs.within(20, "the request's servertimeout") == hubs
    for budget, words in [
        (hubs, r"more than 10 s, the limit of hub\.query\.time_s$"),
        (waiting, r"more than 2 s, the limit of the request's servertimeout$"),
        (hubs.narrowed(waiting), r"more than 2 s, the limit of the request's servertimeout$"),
        (waiting.after(1).after(0.5), r"more than 2 s,"),
        (Budget(10), "more than 10 s$"),
    ]:
        with pytest.raises(KqlTimeoutError) as late:
            budget.after(10)
        assert re.search(words, late.value.message)
        assert late.value.hint
