"""Queries stay within their budget, and only read."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec
import pytest

from gatelog import kql
from gatelog.errors import KqlBudgetError, KqlSemanticError, KqlTimeoutError, StoreError
from gatelog.kql import LIMIT
from gatelog.store import CATALOG, Budget, Store, Work, query
from gatelog.store.block_rows import FEW, MANY, block_rows
from gatelog.store.query import MIB
from gatelog.testing.records import chat_exchange


def test_an_answer_names_its_columns_and_types(store: Store) -> None:
    """Names, ClickHouse types, rows."""
    answer = store.run("SELECT toInt64(1) AS a, CAST(NULL AS Nullable(String)) AS b")
    assert answer[:3] == (("a", "b"), ("Int64", "Nullable(String)"), [(1, None)])


@pytest.mark.parametrize(
    ("sql", "budget", "error", "words"),
    [
        (
            "SELECT count() FROM numbers(1e12) WHERE NOT ignore(sipHash64(number))",
            Budget(seconds=0.200067),
            KqlTimeoutError,
            " 0.2 s",
        ),
        ("SELECT number FROM numbers(101)", Budget(rows=100), KqlBudgetError, "100 rows"),
        (
            "SELECT repeat(toString(number), 500) FROM numbers(2000)",
            Budget(bytes=2**20),
            KqlBudgetError,
            "1 MiB",
        ),
        (
            "SELECT uniqExact(number) FROM numbers(10000000)",
            Budget(memory_bytes=50 * 2**20),
            KqlBudgetError,
            "50 MiB",
        ),
    ],
    ids=["time", "rows", "bytes", "memory"],
)
def test_a_query_beyond_its_budget_is_stopped(
    store: Store, sql: str, budget: Budget, error: type[KqlBudgetError], words: str
) -> None:
    """With an error that names the limit and says what to do."""
    with pytest.raises(error, match=words) as caught:
        store.run(sql, budget=budget)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("numbers", "budget", "words"),
    [
        (10**9, Budget(seconds=0.1), r"more than 2 s, the limit of hub\.query\.time_s$"),
        (100, Budget(rows=10), r"more than 10 rows, the limit of hub\.query\.rows_max$"),
        (
            100_000,
            Budget(bytes=MIB // 2),
            r"larger than 524288 bytes, the limit of hub\.query\.answer_bytes_max$",
        ),
        (10**6, Budget(bytes=MIB), r"larger than 1 MiB, the limit of hub\.query\.answer_bytes_max$"),
        (100, Budget(rows=10, rows_set_by="set rows"), r"more than 10 rows, the limit of set rows$"),
        (
            10**7,
            Budget(memory_bytes=50 * MIB),
            r"50 MiB of memory, the limit of hub\.query\.memory_bytes_max$",
        ),
    ],
    ids=["time", "rows", "bytes", "MiB", "request", "memory"],
)
def test_an_error_names_the_setting_that_is_the_limit(
    store: Store, numbers: int, budget: Budget, words: str
) -> None:
    sql = f"SELECT number FROM numbers({numbers}) GROUP BY number"
    with pytest.raises(KqlBudgetError) as caught:
        store.run(sql, budget=budget._replace(settings="hub.query", whole_seconds=2))
    assert re.search(words, caught.value.message)


def test_one_row_that_is_too_large_is_not_said_to_be_too_many(store: Store) -> None:
    with pytest.raises(KqlBudgetError, match=r"^the answer is larger than 1000 bytes \("):
        store.run("SELECT repeat(toString(number), 2000) FROM numbers(1)", budget=Budget(bytes=1000))


def test_just_within_the_budget_is_answered(store: Store) -> None:
    """The limit itself is allowed."""
    assert len(store.run("SELECT number FROM numbers(100)", budget=Budget(rows=100)).rows) == 100


@pytest.mark.parametrize(
    "sql",
    [
        "TRUNCATE TABLE calls",
        "INSERT INTO unlogged (instance) VALUES ('x')",
        "DROP VIEW Calls",
        "CREATE TABLE t (a Int8) ENGINE = Memory",
    ],
)
def test_a_query_cannot_change_anything(store: Store, sql: str) -> None:
    """Whatever the compiler were made to emit."""
    store.insert([chat_exchange()])
    with pytest.raises(StoreError):
        store.run(sql)
    assert store.run("SELECT count() FROM calls").rows == [(1,)]


def test_an_assertion_of_the_query_is_the_authors_fault(store: Store) -> None:
    """assert(), and limits like that of scan, which only the data can exceed; in the words of the query."""
    with pytest.raises(KqlSemanticError, match=r"^assert\(\) failed: too, many: 2$"):
        store.run("SELECT throwIf(number > 1, 'assert() failed: too, many: 2') FROM numbers(3)")


def test_a_limit_that_is_passed_in_the_engine_is_one_of_the_budget(store: Store) -> None:
    with pytest.raises(KqlBudgetError, match=r"^more than 2 rows: take fewer$"):
        store.run(f"SELECT throwIf(number > 1, '{LIMIT}more than 2 rows: take fewer') FROM numbers(3)")


def test_a_bad_regular_expression_is_the_authors_fault(store: Store) -> None:
    """The engine notices it only when it runs."""
    with pytest.raises(KqlSemanticError, match="regular expression"):
        store.run("SELECT match(toString(number), '(') FROM numbers(1)")


def test_a_replacement_that_names_no_group_is_the_authors_fault(store: Store) -> None:
    """Where it is a column; of a constant one the compiler knows."""
    with pytest.raises(KqlSemanticError, match="names a group"):
        store.run(r"SELECT replaceRegexpAll('abc', 'b', materialize('\\1'))")


@pytest.mark.parametrize("state", ["ABCD", "02FFFFFFFFFFFFFFFF"])
@pytest.mark.parametrize("source", ["print h = dynamic('{}')", "datatable(h: dynamic)[dynamic('{}')]"])
def test_what_hll_did_not_make_is_the_authors_fault(store: Store, state: str, source: str) -> None:
    text = f"{source.format(state)} | project dcount_hll(h)"
    with pytest.raises(KqlSemanticError, match=r"no intermediate result of hll\(\)"):
        store.run(kql.compile(text, CATALOG, now=datetime.now(UTC)).sql)


def test_a_statement_of_too_many_conditions_is_too_large(store: Store) -> None:
    text = "print x = 1 | where " + " or ".join(["x > 1"] * 20_000)
    with pytest.raises(KqlBudgetError, match="too large"):
        store.run(kql.compile(text, CATALOG, now=datetime.now(UTC)).sql)


def test_a_decimal_with_more_digits_than_there_are_is_the_authors_fault(store: Store) -> None:
    """The store has not failed."""
    one, other = "toDecimal256(repeat('9', 40), 34)", "toDecimal256(number + 1000, 34)"
    product = f"SELECT multiplyDecimal({one}, {other}, 34) FROM numbers(1)"
    with pytest.raises(KqlBudgetError, match="too large"):
        store.run(product)


@pytest.mark.parametrize("name", ["ж" * 50, "x" + "ж" * 50], ids=["even", "odd"])
def test_an_error_is_known_though_its_text_ends_inside_a_character(store: Store, name: str) -> None:
    """The embedded engine cuts the names in it to some bytes, which then are no UTF-8."""
    failing = f"SELECT throwIf(number > 5, 'failed: {name}') AS `{name}` FROM numbers(10)"
    with pytest.raises(KqlSemanticError, match="failed: "):
        store.run(failing)
    with (
        pytest.raises(KqlSemanticError, match="failed: "),
        store.stream_rows(failing, budget=Budget()) as blocks,
    ):
        list(blocks)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "Mars/re2", "Mars: too big", "Mars\nOlympus"])
def test_an_unknown_time_zone_is_the_authors_fault(store: Store, zone: str) -> None:
    """Whatever its name is, also one that other errors have in them."""
    with pytest.raises(KqlSemanticError, match=f"no time zone '{zone}'"):
        store.run(f"SELECT toTimeZone(now(), '{zone}')")


def test_the_store_is_usable_after_an_error(store: Store) -> None:
    """A failed query leaves no setting and no broken connection behind."""
    with pytest.raises(KqlBudgetError):
        store.run("SELECT number FROM numbers(10)", budget=Budget(rows=1))
    assert len(store.run("SELECT number FROM numbers(10)").rows) == 10
    store.insert([chat_exchange()])


def test_a_server_tells_what_it_read() -> None:
    """In the summary that comes with its answers."""
    summary = {"elapsed_ns": "2500000", "read_rows": "10", "read_bytes": "80", "memory_usage": "4096"}
    assert query._work(summary, embedded=False) == Work(0.0025, 10, 80, 4096)
    assert query._work(summary, embedded=True) == Work(0.0025)
    assert query._work({}, embedded=False) == Work()


def test_a_query_is_answered_however_often_it_is_asked(store: Store) -> None:
    """The engine compiles expressions that it meets again; one with a null constant in it then failed."""
    sql = (
        "SELECT number + CAST(NULL, 'Nullable(Int64)') + 1 AS j FROM numbers(10)"
        " WHERE number < 5 AND isNull(j) GROUP BY j"
    )
    assert [store.run(sql).rows for _ in range(8)] == [[(None,)]] * 8


def test_no_time_is_spent_on_aggregates_of_keys(store: Store) -> None:
    """To find them takes the engine long over statements of many columns."""
    rows = store.run("EXPLAIN QUERY TREE SELECT max(number) FROM numbers(9) GROUP BY number").rows
    assert any("function_name: max" in line for (line,) in rows)


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Calls | summarize sum(TotalTokens) by SubscriptionName, bin(TimeGenerated, 1h)", MANY),
        ("ApiManagementGatewayLlmLog | summarize sum(TotalTokens) by ModelName", MANY),
        ("Calls | top 100 by TimeGenerated | project TimeGenerated, RequestId, ModelName", MANY),
        ("Calls | make-series sum(TotalTokens) on TimeGenerated step 1h by ModelName", MANY),
        ("Calls | where RequestBody has 'invoice' | count", FEW),
        ("Calls | where tostring(parse_json(ResponseBody).usage) contains '1' | count", FEW),
        ("Calls | top 100 by TimeGenerated", FEW),
        ("Calls | summarize count() by UserAgent", FEW),
        ("range x from 1 to 100000 step 1 | extend text = strrep('a', 1000)", FEW),
        ("Calls | extend text = strrep(ModelName, 3000) | where text has 'a' | count", FEW),
        ("Calls | extend list = repeat(TotalTokens, 3000) | where list has '1' | count", FEW),
        ("Calls | mv-expand n = range(1, PromptTokens) | count", FEW),
    ],
)
def test_the_engine_has_few_long_texts_in_hand_at_once(question: str, rows: int) -> None:
    """A condition on them holds several copies."""
    assert block_rows(kql.compile(question, CATALOG, now=datetime(2026, 9, 21, tzinfo=UTC)).sql) == rows


def test_the_engine_has_no_more_rows_in_hand_than_it_is_told(store: Store) -> None:
    """Of a table that it makes itself, too."""
    assert store.run("SELECT max(blockSize()) FROM numbers(100000)").rows[0][0] <= FEW


def test_a_text_that_many_calls_share_counts_with_each(store: Store) -> None:
    """Whoever calls the gateway chooses a user agent; in all forms of an answer."""
    exchange = chat_exchange(1)
    agent = msgspec.structs.replace(exchange.caller, user_agent="a" * 8_000)
    calls = [msgspec.structs.replace(chat_exchange(number), caller=agent) for number in range(1, 601)]
    store.insert(calls)
    compiled = kql.compile("Calls | project UserAgent", CATALOG, now=datetime(2026, 9, 21, tzinfo=UTC))
    budget = Budget(bytes=2 * MIB)
    with pytest.raises(KqlBudgetError, match="larger than 2 MiB"):
        store.run(compiled.sql, budget=budget)
    with (
        pytest.raises(KqlBudgetError, match="larger than 2 MiB"),
        store.stream_rows(compiled.sql, budget=budget) as blocks,
    ):
        list(blocks)
    with (
        pytest.raises(KqlBudgetError, match="larger than 4 MiB"),
        store.stream_encoded(compiled.sql, "ArrowStream", budget=budget) as pieces,
    ):
        list(pieces)


_LONG = "range n from 1 to 20000 step 1"


@pytest.mark.parametrize(
    "query",
    [
        "print strrep('x', 3000000)",
        f"{_LONG} | extend text = strrep('x', 1000)",
        f"{_LONG} | extend text = strrep('x', 1000) | project more = strcat(text, text)",
        f"{_LONG} | extend text = pack('text', strrep('x', 1000)) | sort by n desc",
        f"{_LONG} | summarize count() by n, text = strrep('x', 1000)",
        f"{_LONG} | extend text = strrep('x', 1000) | distinct *",
        f"union ({_LONG} | extend text = strrep('x', 1000)), (print text = strrep('x', 1000))",
        f"print key = 1, text = strrep('x', 1000) | join kind=inner ({_LONG} | extend key = 1) on key",
        f"{_LONG} | summarize all = make_list(n), text = take_any(strrep('x', 1000)) | mv-expand all",
        f"{_LONG} | extend text = toscalar(print strrep('x', 1000))",
    ],
)
def test_a_text_that_is_the_same_in_all_rows_counts_with_each(store: Store, query: str) -> None:
    """The engine keeps it once; the answer has it as often as it has rows."""
    compiled = kql.compile(query, CATALOG, now=datetime(2026, 9, 21, tzinfo=UTC))
    with pytest.raises(KqlBudgetError, match="2 MiB"):
        store.run(compiled.sql, budget=Budget(bytes=2 * MIB))
