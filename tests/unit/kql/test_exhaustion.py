"""Short queries and long texts that could take hours or gigabytes: they are answered, or refused at once."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from gatelog import kql
from gatelog.errors import KqlSemanticError
from gatelog.kql import Catalog, complete
from gatelog.kql.names.context import MOST_SEARCHES
from gatelog.kql.stages.graphs.match import MOST_PARTS
from gatelog.store import CATALOG
from gatelog.testing.kql import engine, run

NOW = datetime(2026, 9, 22, tzinfo=UTC)
TEXT_CHARACTERS = 64 * 1024
"""A quarter of the longest query."""

PATIENCE_CPU_S = 2.5
"""What is tested here takes a fifth of it or less; what it guards against took twice as long, or minutes."""

WORDS = "range x from {first} to {last} step 1 | summarize {name} = make_list(strcat('w', x))"


def words(first: int, last: int) -> str:
    return WORDS.format(first=first, last=last, name="words")


def answer(text: str, **settings: object) -> object:
    """The one value that a query answers within the settings of the engine."""
    compiled = kql.compile(text, Catalog(), now=NOW)
    return engine().query(compiled.sql, settings=settings).result_rows[0][0]


def test_a_difference_of_long_arrays_takes_no_longer_than_reading_them() -> None:
    query = f"{words(1, 100_000)} | project array_length(set_difference(words, words))"
    assert answer(query, max_execution_time=PATIENCE_CPU_S, timeout_overflow_mode="throw") == 0


def test_a_difference_of_arrays_keeps_order_and_drops_repetitions() -> None:
    arrays = "datatable(a: dynamic, b: dynamic)[dynamic([3, 1, 3, null, 'x', [1]]), dynamic([1, [2]])]"
    _, rows = run(f"{arrays} | project set_difference(a, b), set_difference(a, b, dynamic(['x', null]))")
    assert rows == [[[3, None, "x", [1]], [3, [1]]]]


def test_a_bag_of_many_names_takes_memory_for_each_and_not_for_each_pair() -> None:
    query = "range x from 1 to 20000 step 1 | summarize b = make_bag(bag_pack(strcat('w', x), x), 20000)"
    assert answer(f"{query} | project array_length(bag_keys(b))", max_memory_usage=300_000_000) == 20_000


def test_the_first_value_of_a_name_stays_in_a_bag() -> None:
    _, rows = run("print bag_merge(dynamic({'a': 1, 'b': 2}), dynamic({'b': 3, 'c': 4, 'a': 5}))")
    assert rows == [[{"a": 1, "b": 2, "c": 4}]]


def test_a_search_for_many_words_ends_with_the_budgets_time() -> None:
    text = f"{WORDS.format(first=3001, last=6000, name='terms')} | project text = strcat_array(terms, ' ')"
    query = f"{text} | project has_any_index(text, toscalar({words(1, 3000)}))"
    began = time.process_time()
    with pytest.raises(DatabaseError, match="TIMEOUT_EXCEEDED"):
        answer(query, max_execution_time=0.2, timeout_overflow_mode="throw", max_threads=1)
    assert time.process_time() - began < 2


SUMS = "scan declare (sum: long = 0) with (step one: true => sum = one.sum + x;)"


@pytest.mark.parametrize("stage", [SUMS, SUMS.replace("scan", "scan partition by zero")])
def test_a_scan_of_too_many_rows_is_refused_before_they_are_held(stage: str) -> None:
    """They are more than the memory would do for."""
    query = f"range x from 1 to 3000000 step 1 | extend zero = x - x | {stage} | count"
    with pytest.raises(DatabaseError, match="more than 100,000 rows in one partition"):
        answer(query, max_memory_usage=150_000_000)


@pytest.mark.parametrize(
    "call",
    [
        "series_periods_detect(s, 4, 10, 1)", "series_periods_validate(s, 5)", "series_decompose(s)",
        "series_fft(s)", "series_fit_2lines(s)", "series_iir(s, dynamic([1]), dynamic([1, -0.5]))",
        "series_fir(s, s)",
    ],
)  # fmt: skip  # a call each
def test_a_series_whose_time_grows_with_its_square_is_refused_if_it_is_long(call: str) -> None:
    """Before it is folded, for which the engine gives each point a place of its own."""
    with pytest.raises(DatabaseError, match="a series of more than 200,000 points"):
        answer(f"print s = range(1, 1000000) | project {call}", max_memory_usage=400_000_000)


@pytest.mark.parametrize("item", ["'word{}'", "* has 'word{}'"])
@pytest.mark.parametrize("start", ["search ", "find where ", "Calls | where "])
def test_words_looked_for_in_all_columns_are_limited(start: str, item: str) -> None:
    if start.startswith("Calls") and not item.startswith("*"):
        start = "Calls | search "
    query = start + " or ".join(item.format(number) for number in range(2_000))
    began = time.process_time()
    with pytest.raises(KqlSemanticError, match=f"more than {MOST_SEARCHES} columns") as refused:
        kql.compile(query, CATALOG, now=NOW)
    assert refused.value.place is not None
    assert time.process_time() - began < PATIENCE_CPU_S


@pytest.mark.parametrize(("start", "pieces"), [("search ", 200), ("Calls | search Url: ", 20_000)])
def test_each_piece_of_a_word_with_wildcards_is_one_that_is_looked_for(start: str, pieces: int) -> None:
    began = time.process_time()
    with pytest.raises(KqlSemanticError, match=f"more than {MOST_SEARCHES} columns"):
        kql.compile(f"{start}'{'*'.join(map(str, range(pieces)))}'", CATALOG, now=NOW)
    assert time.process_time() - began < PATIENCE_CPU_S


def test_a_pattern_of_a_graph_has_a_greatest_length() -> None:
    nodes = "-->".join(f"(n{number})" for number in range(MOST_PARTS // 2 + 1))
    with pytest.raises(KqlSemanticError, match=f"more than {MOST_PARTS} nodes and edges"):
        kql.compile(f"Calls | make-graph Method --> Url | graph-match {nodes} project 1", CATALOG, now=NOW)


@pytest.mark.parametrize("text", ["x", "é", "/", "//"])
def test_completion_of_a_long_text_takes_time_in_proportion(text: str) -> None:
    whole = text * (TEXT_CHARACTERS // len(text))
    for query in (whole, whole + "\n", "//" + whole, "//" + whole + "\n"):
        began = time.process_time()
        complete(query, len(query), CATALOG)
        assert time.process_time() - began < PATIENCE_CPU_S


def test_completion_behind_a_thousand_stages_knows_their_columns() -> None:
    steps = "".join(f" | extend c{number} = c{number - 1}" for number in range(1, 1_000))
    deep = f"Calls | sort by Timestamp | extend c0 = 1{steps}"
    assert [one.name for one in complete(deep, len(deep), CATALOG).suggestions] == ["c998"]


def test_completion_behind_a_stage_that_cannot_be_bound_goes_on() -> None:
    steps = "".join(f" | extend c{number} = c{number - 1}" for number in range(1, 1_000))
    deep = f"Calls | sort by Timestamp | extend c0 = 1{steps} | extend place = row_number() | where c998"
    assert [one.name for one in complete(deep, len(deep), CATALOG).suggestions] == ["c998"]


def test_names_with_numbers_of_any_length_are_ordered() -> None:
    """Superscripts are digits to Python, and no numbers; an int of 5,000 digits is none either."""
    long = "9" * 5_000
    columns = f"['a{long}'] = 1, ['a10'] = 1, ['a²'] = 1, a2 = 1"
    names = [column.name for column in kql.compile(
        f"print {columns} | project-reorder * granny-asc", Catalog(), now=NOW
    ).columns]  # fmt: skip
    assert names == ["a2", "a10", f"a{long}", "a²"]


SEVEN_LARGE = "range x from 1 to 7 step 1 | extend large = decimal(9e41) | summarize {aggregate}(large)"


@pytest.mark.parametrize("aggregate", ["sum", "avg"])
def test_decimals_that_add_up_to_more_than_there_is_room_for_end_the_query(aggregate: str) -> None:
    """The engine would wrap them."""
    with pytest.raises(DatabaseError, match=r"limit: a sum of decimals is at most 5\.7e42"):
        run(SEVEN_LARGE.format(aggregate=aggregate))


def test_two_lines_are_found_in_several_series_of_one_statement() -> None:
    """What is computed of a series is said once for all members of the bag."""
    fits = ", ".join(f"f{place} = series_fit_2lines_dynamic(s{place})" for place in range(8))
    series = ", ".join(f"s{place} = range({place}, 9, 1)" for place in range(8))
    _, rows = run(f"print {series} | project {fits} | project f0.rsquare, f7.rsquare")
    assert rows == [[1, 1]]
