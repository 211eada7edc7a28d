"""Long chains of comparisons become lists, and mean what they meant."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gatelog import kql
from gatelog.kql import Catalog
from gatelog.kql.scalars.chains import SHORTEST_LIST
from gatelog.testing.kql import run

ROWS = """
datatable(id: long, n: long, s: string, r: real, t: datetime)[
    1, 1, "v1", 1.0, datetime(2024-01-02),
    2, 70, "v70", 70.0, datetime(2025-01-01),
    3, long(null), "", real(null), datetime(null)]
"""
NUMBERS = range(SHORTEST_LIST)
LITERALS = {
    "n": [str(n) for n in NUMBERS],
    "s": [f'"v{n}"' for n in NUMBERS],
    "r": [f"{n}.0" for n in NUMBERS],
    "t": [f"datetime(2024-01-{n + 1:02})" for n in NUMBERS],
}


def chain(column: str, operator: str, join: str, length: int = SHORTEST_LIST) -> str:
    return f" {join} ".join(f"{column} {operator} {literal}" for literal in LITERALS[column][:length])


def sql(predicate: str) -> str:
    return kql.compile(f"{ROWS} | where {predicate}", Catalog(), now=datetime(2024, 1, 1, tzinfo=UTC)).sql


def ids(predicate: str) -> list[int]:
    return sorted(row[0] for row in run(f"{ROWS} | where {predicate} | project id")[1])


@pytest.mark.parametrize("column", LITERALS)
def test_equal_to_one_of_many_is_a_list(column: str) -> None:
    assert " IN (" in sql(chain(column, "==", "or"))
    assert ids(chain(column, "==", "or")) == [1]


@pytest.mark.parametrize("column", LITERALS)
def test_different_from_all_of_many_is_a_list_and_null_is_different(column: str) -> None:
    assert " IN (" in sql(chain(column, "!=", "and"))
    assert ids(chain(column, "!=", "and")) == [2, 3]


def test_other_conditions_stay_beside_the_list() -> None:
    assert ids(f"{chain('n', '==', 'or')} or s has 'v70' or isnull(n)") == [1, 2, 3]
    assert ids(f"id < 3 and {chain('n', '!=', 'and')} and s != 'x'") == [2]


@pytest.mark.parametrize(
    "predicate",
    [
        chain("n", "==", "or", SHORTEST_LIST - 1),
        chain("n", "==", "and"),
        chain("n", "!=", "or"),
        " or ".join(f"{n} == n" for n in NUMBERS),
        " or ".join(f"n == {n}.5" for n in NUMBERS),
        " or ".join(f"n + 1 == {n}" for n in NUMBERS),
    ],
    ids=["short", "equal-to-all", "different-from-one", "turned-round", "another-type", "no-column"],
)
def test_other_chains_stay_as_they_are_written(predicate: str) -> None:
    assert " IN (" not in sql(predicate)


def test_values_of_several_columns_make_a_list_each() -> None:
    assert sql(f"{chain('n', '==', 'or')} or {chain('s', '==', 'or')}").count(" IN (") == 2
